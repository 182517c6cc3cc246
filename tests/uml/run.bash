# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Starts User-mode Linux from a network test, in one of its namespaces, and ends it with the test.
# Source it after target.bash.
# shellcheck shell=bash disable=SC2154 # lib.sh sets work, top

uml_machine= # its process, which leads a group of all there are

uml_end() {
  local status=$?
  set +e
  uml_cut 2>/dev/null
  (exit "$status")
  target_end
}
trap uml_end EXIT

uml_ready() { # modprobe in there looks where this machine's modules are
  command -v linux.uml >/dev/null || return 1
  local version
  mkdir -p /lib/modules
  for version in /usr/lib/uml/modules/*; do
    [ -e "/lib/modules/${version##*/}" ] || ln -s "$version" /lib/modules/
  done
}

# NS TAP INIT [WORD=VALUE...]: in the background, one at a time; words are the first process's
# environment.
uml_start() {
  local n=$1 tap=$2 init=$3
  shift 3
  background in_ns "$n" setsid linux.uml mem=512M root=none rootfstype=hostfs rootflags=/ rw \
    "init=$init" "uml_dir=$work/" con=null con0=null,fd:1 con1=null ssl=null \
    "vec0:transport=tap,ifname=$tap,depth=128,gro=1" "$@" </dev/null >"$work/uml.console" 2>&1
  uml_machine=$child
}

uml_cut() { # the machine is gone in the middle of what it does, all its processes
  [ -n "$uml_machine" ] || return 0
  kill -KILL -- "-$uml_machine" || true
  wait "$uml_machine" || true
  for _ in $(seq 200); do
    kill -0 -- "-$uml_machine" || break
    sleep 0.02
  done 2>/dev/null
  if kill -0 -- "-$uml_machine" 2>/dev/null; then
    fail "a machine that was killed is still there"
  fi
  uml_machine=
}
