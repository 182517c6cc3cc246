#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# People and their rights with real users of the real socket: roles by groups, refusals in words,
# the audit, two people at one object, backup and restore of a running data path.
# shellcheck disable=SC2119 # arguments are optional
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/daemon.bash
. "$(dirname "$0")/daemon.bash"

# Numbers that are nobody's: no user or group has to exist.
members=20000 admin=20001 server=20002 network=20003 storage=20004 read=20005
roles=admin=$admin,server=$server,network=$network,storage=$storage,read=$read
chmod 755 "$work" # the others go through it

as() { # UID GROUP,... ARGS...: the client as that user, who is in these groups
  setpriv --reuid="$1" --regid="$1" --groups="$members,$2" --inh-caps=-all \
    "$bin/raceway" --socket "$work/run/raceway.sock" "${@:3}"
}

rw() { # as root
  "$bin/raceway" --socket "$work/run/raceway.sock" "$@"
}

users() { # what the socket's group is in a real installation
  chgrp "$members" "$work/run/raceway.sock"
}

refused() { # DESCRIPTION SAYS UID GROUPS ARGS...: status 1 and that line
  local status=0
  as "${@:3}" >"$work/out" 2>"$work/err" || status=$?
  check_eq "$1" "$status $(cat "$work/err")" "1 raceway: $2"
}

can() { # UID GROUPS ARGS...
  check "user $1 of $2: ${*:3}" as "$@" >"$work/out"
}

new_ns host lan a b
wire host up0 lan e0
vlan_tx lan e0
daemon_start --role-group "$roles"
users

can 1003 "$network" port add up0 dev up0 role uplink rate 1gbit
can 1003 "$network" segment add lan uplink up0
can 1002 "$server" profile add a
can 1002 "$server" profile bind a server local
can 1002 "$server" vnic add a/eth0 segment lan netns "$(ns a)"
can 1003 "$network" vnic set a/eth0 tx-pir 500mbit tx-cir 10mbit
can 1004 "$storage" san add s type null
can 1005 "$read" show
can 1005 "$read" export
can 1005 "$read" vnic show a/eth0
can 1006 "$server,$network" vnic add a/eth1 segment lan netns "$(ns b)" rx-pir 1gbit
can 1006 "$server,$network" vnic del a/eth1

refused "read" "segment x: user uid 1005 may read only; adding segments needs role network (group $network)" \
  1005 "$read" segment add x
refused "in no group of them" "profile a: user uid 1007 may read only; changing description of profiles needs role server (group $server)" \
  1007 30000 profile set a description x
refused "server and rates" "vnic a/eth0: user uid 1002 has only the role server; changing tx-pir of vnics needs role network (group $network)" \
  1002 "$server" vnic set a/eth0 tx-pir 2gbit
refused "network and profiles" "vnic a/eth0: user uid 1003 has only the role network; changing mtu of vnics needs role server (group $server)" \
  1003 "$network" vnic set a/eth0 mtu 1400
refused "storage and binding" "profile a: user uid 1004 has only the role storage; changing server of profiles needs role server (group $server)" \
  1004 "$storage" profile unbind a
refused "network and storage" "san t: user uid 1003 has only the role network; adding sans needs role storage (group $storage)" \
  1003 "$network" san add t type null
rw backup -w - >"$work/readable"
refused "a backup back" "user uid 1003 has only the role network; restoring a backup needs role admin (group $admin)" \
  1003 "$network" restore -f "$work/readable"

check "the first group is one of them" setpriv --reuid=1010 --regid="$network" --groups="$members" \
  --inh-caps=-all "$bin/raceway" --socket "$work/run/raceway.sock" segment set lan description x
status=0
"$bin/racewayd" --foreground --role-group boss=1 2>"$work/err" || status=$?
check_eq "a role that is none" "$status $(cat "$work/err")" \
  "1 racewayd: role-group: boss is no role; there are read, server, network, storage, admin"

# Of a document all or nothing, whatever stands first.
rw export >"$work/before.yaml"
cat >"$work/doc.yaml" <<DOC
schema: 1
segments:
- name: mine
profiles:
- name: foreign
DOC
refused "a document" "profile foreign: user uid 1003 has only the role network; adding profiles needs role server (group $server)" \
  1003 "$network" apply -f "$work/doc.yaml"
