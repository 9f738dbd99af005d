#!/bin/sh
# library.sh LIBSCHARNIER.SO: the shared library exports exactly tests/golden/exports.txt, which are exactly
# the functions of the installed headers; and the examples compile and link against it. Run from the root of
# the repository.
set -eu
library=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

LC_ALL=C; export LC_ALL
nm -D --defined-only "$library" | awk '{ print $3 }' | sort > "$work/exports"
if ! diff -u tests/golden/exports.txt "$work/exports"; then
    echo "library.sh: exports differ; a new symbol goes into tests/golden/exports.txt" >&2
    exit 1
fi
cat include/scharnier/*.h | tr '\n' ' ' | grep -o 'SCH_API [^;{]*' | grep -o 'sch_[a-z_]*(' | tr -d '(' |
    sort -u > "$work/declared"
# Parameters that are functions, and types, are no exports.
comm -12 "$work/declared" "$work/exports" > "$work/both"
if ! diff -u "$work/both" "$work/exports"; then
    echo "library.sh: exported, but in no installed header" >&2
    exit 1
fi
for example in send receive; do
    ${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror -Iinclude "adapters/examples/$example.c" "$library" \
        -o "$work/$example"
    # The flag is tried without a configuration: usage, exit 2.
    LD_LIBRARY_PATH=$(dirname "$library") "$work/$example" 2> "$work/usage" && exit 1 || [ $? -eq 2 ]
    grep -q '^usage: ' "$work/usage"
done
# The template fills in to something that pkg-config takes.
sed -e 's|@PREFIX@|/usr/local|' -e 's|@VERSION@|0.1.0|' adapters/client/scharnier.pc.in > "$work/scharnier.pc"
if command -v pkg-config > /dev/null; then
    PKG_CONFIG_PATH=$work pkg-config --libs scharnier | grep -q -- -lscharnier
fi
echo "library.sh: $(wc -l < tests/golden/exports.txt) exports, examples compile"
echo "1 passed, 0 failed"
