/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The storage tests' engine that is none, here too. */
#include "../storage/fake.c"
