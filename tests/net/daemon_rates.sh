#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Rates by the command line: what ports have promised and have left, and every way in which a rate
# can be wrong, each in one line that says what would be right.
# shellcheck disable=SC2119 # arguments are optional
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/daemon.bash"

rw() {
  "$bin/raceway" --socket "$work/run/raceway.sock" "$@"
}

refused() { # STATUS LINE ARGS...
  local code=0
  rw "${@:3}" >/dev/null 2>"$work/err" || code=$?
  check_eq "${*:3}: status" "$code" "$1"
  check_eq "${*:3}: says" "$(cat "$work/err")" "raceway: $2"
}

rates() { # PORT: guaranteed and left
  rw -j port show "$1" | jq -c '.ports[0] | [.guaranteed, .headroom]'
}

left() { # ARGS...: `port show` as people see it
  rw port show "$@" | tr -s ' ' | grep -oE '(guaranteed|headroom)-(tx|rx) [^ ]+' | sort | xargs
}

new_ns host lan s1 s2
wire host up0 lan e0
wire host f1 s1 e0
wire host f2 s2 e0
daemon_start
rw port add up0 dev up0 role uplink rate 1gbit
rw port add f1 dev f1 role fabric rate 1gbit
rw port add f2 dev f2 role fabric rate 100mbit
rw segment add lan uplink up0
rw segment add alone
for n in 1 2; do
  rw server add "s$n" port "f$n"
  rw profile add "p$n"
  rw profile bind "p$n" server "s$n"
done
rw vnic add p1/a segment lan tx-cir 300mbit rx-cir 600mbit rx-pir 2gbit
rw vnic add p2/a segment alone tx-cir 50mbit rx-cir 40mbit

# There is a rest where frames leave: at an uplink of tx, at a fabric port of rx.
check_eq "the uplink" "$(rates up0)" \
  '[{"tx":300000000,"rx":600000000},{"tx":700000000,"rx":null}]'
check_eq "f1" "$(rates f1)" '[{"tx":300000000,"rx":600000000},{"tx":null,"rx":400000000}]'
check_eq "f2" "$(rates f2)" '[{"tx":50000000,"rx":40000000},{"tx":null,"rx":60000000}]'
check_eq "f1 as text" "$(left f1)" \
  "guaranteed-rx 600mbit guaranteed-tx 300mbit headroom-rx 400mbit"
check_eq "the uplink as text" "$(left up0)" \
  "guaranteed-rx 600mbit guaranteed-tx 300mbit headroom-tx 700mbit"
check "a column of the table" grep -q HEADROOM-RX <<<"$(rw port show)"

# Admission: which port, what is promised, what is left.
refused 1 "vnic p1/b: tx-cir 800mbit does not fit: of the 1gbit of port up0, 300mbit are promised \
already and 700mbit are left" vnic add p1/b segment lan tx-cir 800mbit
refused 1 "vnic p1/b: rx-cir 401mbit does not fit: of the 1gbit of port f1, 600mbit are promised \
already and 400mbit are left" vnic add p1/b segment lan rx-cir 401mbit
refused 1 "vnic p2/a: rx-cir 101mbit does not fit: of the 100mbit of port f2, 0bit are promised \
already and 100mbit are left" vnic set p2/a rx-cir 101mbit
refused 1 "port f1: rate 500mbit is below the 600mbit of rx-cir promised behind it" \
  port set f1 rate 500mbit
rw vnic add p1/b segment lan rx-cir 400mbit
check_eq "all is promised" "$(rates f1 | jq -c '.[1]')" '{"tx":null,"rx":0}'
rw vnic del p1/b

# Numbers and units.
limits="1kbit to 400gbit"
refused 1 "port f1: rate 0bit is out of range, $limits" port set f1 rate 0
refused 1 "vnic p1/a: tx-pir 0bit is out of range, $limits" vnic set p1/a tx-pir 0
refused 1 "vnic p1/a: tx-pir 1bit is out of range, $limits" vnic set p1/a tx-pir 1
refused 2 'vnic p1/a: tx-pir "5parsec" is not a rate, as 10gbit, 500mbit, 64kbps or a number of '\
'bit/s' vnic set p1/a tx-pir 5parsec
refused 2 'vnic p1/a: tx-pir "-1mbit" is not a rate, as 10gbit, 500mbit, 64kbps or a number of '\
'bit/s' vnic set p1/a tx-pir -1mbit
refused 2 'vnic p1/a: tx-pbs "1parsec" is not a size, as 64k, 1m or a number of bytes' \
  vnic set p1/a tx-pir 1mbit tx-pbs 1parsec
refused 1 "vnic p1/a: rx-cir 3gbit is above rx-pir 2gbit" vnic set p1/a rx-cir 3gbit

# Bursts: the refusal names the smallest, and the smallest works.
refused 1 "vnic p2/a: tx-pbs 100 is too small: mtu 1500 needs at least 3036" \
  vnic set p2/a tx-cir 0 tx-pir 10mbit tx-pbs 100
refused 1 "vnic p2/a: tx-pbs 100 is too small: mtu 1500 needs at least 4554" \
  vnic set p2/a tx-pir 80mbit tx-pbs 100
rw vnic set p2/a tx-pir 80mbit tx-pbs 4554
check_eq "both have their part" "$(rw -j vnic show p2/a | jq -c '.vnics[0].tx | [.cbs, .pbs]')" \
  "[1518,4554]"
refused 1 "vnic p2/a: tx-cbs 1517 is too small: mtu 1500 needs at least 1518" \
  vnic set p2/a tx-cbs 1517
refused 1 "vnic p2/a: tx-pbs 4554 is too small: with tx-cbs 2k and mtu 1500 it must be at least \
5084" vnic set p2/a tx-cbs 2048
refused 1 "vnic p2/a: rx-pbs needs rx-pir, the rate it belongs to" vnic set p2/a rx-pbs 64k

# Weights are stored, shown and exported.
for n in 0 1001; do
  refused 1 "vnic p2/a: weight $n is out of range, 1 to 1000" vnic set p2/a weight "$n"
done
check_eq "by default" "$(rw -j vnic show p2/a | jq '.vnics[0].weight')" 1
rw vnic set p2/a weight 1000
check_eq "given" "$(rw -j vnic show p2/a | jq '.vnics[0].weight')" 1000
check "exported" grep -q 'weight: 1000' <<<"$(rw export)"
rw export | rw apply -f - >"$work/changes"
check_eq "export | apply changes nothing" "$(cat "$work/changes")" ""

# A port whose speed nobody knows keeps no guarantee until it is given a rate.
in_ns host ip link add odd0 type bridge
rw port add odd dev odd0 role fabric mode generic
rw server add s3 port odd
rw profile add p3
rw profile bind p3 server s3
refused 1 "vnic p3/a: rx-cir cannot be guaranteed: the link speed of port odd is unknown; give \
it a rate, as: port set odd rate 10gbit" vnic add p3/a segment alone rx-cir 1mbit
check_eq "nothing is left of what is unknown" "$(rates odd | jq -c '.[1]')" '{"tx":null,"rx":null}'
rw port set odd rate 10mbit
check "with a rate it can" rw vnic add p3/a segment alone rx-cir 1mbit
refused 1 "port odd: rate is needed: the link speed is unknown, and vNICs behind the port have \
rx-cir" port set odd rate ''
