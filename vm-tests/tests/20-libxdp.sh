#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A foreign libxdp program beside ours through the dispatcher, which these kernels have.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)

bash "$top/tests/net/attach_libxdp.sh" | tee "$TMPDIR/log"
grep -qx 'dispatcher: yes' "$TMPDIR/log"
