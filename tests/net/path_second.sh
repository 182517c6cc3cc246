#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# XDP is on ports only while a frame can leave by another port: not with one port alone, on both
# from the second one on, off again when one is left; and no frame of the first port is lost by
# that. Where the first takes no XDP any more, the second is refused and nothing has changed.
. "$(dirname "$0")/lib.sh"

new_ns dir s1 s2 g1
wire dir f1 s1 e0
ip link add f2 netns "$(ns dir)" type veth peer name e0 netns "$(ns s2)"
ip -n "$(ns s2)" link set e0 up
wire dir v1 g1 e0
n=0
for h in s1 s2 g1; do
  n=$((n + 1))
  set_mac $h e0 02:00:00:00:00:0$n
  ip -n "$(ns $h)" addr add 10.0.0.$n/24 dev e0
  neighbours $h e0 10.0.0.1=02:00:00:00:00:01 10.0.0.2=02:00:00:00:00:02 10.0.0.3=02:00:00:00:00:03
done
pins=$bpffs/rw
cat >"$work/two.json" <<'EOF'
{"schema":1,
 "ports":[{"name":"f1","dev":"f1","role":"fabric","native_segment":10},
          {"name":"f2","dev":"f2","role":"fabric","native_segment":10}],
 "segments":[{"number":10}],
 "vnics":[{"name":"a/0","mac":"02:00:00:00:00:01","segment":10,"port":"f1"},
          {"name":"g/0","mac":"02:00:00:00:00:03","segment":10,"dev":"v1"},
          {"name":"b/0","mac":"02:00:00:00:00:02","segment":10,"port":"f2"}]}
EOF
jq 'del(.ports[1], .vnics[2])' "$work/two.json" >"$work/one.json"

xdp() { # DEV: the name of the program there as the kernel says it, none without
  local id
  id=$(ip -n "$(ns dir)" -j link show "$1" | jq '.[0].xdp.prog.id // empty')
  if [ -n "$id" ]; then bpftool -j prog show id "$id" | jq -r .name; else echo none; fi
}
shown() { # what `show` says of the ports
  counter dir "$pins" '[.ports[] | "\(.dev) \(.attached) \(.mode) \(.xdp)"] | sort | join(", ")'
}
pings() { # DESCRIPTION FROM ADDR
  check "$1" in_ns "$2" ping -q -c 3 -i 0.05 -W 1 "$3" >/dev/null
}
state() { # of a port and of its other end
  ip -n "$(ns dir)" -d -j link show "$1" | jq -c '.[0] | {flags, promiscuity, xdp}'
  in_ns dir ethtool -k "$1"
  in_ns dir sysctl "net.ipv6.conf.$1.disable_ipv6"
  in_ns "$2" ethtool -k e0
}
attach() { loader dir attach --pin-dir "$pins" --maps "$work/$1.json" "${@:2}"; }

state f2 s2 >"$work/f2-before"
attach one
check_eq "one port: no XDP" "$(xdp f1)" none
check_eq "one port: it is said" "$(shown)" "f1 true native idle"
pings "one port: the wire reaches the guest" s1 10.0.0.3
tcp_copy "one port: wire to guest" s1 g1 10.0.0.3 3000000
tcp_copy "one port: guest to wire" g1 s1 10.0.0.1 3000000
attach one
check_eq "one port, attached again: no XDP" "$(xdp f1)" none
loader dir upgrade --pin-dir "$pins"
check_eq "one port, upgraded: no XDP" "$(xdp f1) $(shown)" "none f1 true native idle"

# A port that is in the tables but not attached is no second port.
attach two dev f1
check_eq "the second one in the tables alone" "$(xdp f1) $(xdp f2)" "none none"
attach two
check_eq "two ports: XDP on both" "$(xdp f1) $(xdp f2)" "raceway_xdp raceway_xdp"
check_eq "two ports: it is said" "$(shown)" "f1 true native attached, f2 true native attached"
pings "two ports: transit" s1 10.0.0.2
udp_copy "two ports: transit" s2 s1 10.0.0.1 700 200
loader dir detach --pin-dir "$pins" dev f2
check_eq "back to one: off on both" "$(xdp f1) $(xdp f2)" "none none"
pings "back to one" s1 10.0.0.3

