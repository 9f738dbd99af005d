#!/usr/bin/env bash
# Builds every tests/fuzz/fuzz_*.c with libFuzzer, ASan and UBSan, and runs each for T seconds, as many at a time as there are
# processors (JOBS).
#   tests/fuzz/run.sh [T [TARGET…]]
# tests/fuzz/corpus/<target> is what each starts from; what it finds grows in $BUILD/fuzz/found, and an input that
# crashes is kept in $BUILD/fuzz/crash. Prints a line per target, in their order, then "N passed, N failed"; exits 1 when one
# crashed, 2 when one was not built.
set -u
cd "$(dirname "$0")/../.."

seconds=${1:-60}
[ $# -gt 0 ] && shift
build=${BUILD:-build}
make=${MAKE:-make}
jobs=${JOBS:-$(nproc)}
case $seconds in
    '' | *[!0-9]*) echo "run.sh: the first argument is a number of seconds" >&2; exit 2 ;;
esac

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    for file in tests/fuzz/fuzz_*.c; do targets+=("$(basename "$file" .c)"); done
fi
$make --no-print-directory -j"$(nproc)" FLAVOUR=fuzz BUILD="$build" "${targets[@]/#/$build/fuzz/tests/fuzz/}" || exit 2

# The longest input. Of a story each byte is about one draw; of text one line is checked like the next.
longest() {
    case $1 in
        fuzz_core) echo 1024 ;;
        fuzz_wire | fuzz_record | fuzz_directory) echo 16384 ;;
        *) echo 4096 ;;
    esac
}

fuzz() {
    local name=$1 program=$build/fuzz/tests/fuzz/$1 found=$build/fuzz/found/$1 crash=$build/fuzz/crash/$1
    local log=$build/fuzz/$1.log options=()
    local runs cov crashes code
    mkdir -p "$found" "$crash"
    [ -f "tests/fuzz/$name.dict" ] && options+=("-dict=tests/fuzz/$name.dict")
    [ -d "tests/fuzz/corpus/$name" ] && options+=("tests/fuzz/corpus/$name")
    "$program" -max_total_time="$seconds" -max_len="$(longest "$name")" -timeout=10 -rss_limit_mb=1024 \
        -print_final_stats=1 -artifact_prefix="$crash/" "$found" "${options[@]}" >"$log" 2>&1 </dev/null
    code=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    cov=$(grep -ao 'cov: [0-9]*' "$log" | tail -n 1)
    crashes=$(grep -ac 'Test unit written to' "$log")
    printf '  %-18s %12s executions  %-10s %s crashes\n' "$name" "${runs:-0}" "${cov:-cov: 0}" "$crashes"
    [ "$code" -eq 0 ] && return 0
    grep -aE 'SUMMARY|Assertion|broken:|Test unit written to' "$log" | sed 's/^/      /'
    grep -ao 'Test unit written to .*' "$log" | sed "s|Test unit written to |      rerun: $program |"
    return 1
}

passed=0 crashed=0 started=0 pids=()
for ((i = 0; i < ${#targets[@]}; i++)); do
    for (( ; started < ${#targets[@]} && started < i + jobs; started++)); do
        fuzz "${targets[$started]}" >"$build/fuzz/${targets[$started]}.said" &
        pids[started]=$!
    done
    if wait "${pids[$i]}"; then passed=$((passed + 1)); else crashed=$((crashed + 1)); fi
    cat "$build/fuzz/${targets[$i]}.said"
done
echo "$passed passed, $crashed failed"
[ "$crashed" -eq 0 ]
