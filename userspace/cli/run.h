/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The whole client, from the command line to the exit status. */
#ifndef RACEWAY_CLI_RUN_H
#define RACEWAY_CLI_RUN_H

/* `argv` without the program's name. Returns the exit status. */
int raceway_cli_run(int argc, const char *const *argv);

#endif
