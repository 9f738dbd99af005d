#!/usr/bin/env bash
# Durable receipts of scharnierd against the bare floor, in turn, N times; prints medians and their ratio.
#   tests/bench/run.sh BUILD/FLAVOUR [N]
set -euo pipefail
build=$1 rounds=${2:-3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

measure() { # NAME COMMAND…: keeps the receipts per second
    local name=$1 line
    shift
    mkdir -p "$work/store" && rm -rf "${work:?}/store"/*
    line=$("$@")
    echo "  $line"
    echo "$line" | sed 's/.*: \([0-9]*\) receipts.*/\1/' >>"$work/$name"
}

compare() { # CLIENTS WINDOW
    rm -f "$work"/{floor,broker,checked}
    for _ in $(seq "$rounds"); do
        measure floor "$build/tests/bench/floor" "$1" "$2" 5 "$work/store"
        measure broker "$build/tests/bench/durable" "$build/bin/scharnierd" "$work/store" "$1" "$2" 5
        measure checked "$build/tests/bench/durable" "$build/bin/scharnierd" "$work/store" "$1" "$2" 5 verify
    done
    local floor broker checked
    floor=$(median <"$work/floor") broker=$(median <"$work/broker") checked=$(median <"$work/checked")
    echo "bench $1 x $2: floor $floor/s, scharnierd $broker/s, ratio $(awk "BEGIN { printf \"%.2f\", $broker / $floor }")" \
        "(signatures checked: $checked/s, $(awk "BEGIN { printf \"%.2f\", $checked / $floor }"))"
}

compare 16 8
