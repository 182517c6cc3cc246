#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Walks the client's own table of words: each word that is accepted must change the data path's
# tables, a netdev or what the storage engine is told, each other must be refused with status 3. A
# new word without an example here fails. The engine is one that only writes down what it is told.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/daemon.bash
. "$(dirname "$0")/daemon.bash"

rw() {
  "$bin/raceway" --socket "$work/run/raceway.sock" "$@"
}

map() { # NAME JQ: contents in a fixed order, without what traffic changes
  bpftool -j map dump pinned "$bpffs/rw/v2/maps/$1" | jq -Sc "$2"
}

# Everything that a word may change: tables, netdevs, links, in one text. For storage what the
# engine is told, besides its files.
part=network
world() {
  local m
  if [ $part = storage ]; then
    jq -Sc . "$work/run/engine.json" 2>/dev/null
    grep -v '"op": "\(status\|configure\|hello\)"' "$work/run/engine.log" 2>/dev/null
    return 0
  fi
  for m in ports vid_segment foreign members leaving; do
    echo "$m $(map "$m" '[.[].formatted] | sort')"
  done
  map vnics '[.[].formatted | select(.value.slot[.value.valid].key.segment != 0)
             | {key, policy: .value.slot[.value.valid]}]'
  map segments '[.[].formatted | select(.value.flags != 0)]'
  map port_meters '[.[].formatted | select(.value.mtu != 0) | {key, r: .value.rate, f: .value.flags}]'
  ls "$bpffs/rw/v2/links"
  for m in host guest; do
    ip -n "$(ns "$m")" -d -j link show |
      jq -Sc 'map({ifname, address, mtu, flags, operstate, link_index, gso_max_size, xdp}) | sort_by(.ifname)'
  done
}

proves() { # KIND NAME WORD VALUE...: setting it changes the world
  local before after
  before=$(world)
  checks=$((checks + 1))
  if ! rw "$1" set "$2" "$3" "${@:4}" 2>"$work/err"; then
    fail "$1 set $2 $3 ${*:4}: $(cat "$work/err")"
    return
  fi
  after=$(world)
  [ "$before" != "$after" ] || fail "$1 $3 ${*:4}: accepted, and nothing changed"
}

proves_new() { # KIND NAME WORDS...: for what is given once, at add
  local before after
  before=$(world)
  checks=$((checks + 1))
  rw "$1" add "$2" "${@:3}" || fail "$1 add $2 ${*:3}"
  after=$(world)
  [ "$before" != "$after" ] || fail "$1 add $2 ${*:3}: accepted, and nothing changed"
  rw "$1" del "$2"
}

new_ns host lan guest srv
daemon_start --role standalone --max-vnics 64 --vhba "$top/tests/net/fake_engine.py"
wire host up0 lan e0
wire host up1 lan e1
wire host fab0 srv e0
wire host fab1 srv e1
rw port add up dev up0 role uplink rate 1gbit
rw port add fab dev fab0 role fabric rate 1gbit
rw segment add lan uplink up vlan 100
rw segment add spare uplink up vlan 200
rw server add s1 port fab
rw profile add p
rw profile bind p server local
rw vnic add p/e segment lan netns "$(ns guest)"
rw profile add q
rw profile bind q server s1
rw vnic add q/e segment lan

declare -A proven
word() { # KIND WORD: marks it as proven
  proven["$1 $2"]=1
}

example() { # KIND NAME WORD VALUE...
  word "$1" "$3"
  proves "$@"
}

example vnic p/e segment spare
example vnic p/e mac 02:00:00:00:aa:01
example vnic p/e mtu 1400
example vnic p/e ifname other0
for d in tx rx; do
  example vnic p/e "$d-pir" 100mbit
  example vnic p/e "$d-cir" 10mbit
  example vnic p/e "$d-pbs" 400k
  example vnic p/e "$d-cbs" 200k
done
example vnic p/e class 5
example vnic p/e weight 7
example vnic p/e spoofcheck off
example vnic p/e mtu 1400 trunk on
word vnic trunk
example vnic p/e state down
example vnic p/e netns "$(ns host)"
word vnic kind # one choice so far: veth, which the rest of this test has seen
example port up rate 500mbit
example port fab host none
example port fab native-segment lan
example port up mode generic
rw port set up mode native
example port up attach libxdp
rw port set up attach link
word port dev
word port role
proves_new port third dev up1 role uplink
proves_new port third dev fab1 role fabric
example segment spare vlan 300
example segment spare untagged
example segment spare switching private
word segment uplink
proves_new segment third uplink up vlan 400
word segment number
proves_new segment third number 77
rw port add fab-b dev fab1 role fabric rate 1gbit
rw server add s2 port fab-b
word server port
proves profile q server s2
word profile server

