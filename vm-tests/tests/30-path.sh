#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Steering, tags, group frames, jumbo frames, local vNICs on this kernel: two of the scripts
# that run natively.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"

for t in path_group path_jumbo; do
  start=$SECONDS
  bash "tests/net/$t.sh" || { echo "$t failed"; exit 1; }
  echo "$t took $((SECONDS - start)) s"
done
