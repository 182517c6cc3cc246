# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Starts User-mode Linux from a network test, in one of its namespaces. Source it after lib.sh.
# shellcheck shell=bash disable=SC2154 # lib.sh sets work, top

uml_ready() { # modprobe in there looks where this machine's modules are
  command -v linux.uml >/dev/null || return 1
  local version
  mkdir -p /lib/modules
  for version in /usr/lib/uml/modules/*; do
    [ -e "/lib/modules/${version##*/}" ] || ln -s "$version" /lib/modules/
  done
}

# NS TAP INIT [WORD=VALUE...]: in the background; words are the first process's environment. Its
# pid is in $child, and it leads a process group.
uml_start() {
  local n=$1 tap=$2 init=$3
  shift 3
  background in_ns "$n" setsid linux.uml mem=512M root=none rootfstype=hostfs rootflags=/ rw \
    "init=$init" "uml_dir=$work/" con=null con0=null,fd:1 con1=null ssl=null \
    "vec0:transport=tap,ifname=$tap,depth=128,gro=1" "$@" </dev/null >"$work/uml.console" 2>&1
}

uml_cut() { # PID: the machine is gone in the middle of what it does, all its processes
  kill -KILL -- "-$1" 2>/dev/null
  wait "$1" 2>/dev/null || true
  for _ in $(seq 200); do
    kill -0 -- "-$1" 2>/dev/null || return 0
    sleep 0.02
  done
  fail "a machine that was killed is still there"
}
