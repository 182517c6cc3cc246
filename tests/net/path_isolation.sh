#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What must not pass does not, at no end, and is counted under its name: spoofed sources, foreign
# segments and VLANs, inner tags, reserved addresses, unknown unicast, stopped vNICs.
. "$(dirname "$0")/lib.sh"

new_ns dir s1 s2 lan lan2 g1
wire dir f1 s1 e0
wire dir f2 s2 e0
wire dir up0 lan e0
wire dir up1 lan2 e0
wire dir v0 g1 e0

# t is a trunk, l a local vNIC, o one that answers for foreign sources, k a stopped one.
cat >"$work/m.json" <<'EOF'
{"schema":1,
 "ports":[{"name":"f1","dev":"f1","role":"fabric","native_segment":10},
          {"name":"f2","dev":"f2","role":"fabric"},
          {"name":"up0","dev":"up0","role":"uplink"},
          {"name":"up1","dev":"up1","role":"uplink"}],
 "segments":[{"number":10,"uplink":"up0","vlan":100},
             {"number":20,"uplink":"up1","vlan":100},
             {"number":30,"uplink":"up0"},
             {"number":50,"uplink":"up0","vlan":500},
             {"number":60,"uplink":"up1"}],
 "vnics":[{"name":"a/0","mac":"02:00:00:00:00:01","segment":10,"port":"f1"},
          {"name":"b/0","mac":"02:00:00:00:00:02","segment":10,"port":"f2"},
          {"name":"t/0","mac":"02:00:00:00:00:03","segment":50,"port":"f1","trunk":true},
          {"name":"u/0","mac":"02:00:00:00:00:04","segment":50,"port":"f2","trunk":true},
          {"name":"w/0","mac":"02:00:00:00:00:05","segment":50,"port":"f2"},
          {"name":"n/0","mac":"02:00:00:00:00:06","segment":10,"port":"f1","trunk":true},
          {"name":"x/0","mac":"02:00:00:00:00:07","segment":30,"port":"f2","trunk":true},
          {"name":"l/0","mac":"02:00:00:00:00:08","segment":50,"dev":"v0","trunk":true},
          {"name":"k/0","mac":"02:00:00:00:00:09","segment":10,"port":"f2","state":"down"},
          {"name":"o/0","mac":"02:00:00:00:00:0a","segment":20,"port":"f2","spoofcheck":false},
          {"name":"p/0","mac":"02:00:00:00:00:0b","segment":60,"port":"f1"},
          {"name":"z/0","mac":"02:00:00:00:00:0c","segment":10}]}
EOF
loader dir attach --pin-dir "$bpffs/rw" --maps "$work/m.json"

ends() {
  play_show dir "$bpffs/rw"
  play_end s1 s1 e0
  play_end s2 s2 e0
  play_end lan lan e0
  play_end lan2 lan2 e0
  play_end g1 g1 e0
  local n=0 v
  for v in a b t u w n x l k o p z; do
    n=$((n + 1))
    echo "vnic $v $n"
    printf 'mac %s 02:00:00:00:00:%02x\n' "$v" "$n"
  done
  echo "mac outside 02:00:00:00:01:00"
  echo "mac foreign 02:00:00:00:0f:0f"
}

