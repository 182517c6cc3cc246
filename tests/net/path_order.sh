#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A port comes up with its programs on it and goes down before they leave: of frames that wait for
# its link, none reaches the host's stack (`host none`), neither when it comes nor when it goes.
. "$(dirname "$0")/lib.sh"

new_ns dir s1
ip link add f1 netns "$(ns dir)" type veth peer name e0 netns "$(ns s1)"
ip -n "$(ns s1)" link set e0 up
ip -n "$(ns dir)" addr add 10.0.0.254/24 dev f1
mac=$(ip -n "$(ns dir)" -j link show f1 | jq -r '.[0].address')
# Without a segment that knows them they are dropped by the port.
echo '{"schema":1,"ports":[{"dev":"f1","role":"fabric","native_segment":10}],
  "segments":[{"number":10}]}' >"$work/m.json"

# UDP to the port's own address as fast as the link takes it, past any queue that waits.
cat >"$work/flood.py" <<'EOF'
import socket, struct, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("e0", 0))
s.setsockopt(263, 20, 1)  # SOL_PACKET, PACKET_QDISC_BYPASS
address = [bytes([10, 0, 0, n]) for n in (1, 254)]
head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 36, 0, 0, 64, 17, 0, *address)
total = sum(struct.unpack("!10H", head))
total = (total & 0xffff) + (total >> 16)
head = head[:10] + struct.pack("!H", 0xffff & ~((total & 0xffff) + (total >> 16))) + head[12:]
frame = bytes.fromhex(sys.argv[1].replace(":", "") + "0200000000010800") + head
frame += struct.pack("!HHHH", 7, 7, 16, 0) + bytes(32)
while True:
    try:
        s.send(frame)
    except OSError:
        pass  # no carrier
    time.sleep(0.00005)
EOF
host_got() { # IP packets that the host's stack saw
  in_ns dir nstat -asz IpInReceives | sed -nE 's/^IpInReceives +([0-9]+).*/\1/p'
}
arrived() { link_stat dir f1 rx packets; }

background in_ns s1 python3 "$work/flood.py" "$mac"
# Without the programs the host does see them: the flood is what it should be.
ip -n "$(ns dir)" link set f1 up
sleep 0.5
ip -n "$(ns dir)" link set f1 down
check_between "the host's stack without a port" "$(host_got)" 10 1000000

before=$(host_got)
for turn in 1 2 3 4 5; do
  seen=$(arrived)
  loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json"
  sleep 0.1
  check_eq "turn $turn: attached, the host's stack" "$(host_got)" "$before"
  loader dir detach --pin-dir "$bpffs/rw"
  check_eq "turn $turn: detached, the host's stack" "$(host_got)" "$before"
  check_between "turn $turn: frames that came" $(($(arrived) - seen)) 10 10000000
done
check_eq "the port is down again" \
  "$(ip -n "$(ns dir)" -j link show f1 | jq '.[0].flags | index("UP") != null')" false
