#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Traffic of 1,000 datagrams a second loses none while the daemon is stopped, killed, started
# again and replaced by another build; netdevs and counters stay, and the LAN is told nothing.
# shellcheck disable=SC2119 # arguments are optional
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.bash"

daemon_scene

# Another build: programs that do the same and are not the same.
if ! other_build; then skip "the compilers are missing"; fi
# shellcheck disable=SC2046 # flags
gcc -std=gnu11 -O1 -D_GNU_SOURCE "-I$top/include" "-I$top/userspace" "-I$work/other" \
  $(pkg-config --cflags libbpf libnl-3.0 libnl-route-3.0 libnl-genl-3.0 jansson libmicrohttpd) \
  -o "$work/other/racewayd" "$top/userspace/loader/objects.c" "$top"/userspace/daemon/*.c \
  "$bin/libraceway.a" $(pkg-config --libs libbpf libxdp libnl-3.0 libnl-route-3.0 \
    libnl-genl-3.0 sqlite3 libmicrohttpd jansson yaml-0.1 libsystemd gnutls)

prog_of() { # DEV: the TC program's id
  local pin
  pin=$bpffs/rw/v2/links/tcx-$(ifindex host "$1")
  if [ -e "$pin" ]; then
    bpftool -j link show pinned "$pin" | jq .prog_id
  else
    bpftool -j prog show pinned "${pin/tcx/clsact}" | jq .id
  fi
}

before="$(ifindex host rw1) $(ifindex host rw2) $(ifindex a eth0) $(ifindex b eth0)"
links_before=$(in_ns host ip -o link | sed 's/qlen.*//')
carrier_before=$(in_ns host cat /proc/net/dev | wc -l)
ip -n "$(ns a)" monitor link >"$work/monitor" 2>/dev/null &
children+=($!)

background in_ns lan python3 "$top/tests/net/frames.py" catch e0 60 "$work/lan-listens" >"$work/lan-heard"
catcher=$child
await "$work/lan-listens"
rm -f "$work/ready"
traffic b udp-recv 10.9.0.2 7005 40 "$work/ready" >"$work/got" &
receiver=$!
await "$work/ready"
traffic a udp-send 10.9.0.2 7005 200 1000 7 >"$work/sent" &
sender=$!
sleep 0.5
daemon_stop TERM
sleep 0.3
daemon_start
sleep 0.2
daemon_stop KILL
sleep 0.3
daemon_start
sleep 0.2
prog=$(prog_of up0)
daemon_stop KILL
daemon_bin=$work/other/racewayd
daemon_start
check_between "there was a program" "$prog" 1 999999999
check "the other build's programs are in place" test "$(prog_of up0)" != "$prog"
sleep 0.2
daemon_stop TERM
daemon_bin=$bin/racewayd
daemon_start
wait "$sender"
wait "$receiver" || fail "the receiver failed"

sent=$(cat "$work/sent")
read -r -a got <"$work/got"
check_between "enough was sent" "$sent" 5000 8000
check_eq "none was lost, twice or out of order" "${got[0]} ${got[2]}" "$sent 0"
check_between "counters were not reset" "$(value '/v1/vnics/a/eth0?stats=1' .tx.packets)" \
  "$sent" $((sent + 100))
check_eq "the netdevs are the same" \
  "$(ifindex host rw1) $(ifindex host rw2) $(ifindex a eth0) $(ifindex b eth0)" "$before"
check_eq "and as they were" "$(in_ns host ip -o link | sed 's/qlen.*//')" "$links_before"
check_eq "nothing was added" "$(in_ns host cat /proc/net/dev | wc -l)" "$carrier_before"
check_eq "no link flapped" "$(grep -c . "$work/monitor" || true)" 0
kill "$catcher"
wait "$catcher" 2>/dev/null || true
check_eq "nobody was announced to the LAN" "$(grep -cE '^.{24}8035' "$work/lan-heard" || true)" 0
