#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Tunnels out of a guest: TCP inside of them is charged with all headers of each segment. Guests
# segment it themselves; one that turns that off (it is root in its namespace) pays no less.
# shellcheck disable=SC2119 # arguments are optional
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.bash"

cat >"$work/tunnel.py" <<'PY'
"""recv ADDR READY SECONDS | send ADDR BYTES (0: until the peer has enough): TCP with segments of MSS.
Prints payload bytes, segments, and the seconds that the receiver was reading."""
import os
import socket
import struct
import sys
import time



def info(s, which):
    data = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    return struct.unpack_from("=Q" if which in (128, 200) else "=I", data, which)[0]


SEGS_OUT, SEGS_IN, BYTES_RECEIVED, BYTES_SENT = 136, 140, 128, 200
s = socket.socket()
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, int(os.environ["MSS"]))
if sys.argv[1] == "recv":
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((sys.argv[2], 7005))
    s.listen(1)
    open(sys.argv[3], "w", encoding="ascii").close()
    peer = s.accept()[0]
    start, limit = time.monotonic(), float(sys.argv[4])
    while time.monotonic() - start < limit and peer.recv(1 << 16):
        pass
    now = time.monotonic()
    print(info(peer, BYTES_RECEIVED), info(peer, SEGS_IN), now - start)
else:
    s.connect((sys.argv[2], 7005))
    left = int(sys.argv[3])
    try:
        if left:
            s.sendall(bytes(left))
        while not left:
            s.sendall(bytes(1 << 16))
    except ConnectionError:
        pass
    s.shutdown(socket.SHUT_WR) if left else None
    s.recv(1) if left else None
    print(info(s, BYTES_SENT), info(s, SEGS_OUT))
PY

# KIND, device options, bytes of all headers of a segment: TCP 32 with its time stamps, IPv4 20 twice,
# Ethernet 14; of vxlan UDP 8, VXLAN 8 and another Ethernet header; of GRE 4, Ethernet in it 14 more.
tunnels=(
  "vxlan:id 7 dstport 4789:116"
  "geneve:id 7:116"
  "gretap::104"
  "gre::90"
  "ipip::86"
)
export MSS=500
features=(tx-udp_tnl-segmentation tx-udp_tnl-csum-segmentation tx-gre-segmentation
  tx-gre-csum-segmentation tx-ipxip4-segmentation tx-ipxip6-segmentation)

feature() { # NAME: of the guest end of a
  in_ns a ethtool -k eth0 | sed -nE "s/^\s*$1: (on|off).*/\1/p"
}

tx() { # packets|bytes: what the tx meter of a has let pass
  value "/v1/vnics/a/eth0?stats=1" ".tx.$1"
}

of_host_end() { # packets, long ones as one
  link_stat host "$host_end" rx packets
}

tunnel() { # KIND OPTIONS: between a and b; 1 if this kernel has none
  local n=1 other=2
  for g in a b; do
    # shellcheck disable=SC2086 # words
    ip -n "$(ns $g)" link add t0 type "$1" $2 remote "10.9.0.$other" 2>"$work/err" || return 1
    ip -n "$(ns $g)" addr add "10.8.0.$n/24" dev t0
    ip -n "$(ns $g)" link set t0 up mtu 1400
    n=2 other=1
  done
}

tunnel_del() {
  for g in a b; do ip -n "$(ns $g)" link del t0 2>/dev/null || true; done
}

receive() { # SECONDS: in the background
  rm -f "$work/ready"
  in_ns b timeout 30 python3 "$work/tunnel.py" recv 10.8.0.2 "$work/ready" "$1" >"$work/got" &
  receiver=$!
  await "$work/ready"
}

# KIND HEADERS: 2 MB and what they were charged. Sets charged (over what was on the wire) and whole
# (packets on the wire over those that came to the host end).
charge() {
  local bytes packets seen sent segments
  bytes=$(tx bytes) packets=$(tx packets) seen=$(of_host_end)
  receive 20
  read -r sent segments < <(in_ns a timeout 30 python3 "$work/tunnel.py" send 10.8.0.2 2000000)
  wait "$receiver" || fail "$1: the receiver failed"
  charged=$(awk "BEGIN { print ($(tx bytes) - $bytes) / ($sent + $segments * $2) }")
  [ -z "${VERBOSE:-}" ] || echo "$1 $2 $charged"
  whole=$(awk "BEGIN { print ($(tx packets) - $packets) / ($(of_host_end) - $seen) }")
}

daemon_scene
host_end=$(value /v1/vnics/a/eth0 .host_dev)
for f in "${features[@]}"; do
  check_eq "$f as a guest finds it" "$(feature "$f")" off
done

tested=0
for t in "${tunnels[@]}"; do
  IFS=: read -r kind options headers <<<"$t"
  tunnel_del
  tunnel "$kind" "$options" || continue
  tested=$((tested + 1))
  for f in "${features[@]}"; do in_ns a ethtool -K eth0 "$f" off >/dev/null; done
  charge "$kind" "$headers"
  check_between "$kind: charged, of what was on the wire" "$charged" 0.999 1.005
  check_between "$kind: segment by segment" "$whole" 0.99 1.2
  for f in "${features[@]}"; do in_ns a ethtool -K eth0 "$f" on >/dev/null; done
  charge "$kind" "$headers"
  check_between "$kind, whole: none is charged less" "$charged" 0.999 2.5
  check_between "$kind, whole: as it came" "$whole" 3 100
  MSS=1400 charge "$kind" "$headers" # 48 bytes short of the MTU at most
  check_between "$kind, whole and full: charged what it is" "$charged" 0.999 1.04
  case $kind in
  vxlan | geneve) ;;
  *) check_between "$kind, whole: followed to the last header" "$charged" 0.999 1.005 ;;
  esac
done
[ "$tested" -gt 0 ] || skip "this kernel has no tunnels"

# The rate holds for what arrives, whole or not; the last kind of tunnel is still there.
made PATCH /v1/vnics/a/eth0 '{"tx_pir":"20mbit","tx_pbs":"256k"}'
tunnel_del
tunnel vxlan "id 7 dstport 4789" || tunnel "$kind" "$options"
for state in off on; do
  for f in "${features[@]}"; do in_ns a ethtool -K eth0 "$f" "$state" >/dev/null; done
  receive 3
  in_ns a timeout 30 python3 "$work/tunnel.py" send 10.8.0.2 0 >/dev/null &
  sender=$!
  wait "$receiver" || fail "the receiver failed"
  wait "$sender" || true
  read -r bytes segments seconds <"$work/got"
  check_between "frame bytes over rate x t + burst, offloads $state" \
    "$(awk "BEGIN { print ($bytes + $segments * 116) / (20e6 / 8 * $seconds + 262144) }")" 0.1 1.005
done

# Datagrams that the kernel segments are no tunnel, and pay for their own headers alone.
made PATCH /v1/vnics/a/eth0 '{"tx_pir":null,"tx_pbs":null}'
before=$(tx bytes) packets=$(tx packets) seen=$(of_host_end)
udp_copy "long datagrams" a b 10.9.0.2 1200 4000 10
check_eq "charged" "$(($(tx bytes) - before))" "$((4000 * (1200 + 42)))"
check_eq "counted" "$(($(tx packets) - packets))" 4000
check_between "they came whole" "$(($(of_host_end) - seen))" 400 1000
