#!/usr/bin/env bash
# Runs test programs one after the other and counts what they say.
#   tests/run.sh LOGDIR NAME COMMAND… [-- NAME COMMAND…]…
# A program is a cmocka group, or ends with a line "N passed, N failed[, N skipped]". Its exit code counts too: one that
# fails without naming a failed test is one failure. Prints a line per program, why tests were skipped, and the sum
# as its last line. Exit 0 only when nothing failed and something ran.
set -u

logs=$1
shift
mkdir -p "$logs"
passed=0 failed=0 skipped=0
reasons=""

# The counts of a log, as "passed failed skipped".
counts() {
    awk '
        /^\[ +OK \]/ { ok++ }
        /^\[  FAILED  \] [^0-9]/ { if (!seen[$0]++) bad++ }
        /^\[  SKIPPED \] [^0-9]/ { if (!seen[$0]++) skip++ }
        match($0, /[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/) {
            split(substr($0, RSTART), n, /[^0-9]+/); own = 1; p = n[1]; f = n[2]; s = n[3] + 0
        }
        END { if (own) print p, f, s; else print ok + 0, bad + 0, skip + 0 }' "$1"
}

run() {
    local name=$1 log="$logs/$1.log" code p f s began=$SECONDS
    shift
    "$@" >"$log" 2>&1 </dev/null
    code=$?
    read -r p f s < <(counts "$log")
    if [ "$code" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    if [ "$code" -eq 0 ] && [ $((p + f + s)) -eq 0 ]; then f=1; echo "no test ran" >>"$log"; fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    printf '  %-28s %4d passed %3d failed %3d skipped  %4d s\n' "$name" "$p" "$f" "$s" $((SECONDS - began))
    if [ "$f" -gt 0 ]; then
        tail -n 30 "$log" | sed 's/^/      /'
        printf '      rerun: %s\n      log:   %s\n' "$*" "$log"
    fi
    if [ "$s" -gt 0 ]; then
        reasons+=$(grep -iE 'skip' "$log" | grep -vE '[0-9]+ (passed|test)' | head -n 5 | sed "s|^|      $name: |")$'\n'
    fi
}

while [ $# -gt 0 ]; do
    command=()
    while [ $# -gt 0 ] && [ "$1" != -- ]; do command+=("$1"); shift; done
    [ $# -gt 0 ] && shift
    run "${command[@]}"
done

[ -n "${reasons//[$'\n']/}" ] && printf 'skipped:\n%s' "$reasons"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
