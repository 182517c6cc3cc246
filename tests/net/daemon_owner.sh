#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Pins belong to the state directory whose daemon has made them: one with another state is refused
# while they are in use, also when nobody runs, and takes over what nobody uses.
# shellcheck disable=SC2119 # arguments are optional
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.bash"

other() { # NS STATE: tries to start another daemon on the same pins for a moment; prints the status
  local status=0
  in_ns "$1" timeout 3 "$bin/racewayd" --foreground --config /dev/null --run-dir "$work/run2" \
    --state-dir "$2" --pin-dir "$bpffs/rw" >"$work/other.out" 2>"$work/other.err" || status=$?
  echo "$status"
}

refusal="racewayd: pin-dir: $bpffs/rw belongs to the racewayd of state directory $work/state; give \
this one its own --pin-dir, or, if that one is not to come back, take its programs off: \
raceway-loader detach --pin-dir $bpffs/rw"

daemon_scene
check "at first" pings a 10.9.0.2
links=$(ls "$bpffs/rw/v2/links")

for how in TERM KILL; do
  daemon_stop "$how"
  check_eq "after $how another state is refused" "$(other host "$work/state2")" 1
  check_eq "and is told whose they are" "$(cat "$work/other.err")" "$refusal"
  check_eq "also from another namespace" "$(other lan "$work/state2")" 1
  check_eq "nothing was taken off" "$(ls "$bpffs/rw/v2/links")" "$links"
  check "vNIC to vNIC" pings a 10.9.0.2
  check "vNIC to LAN" pings a 10.9.0.9
  daemon_start
  check "its own daemon goes on" pings a 10.9.0.9
done

# vNICs without any port: filters only, of which the pins alone do not tell in which namespace.
check_eq "the port goes" "$(status POST '/v1/apply?prune=1' '{"schema":1,"segments":[{"name":"lan"}],
  "profiles":[{"name":"a","server":"local","vnics":[{"name":"eth0","segment":"lan",
  "netns":"'"$(ns a)"'"}]}]}')" 200
daemon_stop
check_eq "a host end alone, here" "$(other host "$work/state2")" 1
check_eq "a host end alone, elsewhere" "$(other lan "$work/state2")" 1

# The same path with a new store is the same owner: what was there is left over.
mv "$work/state" "$work/former"
daemon_start
check_eq "a new store begins with nothing" "$(api GET /v1/vnics | jq '.vnics | length')" 0
check_eq "and removes what is left over" "$(ifindex host rw1)" ""
daemon_stop

# The former store at another path, and what is in use by nobody.
check_eq "nothing is in use" "$(other host "$work/state2")" 124
check "it was ready" grep -q ready "$work/other.out"
mv "$work/state" "$work/none"
mv "$work/former" "$work/state"
daemon_start
check "again from the store" test -n "$(ifindex host rw1)"
daemon_stop

# Moved as a whole: the same store.
mv "$work/state" "$work/moved"
check_eq "a store that was moved" "$(other host "$work/moved")" 124
check_eq "refused elsewhere all the same" "$(other host "$work/state3")" 1

# A namespace that is gone took all with it.
mv "$work/moved" "$work/state"
daemon_start
made POST /v1/ports '{"name":"up0","dev":"up0","role":"uplink"}'
daemon_stop
ip netns del "$(ns host)"
sleep 1
check_eq "links of interfaces that are gone" "$(other lan "$work/state3")" 124
