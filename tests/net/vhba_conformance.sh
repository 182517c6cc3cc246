#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The public conformance suite of libiscsi against a thin volume by two portals: all of it runs, and
# the only tests skipped are those that a fixed, writable disk cannot have. Then the tests of a
# read-only unit on a map that is read-only.
#
# With two portals Sanitize.Reservations leaves its RESERVE(6) with the second one, whose session
# goes on, so that Sanitize.Reset after it must meet a RESERVATION CONFLICT (SPC-2 5.5.1) and counts
# as failed; alone it must pass. It then sleeps for minutes until the unit is ready again, which
# nobody waits for here: at the same time, by other initiators on a volume of its own, because a
# reset of the target is one of all its initiator's units.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/vhba.bash"

other=127.0.0.1:3261
size=104857600

lun() { # NUMBER VOLUME RO
  echo "{\"lun\": $1, \"volume\": \"$2\", \"ro\": $3}"
}
engine_start --workers 2
create p/a $size
create p/b $size
check_eq "problems" "$(configure "
{\"sans\": [{\"name\": \"p\", \"type\": \"pool\", \"path\": \"$pool\"}],
 \"volumes\": [{\"name\": \"p/a\", \"size\": $size, \"id\": \"00000000000000a1\"},
               {\"name\": \"p/b\", \"size\": $size, \"id\": \"00000000000000b1\"}],
 \"portals\": [{\"name\": \"one\", \"address\": \"$portal\", \"transport\": \"iscsi\", \"group\": 1},
               {\"name\": \"two\", \"address\": \"$other\", \"transport\": \"iscsi\", \"group\": 2}],
 \"vhbas\": [{\"name\": \"one/h0\", \"initiator\": \"$suite_one\", \"san\": \"p\", \"auth\": \"none\",
              \"luns\": [$(lun 0 p/a false), $(lun 1 p/a true)]},
             {\"name\": \"two/h0\", \"initiator\": \"$suite_two\", \"san\": \"p\", \"auth\": \"none\",
              \"luns\": [$(lun 0 p/a false)]},
             {\"name\": \"three/h0\", \"initiator\": \"${suite_one}3\", \"san\": \"p\",
              \"auth\": \"none\", \"luns\": [$(lun 2 p/b false)]},
             {\"name\": \"four/h0\", \"initiator\": \"${suite_one}4\", \"san\": \"p\",
              \"auth\": \"none\", \"luns\": [$(lun 2 p/b false)]}]}")" ""
listen one $portal
listen two $other

suite() { # REPORT ARGS...
  local report=$1
  shift
  in_ns engine timeout -k 1 "$suite_timeout" iscsi-test-cu -d -S "$@" >"$report" 2>&1 || true
}
suite_timeout=170
counts() { # REPORT: "run N failed N"
  awk '$1 == "tests" { print "run", $3, "failed", $5 }' "$1"
}
failed() { # REPORT: the names
  grep -a 'had failures:' "$1" | sed -E 's/Suite ([^,]*), Test (.*) had failures:/\1.\2/' | paste -sd ' '
}
skipped() { # REPORT: reasons, and how often
  grep -a 'SKIPPED' "$1" | sed -E 's/.*\[SKIPPED\] *//' | sort | uniq -c | sed -E 's/^ +//' |
    paste -sd ';'
}

in_ns engine timeout -k 1 60 stdbuf -oL iscsi-test-cu -i "${suite_one}3" -I "${suite_one}4" \
  -d -S -V -t ALL.Sanitize.Reset "$(url 2)" "$(url 2 $other)" >"$work/reset" 2>&1 &
reset=$!
suite "$work/all" -n -t ALL "$(url 0)" "$(url 0 $other)"
check_eq "the whole suite" "$(counts "$work/all")" "run 230 failed 1"
check_eq "what it leaves behind fails" "$(failed "$work/all")" "Sanitize.Reset"
check_eq "what is skipped" "$(skipped "$work/all")" \
  "8 Logical unit is not removable. Skipping test.;1 Logical unit is not write-protected. Skipping test.;1 Media is not removable."
[ "$failures" -eq 0 ] || grep -aE -A 4 'had failures|SKIPPED' "$work/all" >&2
suite "$work/readonly" -n -t ALL.ReadOnly "$(url 1)"
check_eq "a map that is read-only" "$(counts "$work/readonly")" "run 1 failed 0"
check_eq "nothing is skipped" "$(skipped "$work/readonly")" ""
wait $reset || true
check "alone it runs" grep -q 'Wait until the SANITIZE operation has finished' "$work/reset"
check_not "and nothing fails" grep -qE 'FAILED|SKIPPED' "$work/reset"
[ "$failures" -eq 0 ] || cat "$work/reset" >&2
engine_kill TERM
check_eq "no complaint" "$(grep -v '^ready' "$work/engine.log")" ""