part=storage
mkdir "$work/pool" "$work/pool2"
word san type
rw san add s type pool path "$work/pool"
example san s path "$work/pool2"
rw san add a type iscsi portal 10.0.0.1 target iqn.2026-01.x:a
example san a portal 10.0.0.2
example san a target iqn.2026-01.x:b
proves_new san third type null
rw volume add s/v size 1m
example volume s/v size 2m
word volume dev
proves_new volume s/d dev /dev/null
rw portal add po address 127.0.0.1
example portal po address 127.0.0.2
word portal transport # one choice so far: iscsi
word vhba transport
example portal po netns "$(ns guest)"
rw vhba add p/h san s auth none
word vhba san
proves vhba p/h san a
rw vhba set p/h san s
example vhba p/h wwpn 3000000000000001
example vhba p/h wwnn 3000000000000002
example vhba p/h initiator iqn.2026-01.x:me
example vhba p/h auth location
example vhba p/h auth "" chap me secret-file /etc/one
example vhba p/h chap you
word vhba chap
example vhba p/h secret-file /etc/two
example vhba p/h mutual-chap them secret-file /etc/three
example vhba p/h mutual-secret-file /etc/four
for w in cir pir; do
  example vhba p/h "$w" 10mbit
  example vhba p/h "iops-$w" 100
done
example vhba p/h weight 7
# A pool's identities reach the engine as any other.
rw pool add ports type wwpn from 5000000000000001 to 5000000000000004
rw pool add nodes type wwnn from 2000000000000001 to 2000000000000004
example vhba p/h pool ports
example vhba p/h wwnn-pool nodes
before=$(world)
check "map" rw vhba map p/h lun 3 volume s/v
check "map is told" [ "$before" != "$(world)" ]
check "unmap" rw vhba unmap p/h lun 3
before=$(world)
check "map ro" rw vhba map p/h lun 3 volume s/v ro shared
check "ro is told" jq -e '.vhbas[0].luns[0].ro' "$work/run/engine.json" >/dev/null
# What ro and shared do is refuse others.
word volume ro
check "unmap" rw vhba unmap p/h lun 3
check "ro" rw volume set s/v ro
check_not "a map that writes" rw vhba map p/h lun 3 volume s/v 2>/dev/null
rw vhba add q/h san s
rw vhba map p/h lun 3 volume s/v ro
check_not "a second map" rw vhba map q/h lun 3 volume s/v ro 2>/dev/null
before=$(world)
check "a copy" rw volume snapshot s/v s2
check "a copy is told" [ "$before" != "$(world)" ]

# What pools and templates say shows in the vNICs that get it.
part=network
rw pool add macs type mac from 02:00:00:00:bb:01 to 02:00:00:00:bb:04
word pool type
word pool from
word pool to
example vnic p/e pool macs
rw template add t
rw vnic add t/e2 segment lan
rw profile add r
rw profile bind r server local
example profile r from t
word template initial
before=$(world)
check "initial" rw vnic set t/e2 mtu 1300
check_eq "initial: a copy" "$before" "$(world)"
rw template set t updating
rw vnic set r/e2 mtu ""
before=$(world)
check "updating" rw vnic set t/e2 mtu 1200
check "updating: followed" [ "$before" != "$(world)" ]
word template updating
check "reserve" rw pool reserve macs 02:00:00:00:bb:02
rw vnic add p/f segment lan pool macs netns "$(ns guest)"
check_eq "a reserved one is not given" \
  "$(rw -j vnic show p/f | jq -r '.vnics[0].mac')" 02:00:00:00:bb:03
check "release" rw pool release macs 02:00:00:00:bb:02

for kind in port segment server pool template profile vnic san volume portal vhba; do
  case "$kind" in vnic | volume | vhba) name=p/x ;; *) name=x ;; esac
  accepted=$("$bin/raceway" --complete "$kind" add "$name" "")
  checks=$((checks + 1))
  [ -n "$accepted" ] || fail "no words for $kind"
  for w in $accepted; do
    [ "$w" = description ] && continue # for people only: it has no effect, and needs none
    checks=$((checks + 1))
    [ -n "${proven["$kind $w"]:-}" ] || fail "$kind $w: accepted, and no example proves it"
  done
  for w in $(rw "$kind" add help | sed -nE 's/^  ([a-z-]+) .*\(not yet\)$/\1/p'); do
    case "$w" in # a value that would be right
      rdma) v=on ;;
      trust) v=pcp ;;
      *) v=x ;;
    esac
    case "$kind" in
      vnic) name=p/e ;;
      vhba) name=p/h ;;
      port) name=up ;;
      *) name=p ;;
    esac
    status=0
    rw "$kind" set "$name" "$w" "$v" >/dev/null 2>"$work/err" || status=$?
    check_eq "$kind $w is refused: $(cat "$work/err")" "$status" 3
  done
done

# Whole kinds that come later: on the command line, in the API and in a document.
for kind in acl partition gid; do
  status=0
  rw "$kind" add x/y 2>/dev/null || status=$?
  check_eq "$kind is refused" "$status" 3
done
check_eq "acl in the API" "$(status POST /v1/acls '{"name":"x"}')" 501
check_eq "rdma in the API" "$(status PATCH /v1/vnics/p/e '{"rdma":"on"}')" 501
status=0
printf 'schema: 1\nacls:\n  - name: x\n' | rw apply -f - 2>/dev/null || status=$?
check_eq "acls in a document" "$status" 3
daemon_stop TERM