check_eq "nothing of it" "$(rw export)" "$(cat "$work/before.yaml")"
can 1006 "$server,$network" apply -f "$work/doc.yaml"
can 1001 "$admin" apply -f "$work/before.yaml" --prune
check_eq "all of it is gone" "$(rw export)" "$(cat "$work/before.yaml")"
check "export and apply by a reader" eval "as 1005 $read export | as 1005 $read apply -f -"
status=0
setpriv --reuid=1008 --regid=1008 --clear-groups --inh-caps=-all \
  "$bin/raceway" --socket "$work/run/raceway.sock" show >"$work/out" 2>"$work/err" || status=$?
check_eq "who is not in the socket's group" "$status $(grep -c 'Permission denied' "$work/err")" "1 1"

# The audit has who, from where, what, from, to; and no line for what was refused.
rw -j audit -n 1000 >"$work/audit.json"
last() { jq -r ".audit[-1] | $1" "$work/audit.json"; }
can 1003 "$network" vnic set a/eth0 tx-pir 600mbit
rw -j audit vnic a/eth0 >"$work/audit.json"
check_eq "who" "$(last '[.by, .source, .op, .kind, .name, .field, .from, .to] | join(" ")')" \
  "uid 1003 socket uid 1003 change vnic a/eth0 tx-pir 500000000 600000000"
check_eq "as text" "$(rw audit -n 1 | cut -d ' ' -f 3-)" \
  "uid 1003 (socket uid 1003) ~ vnic a/eth0 tx-pir 500mbit -> 600mbit"
check_eq "of that vNIC alone" "$(jq '[.audit[] | select(.name != "a/eth0")] | length' "$work/audit.json")" 0
check_eq "refused things" "$(rw audit -n 1000 | grep -c 'uid 100[57]')" 0
check_eq "the last change" "$(rw vnic show a/eth0 | sed -nE 's/^ *changed .* by (.*)$/\1/p')" "uid 1003"
check_eq "a reader reads it" "$(as 1005 "$read" audit -n 1)" "$(rw audit -n 1)"

# Two people at one object: the second is told who was first.
version=$(rw -j vnic show a/eth0 | jq '.vnics[0].version')
can 1003 "$network" vnic set a/eth0 tx-pir 700mbit --if-version "$version"
status=0
as 1006 "$server,$network" --if-version "$version" vnic set a/eth0 mtu 1400 2>"$work/err" || status=$?
check_eq "the second" "$status" 1
check "and why: $(cat "$work/err")" grep -qE "^raceway: vnic a/eth0: it was changed meanwhile by uid 1003 at 20.* UTC: its version is $((version + 1)), not \"$version\"$" "$work/err"
check_not "deleting it neither" rw vnic del a/eth0 --if-version "$version" 2>/dev/null
check "its version is right" rw vnic set a/eth0 description x --if-version $((version + 1))
status=0
rw vnic add a/eth5 segment lan --if-version 1 2>/dev/null || status=$?
check_eq "no version of what is new" "$status" 2

# Without any of the groups all may do all, as long as nobody has made one.
lines=$(rw audit -n 1000 | wc -l)
daemon_stop
daemon_start
users
check_eq "none of the groups is there: as it was" \
  "$(as 1007 30000 segment add free && rw audit -n 1 | cut -d ' ' -f 3-)" "uid 1007 (socket uid 1007) + segment free"
check_eq "lines from before the restart" "$(rw audit -n 1000 | wc -l)" $((lines + 1))
rw segment del free
daemon_stop
daemon_start --role-group "$roles"
users
refused "and again read" "segment free: user uid 1007 may read only; adding segments needs role network (group $network)" \
  1007 30000 segment add free

