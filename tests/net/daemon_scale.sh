#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# 32 local vNICs in one apply in under a second (the number to meet; what it took is printed),
# 1,024 vNICs in less than 20 MiB, and no CPU at all when idle.
# shellcheck disable=SC2119 # arguments are optional
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.bash"

daemon_scene
ip netns add "$(ns g)"
namespaces+=("$(ns g)")

profiles() { # COUNT SERVER VNIC-JSON
  seq "$1" | jq -c --arg server "$2" --argjson vnic "$3" --arg prefix "$2" \
    '{name: "\($prefix)\(.)", server: $server, vnics: [$vnic + {name: "e", ifname: "g\(.)"}]}' |
    jq -cs '{schema: 1, profiles: .}'
}

took_ms() { # BODY-FILE
  curl -sS --max-time 60 --unix-socket "$work/run/raceway.sock" -o "$work/answer" \
    -w '%{time_total}' -X POST --data-binary "@$1" http://raceway/v1/apply |
    awk '{ printf "%d", $1 * 1000 }'
}

ticks() {
  awk '{ print $14 + $15 }' "/proc/$daemon_pid/stat"
}

profiles 32 local "{\"segment\":\"lan\",\"netns\":\"$(ns g)\"}" >"$work/32.json"
ms=$(took_ms "$work/32.json")
echo "32 local vNICs in one apply: $ms ms"
check_between "32 vNICs in one apply, ms" "$ms" 1 1000
check_eq "all up" "$(api GET /v1/vnics | jq '[.vnics[] | select(.oper == "up")] | length')" 34
check "with all of them" pings a 10.9.0.2

wire host srv0 lan srv0
made POST /v1/ports '{"name":"srv0","dev":"srv0","role":"fabric"}'
made POST /v1/servers '{"name":"s","port":["srv0"]}'
profiles 1024 s '{"segment":"lan"}' | jq -c '.profiles[].vnics[] |= del(.ifname)' >"$work/1024.json"
ms=$(took_ms "$work/1024.json")
echo "1,024 vNICs behind a fabric port in one apply: $ms ms"
check_eq "all are there" "$(api GET /v1/vnics | jq '.vnics | length')" 1058
check_eq "with statistics" "$(api GET '/v1/vnics?stats=1' | jq '.vnics | length')" 1058
rss=$(awk '/VmRSS/ { print $2 }' "/proc/$daemon_pid/status")
echo "resident: $rss KiB"
check_between "resident KiB with 1,058 vNICs" "$rss" 1000 20480
daemon_stop
daemon_start
rss=$(awk '/VmRSS/ { print $2 }' "/proc/$daemon_pid/status")
echo "resident after a restart: $rss KiB"
check_between "resident KiB after a restart" "$rss" 1000 20480

sleep 1
before=$(ticks)
switches=$(awk '/^voluntary/ { print $2 }' "/proc/$daemon_pid/status")
sleep 3
check_eq "CPU ticks in 3 s of idling" $(($(ticks) - before)) 0
check_eq "wake-ups in 3 s of idling" \
  $(($(awk '/^voluntary/ { print $2 }' "/proc/$daemon_pid/status") - switches)) 0
