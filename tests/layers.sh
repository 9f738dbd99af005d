#!/usr/bin/env bash
# The layout is the architecture: arrows point one way. broker/DESIGN.md, "Layers".
#   tests/layers.sh CC OBJECT…     the objects are those of broker/core
# Ends with "N passed, N failed".
set -u
cd "$(dirname "$0")/.."

cc=$1
shift
passed=0 failed=0

verdict() { # NAME OUTPUT: passes when there is no output
    if [ -z "$2" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s\n%s\n' "layers: $1" "$2" | sed '2,$s/^/    /'
    fi
}

includes() { grep -HnE '^ *# *include' "$@" 2>/dev/null; }

# The core includes its own headers, the installed ones, and six of the standard library's.
foreign=$(includes broker/core/*.[ch] |
    grep -vE 'include <(assert|limits|stdbool|stddef|stdint|string)\.h>|include <scharnier/[a-z_]+\.h>|include "[a-z_0-9]+\.h"')
for header in $(includes broker/core/*.[ch] | sed -n 's/.*include "\([a-z_0-9]*\.h\)".*/\1/p' | sort -u); do
    [ -f "broker/core/$header" ] || foreign+="$header is not of broker/core"$'\n'
done
verdict "broker/core includes more than it may" "$foreign"

# Linked into one object, the core leaves nothing open but mem* and what assertions and the compiler need.
joined=$(mktemp)
trap 'rm -f "$joined"' EXIT
if "$cc" -r -nostdlib -o "$joined" "$@"; then
    verdict "broker/core calls out" \
        "$(nm -u "$joined" | awk '{print $NF}' | grep -vE '^(mem[a-z]+|__assert_fail|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_)$')"
else
    verdict "broker/core cannot be joined" "ld -r failed"
fi

verdict "include/ knows only itself and the standard library" \
    "$(includes include/scharnier/*.h | grep -vE 'include <(assert|stdarg|stdbool|stddef|stdint)\.h>|include <scharnier/')"
verdict "proto/ knows a layer above it" "$(includes proto/*.[ch] | grep -E '"(core|shell|ports|turn)|adapters')"
# The command line has the core's calendar, kinds and norms, and two files of the shell that know nothing else of it.
verdict "adapters reach into the broker" \
    "$(includes adapters/*/*.[ch] | grep -E '"(core|shell|ports|turn|broker)' |
        grep -vE '^adapters/cli/.*"(core/(calendar|kind|norm)|shell/(norm_file|control_ask))\.h"')"
verdict "what the command line shares with the shell knows more of it" \
    "$(includes broker/shell/{norm_file,control_ask}.[ch] | grep -vE '<[a-z_/]+\.h>|"(norm_file|control_ask|core/norm|id|ini|names)\.h"')"
verdict "the shell or the core knows the adapters" "$(includes broker/*.[ch] broker/*/*.[ch] | grep -E 'adapters|client\.h')"

# A library's types stop at the files that are there for it.
only() { # NAME PATTERN FILES-PATTERN
    verdict "$1 outside its files" "$(includes broker/*.[ch] broker/*/*.[ch] proto/*.[ch] adapters/*/*.[ch] |
        grep -E "$2" | grep -vE "$3")"
}
only protobuf 'pb-c\.h|protobuf-c' '^proto/(wire|arena)'
only LMDB '<lmdb\.h>' '^broker/shell/(store_lmdb|lmdb_[a-z]+)'
only ZeroMQ '<zmq\.h>' '^(broker/shell/net_zmq|adapters/client/)'
only 'the clock' '<(time|sys/time)\.h>' '^(broker/shell/(clock_posix|net_zmq|log|http|control|config|store_lmdb)|broker/main|proto/(ini|id|error)|adapters/)'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