# The same under traffic at the first port, both ways and from the wire's own point of view.
seconds=6
pids=()
flow() { # NAME FROM TO ADDR PORT
  background traffic "$3" udp-recv "$4" "$5" 30 "$work/ready-$1" >"$work/got-$1"
  pids+=("$child")
  await "$work/ready-$1"
  background traffic "$2" udp-send "$4" "$5" 200 1000 $seconds >"$work/sent-$1"
  pids+=("$child")
}
flow in s1 g1 10.0.0.3 7011
flow out g1 s1 10.0.0.1 7012
background in_ns s1 ping -q -i 0.005 -w $seconds 10.0.0.3 >"$work/ping"
pids+=("$child")
end=$((SECONDS + seconds - 2))
turns=0
while [ $SECONDS -lt $end ]; do
  attach two
  on=$(xdp f1)
  loader dir detach --pin-dir "$pins" dev f2
  off=$(xdp f1)
  [ "$on $off" = "raceway_xdp none" ] || fail "turn $turns: '$on', then '$off'"
  turns=$((turns + 1))
done
wait "${pids[@]}" || true
check_between "turns under traffic" $turns 3 1000
for f in in out; do
  sent=$(cat "$work/sent-$f")
  read -r -a got <"$work/got-$f"
  check_between "$f: sent" "$sent" $((seconds * 700)) $((seconds * 1000))
  check_eq "$f: arrived, out of order, last" "${got[0]} ${got[2]} ${got[3]}" "$sent 0 $((sent - 1))"
done
# The last one may be under way when ping ends.
read -r pings answers < <(sed -nE 's/^([0-9]+) packets transmitted, ([0-9]+) received.*/\1 \2/p' \
  "$work/ping")
check_between "pings" "$pings" $((seconds * 100)) $((seconds * 201))
check_between "answers" "$answers" $((pings - 1)) "$pings"

# Another's program came while the port was idle: no second port, and the first goes on.
state f2 s2 >"$work/f2-after"
check "f2 is as it was" diff -u "$work/f2-before" "$work/f2-after"
other=$bin/tests/net/other.bpf.o
[ -f "$other" ] || other=$top/build/tests/net/other.bpf.o
in_ns dir ip link set dev f1 xdpdrv obj "$other" sec xdp.frags
ls "$pins/v2/links" >"$work/links-before"
ip -n "$(ns dir)" -j link show f1 | jq -c '.[0] | {flags, xdp}' >"$work/f1-before"
refused() { # DESCRIPTION STATUS REGEX COMMAND...
  local what=$1 status=0 want=$2 regex=$3
  shift 3
  "$@" >"$work/out" 2>"$work/err" || status=$?
  check_eq "$what: status" $status "$want"
  check "$what: '$(cat "$work/err")' says $regex" grep -qE "^raceway-loader: .*$regex" "$work/err"
}
refused "the first one is another's now" 1 \
  "port f2: .*first.*f1 .*other_pass.*ip link set dev f1 xdp off" \
  attach two dev f2
ls "$pins/v2/links" >"$work/links-after"
check "refused: no pin more or less" diff -u "$work/links-before" "$work/links-after"
state f2 s2 >"$work/f2-after"
check "refused: f2 is as it was" diff -u "$work/f2-before" "$work/f2-after"
ip -n "$(ns dir)" -j link show f1 | jq -c '.[0] | {flags, xdp}' >"$work/f1-after"
check "refused: f1 too" diff -u "$work/f1-before" "$work/f1-after"
check_eq "refused: it is said" \
  "$(counter dir "$pins" '.ports[] | select(.dev == "f1") | "\(.attached) \(.xdp)"')" "true idle"
pings "refused: the first goes on" s1 10.0.0.3
refused "attached again, the first too" 1 "port f1: .*other_pass" attach one
pings "refused again: the first goes on" s1 10.0.0.3
in_ns dir ip link set dev f1 xdpdrv off
attach two
check_eq "free again: XDP on both" "$(xdp f1) $(xdp f2)" "raceway_xdp raceway_xdp"

# The second one vanishes: off with the next call.
ip -n "$(ns dir)" link del f2
attach one
check_eq "the second one has gone" "$(xdp f1)" none
loader dir detach --pin-dir "$pins"

# A generic port is a second port, and takes none itself.
wire dir f2 s2 e0
set_mac s2 e0 02:00:00:00:00:02
jq '.ports[1].mode = "generic"' "$work/two.json" >"$work/generic.json"
attach generic
check_eq "beside a generic port" "$(xdp f1) $(xdp f2) $(shown)" \
  "raceway_xdp none f1 true native attached, f2 true generic none"
loader dir detach --pin-dir "$pins"
check_eq "detached: no links" "$(ls "$pins/v2/links")" ""