# Backup and restore under traffic; a new machine becomes the old one.
mkdir "$work/pool"
rw san add pool type pool path "$work/pool"
rw volume add pool/v size 1m
rw vhba add a/h san pool auth none
rw vhba map a/h lun 0 volume pool/v
find "$work/pool" -type f -exec sh -c 'echo what is mine | dd of="$1" conv=notrunc status=none' _ {} \;
data() { find "$work/pool" -type f -exec cksum {} +; }
data >"$work/data"
ip -n "$(ns a)" addr add 10.9.0.1/24 dev eth0
ip -n "$(ns lan)" addr add 10.9.0.9/24 dev e0
check "traffic" pings a 10.9.0.9
check "backup" rw backup -w "$work/backup"
check_eq "for its owner alone" "$(stat -c %a "$work/backup")" 600
rw export >"$work/export"
rw -j vnic show >"$work/vnics"
rw -j vhba show | jq '.vhbas[] | [.wwpn, .wwnn, .luns[0].volume, .version]' >"$work/vhbas"
mac=$(value /v1/vnics/a/eth0 .mac)
rw vnic set a/eth0 mac 02:00:00:00:00:77 tx-pir ""
rw profile add b
rw profile bind b server local
rw vnic add b/eth0 segment lan netns "$(ns b)"
rw segment add more
check_eq "only said" "$(rw restore -f "$work/backup" --dry-run | sort)" \
  "- profile b
- segment more
- vnic b/eth0
~ vnic a/eth0 mac 02:00:00:00:00:77 -> $mac
~ vnic a/eth0 tx-pir none -> 700mbit"
check_eq "and not done" "$(value /v1/vnics/a/eth0 .mac)" 02:00:00:00:00:77
check "restore" rw restore -f "$work/backup" >/dev/null
check_eq "the same document" "$(rw export)" "$(cat "$work/export")"
check_eq "numbers, versions, people" "$(rw -j vnic show)" "$(cat "$work/vnics")"
check_eq "the netdev's MAC" "$(ip -n "$(ns a)" -j link show eth0 | jq -r '.[0].address')" "$mac"
check_eq "the other netdev is gone" "$(ifindex b eth0)" ""
check "traffic as before" pings a 10.9.0.9

# Nothing that is not whole.
sed 's/"a\/eth0"/"a\/eth9"/' "$work/backup" >"$work/forged"
head -c 500 "$work/backup" >"$work/cut"
rw backup -w "$work/now"
for f in forged cut export; do
  check_not "$f" rw restore -f "$work/$f" 2>"$work/err"
  check "it says why: $(cat "$work/err")" grep -q '^raceway: .*\(damaged\|no backup\)' "$work/err"
done
rw backup -w - | cmp - "$work/now" || fail "a refused backup changed something"
jq -c '.backup = 9' "$work/backup" >"$work/newer"
check_not "another form" rw restore -f "$work/newer" 2>/dev/null

# A vNIC whose number has another one's by now.
rw vnic del a/eth0
rw profile add c
rw profile bind c server local
rw vnic add c/eth0 segment lan netns "$(ns b)"
check "its number is taken" rw restore -f "$work/backup" >/dev/null
check_eq "as it was" "$(rw -j vnic show)" "$(cat "$work/vnics")"
check "the guest is back" test -n "$(ifindex a eth0)"
check_eq "the other is gone" "$(ifindex b eth0)" ""

daemon_stop
mv "$work/state" "$work/old-state"
daemon_start --role-group "$roles"
check "a new machine" rw restore -f "$work/backup" >/dev/null
rw backup -w - | cmp - "$work/backup" || fail "another backup than the one restored"
check_eq "the same numbers and MACs" "$(rw -j vnic show)" "$(cat "$work/vnics")"
check_eq "the same WWNs and LUNs" \
  "$(rw -j vhba show | jq '.vhbas[] | [.wwpn, .wwnn, .luns[0].volume, .version]')" "$(cat "$work/vhbas")"
check_eq "the volume" "$(value /v1/volumes/pool/v .oper)" up
check_eq "its data" "$(data)" "$(cat "$work/data")"
rw volume add pool/more size 1m
check_not "data is not deleted by the way" rw restore -f "$work/backup" 2>"$work/err"
check "which it says: $(cat "$work/err")" grep -q '^raceway: volume pool/more: is not in the backup' "$work/err"
check_eq "it is there" "$(find "$work/pool" -type f | wc -l)" 2
check_eq "quietly" "$(grep -c . "$work/daemon.err" || true)" 0