{
  ends
  cat <<'EOF'
step a's port, an address that is no vNIC
send s1 foreign>b
portdrop f1 spoof
step an address of the LAN
send s1 outside>b
portdrop f1 spoof
step an address of a vNIC elsewhere
send s1 b>a
portdrop f1 spoof
step to the LAN as another
send s1 b>outside
portdrop f1 spoof
step broadcast as another
send s1 b>ff:ff:ff:ff:ff:ff
portdrop f1 spoof
step a group address as source
send s1 03:00:00:00:00:01>b
portdrop f1 spoof
step a in a segment that is not its own
send s1 a>outside vlan=50
portdrop f1 spoof
step broadcast in a segment that is not its own
send s1 a>ff:ff:ff:ff:ff:ff vlan=50
portdrop f1 spoof
step a with a VLAN of the uplink
send s1 a>outside vlan=100
portdrop f1 no-segment
step a with a VLAN of nobody
send s1 a>b vlan=4094
portdrop f1 no-segment
step VID 4095
send s1 a>b vlan=4095
portdrop f1 no-segment
step untagged where there is no native segment
send s2 b>a
portdrop f2 no-segment
step a vNIC of another port with the right tag
send s2 t>outside vlan=50
portdrop f2 spoof
step one VLAN number on two uplinks is two segments
send lan outside>o vlan=100
portdrop up0 unknown
step and the other way round
send lan2 outside>a vlan=100
portdrop up1 unknown
step no unicast frame of the LAN floods
send lan outside>foreign vlan=100 x=3
portdrop up0 unknown 3
step untagged from the LAN to a tagged segment's vNIC
send lan outside>a
portdrop up0 unknown
step a vNIC's own address from the LAN
send lan a>b vlan=100
portdrop up0 reflected
step the same to everybody
send lan a>ff:ff:ff:ff:ff:ff vlan=100
portdrop up0 reflected
step the same address in another segment is no reflection
send lan2 a>o vlan=100
want s2 a>o vlan=20.0
pass o rx
step one uplink to the other
send lan outside>outside vlan=100
portdrop up0 unknown
step reserved addresses from a vNIC
send s1 a>01:80:c2:00:00:00
drop a tx reserved
step the last of them
send s1 a>01:80:c2:00:00:0f
drop a tx reserved
step and what is behind them is not
send s1 a>01:80:c2:00:00:10
want lan a>01:80:c2:00:00:10 vlan=100.0
want s2 a>01:80:c2:00:00:10 vlan=10.0
want s1 a>01:80:c2:00:00:10
pass a tx
pass b rx
pass n rx
drop k rx down
drop z rx no-location
step reserved addresses from the LAN
send lan outside>01:80:c2:00:00:0e
portdrop up0 reserved
step in a VLAN too
send lan outside>01:80:c2:00:00:02 vlan=100
portdrop up0 reserved
step a stopped vNIC sends nothing
send s2 k>outside vlan=10
drop k tx down
step not even to everybody
send s2 k>ff:ff:ff:ff:ff:ff vlan=10
drop k tx down
step it gets nothing from the LAN
send lan outside>k vlan=100
drop k rx down
step nor from another vNIC
send s1 a>k
drop k rx down
step a vNIC that is nowhere
send s1 a>z
drop z rx no-location
step nor does it send
send s1 z>a
portdrop f1 spoof
step a foreign source is charged to who answers for it
send s2 foreign>outside vlan=20
want lan2 foreign>outside vlan=100.0
pass o tx
step not on another port
send s1 foreign>outside vlan=20
portdrop f1 spoof
step nor with the address of a vNIC elsewhere in that segment
send s2 foreign>outside vlan=50
portdrop f2 spoof
step foreign sources are not learnt
send lan2 outside>foreign vlan=100
portdrop up1 unknown

step an inner tag without trunk
send s2 b>outside vlan=10 inner=7
drop b tx vlan
step an inner tag without trunk, to everybody
send s2 b>ff:ff:ff:ff:ff:ff vlan=10 inner=7
drop b tx vlan
step untagged native, then an inner tag: the tag is the segment's
send s1 a>outside vlan=7
portdrop f1 no-segment
step a priority tag does not hide an inner tag
send s1 a>outside vlan=0 inner=7
drop a tx vlan
step an S-tag without trunk
send s1 a>outside stag=10
drop a tx vlan
step an S-tag in front is no segment of ours
send s2 b>outside stag=10
portdrop f2 no-segment
step a trunk's inner tag goes through
send s1 t>outside vlan=50 inner=7.3
want lan t>outside vlan=500.0 inner=7.3
pass t tx
step back too
send lan outside>t vlan=500 inner=7.1
want s1 outside>t vlan=50.0 inner=7.1
pass t rx
step trunk to trunk
send s1 t>u vlan=50 inner=7
want s2 t>u vlan=50.0 inner=7
pass t tx
pass u rx
step trunk to one that is none
send s1 t>w vlan=50 inner=7
drop w rx vlan
step the LAN to one that is none
send lan outside>w vlan=500 inner=7
drop w rx vlan
step an inner tag of a foreign segment's number stays inside
send s1 t>outside vlan=50 inner=10
want lan t>outside vlan=500.0 inner=10
pass t tx
step a trunk in the untagged segment of an uplink: its inner tag must not become a VLAN there
send s2 x>outside vlan=30 inner=100
drop x tx vlan
step to everybody neither, though the segment's others would have got it
send s2 x>ff:ff:ff:ff:ff:ff vlan=30 inner=100
pass x tx
drop x tx vlan
step without an inner tag it passes
send s2 x>outside vlan=30
want lan x>outside
pass x tx
step a trunk in a native segment: an inner tag would be a segment there
send lan outside>n vlan=100 inner=50
drop n rx vlan
step an S-tag from the LAN, untagged segment
send lan outside>x stag=7
want s2 outside>x vlan=30.0 stag=7
pass x rx
EOF
} >"$work/scenario"
play <"$work/scenario"

# Local vNICs: no tag is the segment's there.
{
  ends
  cat <<'EOF'
step a local trunk's tag is an inner one
send g1 l>u vlan=7
want s2 l>u vlan=50.0 inner=7
pass l tx bytes=104
pass u rx bytes=104
step and arrives as it was
send s2 u>l vlan=50 inner=7.2
want g1 u>l vlan=7.2
pass u tx
pass l rx
step a local trunk with the segment's own number
send g1 l>outside vlan=50
want lan l>outside vlan=500.0 inner=50
pass l tx bytes=104
step a local vNIC as another
send g1 a>outside
drop l tx spoof
step to one that is no trunk
send g1 l>w vlan=10
drop w rx vlan
step untagged it is in its segment
send g1 l>w
want s2 l>w vlan=50.0
pass l tx
pass w rx
step reserved addresses from a local vNIC
send g1 l>01:80:c2:00:00:0e
drop l tx reserved
EOF
} >"$work/scenario"
play <"$work/scenario"
