#!/usr/bin/env bash
# Fills a store with N dossiers, then asks the real scharnierd about it; the store is thrown away.
#   tests/bench/million.sh BUILD/FLAVOUR [N]
set -euo pipefail
build=$1 count=${2:-1000000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$build/tests/bench/million_fill" "$work" "$count"
echo "on disk: $(du -sh "$work/store" | cut -f1)"
"$build/tests/bench/million" "$build/bin/scharnierd" "$work" 200
