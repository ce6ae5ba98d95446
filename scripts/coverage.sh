#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Which branches of src/ and lib/ the tests take: of each file, of each folder,
# and of all. Fails below 90 %, and where a branch of src/file or of the status
# code is not taken that could be. A branch that cannot be taken has its reason
# beside it, in a comment that begins with "Never:".
# Usage: scripts/coverage.sh [--lines]
#   --lines   also the lines whose branches are not all taken
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/setup.sh

lines=
case ${1:-} in
'') ;;
--lines) lines=1 ;;
*) echo "usage: scripts/coverage.sh [--lines]" >&2 && exit 2 ;;
esac
need build-essential cmake ninja-build libcmocka-dev libopenblas-dev gcovr
build=build/coverage
mkdir -p build

stage "build for coverage"
cmake --preset coverage >build/configure.log
cmake --build --preset coverage -j "$(nproc)" >build/coverage-build.log
find "$build" -name '*.gcda' -delete

stage "tests"
# A test that kills its own processes leaves no counts; it need not pass here.
ctest --preset coverage -j "$(nproc)" -LE 'house|python|torch' |
    tail -n 20

stage "branches taken"
# report <folders>... : the table of gcovr
report() {
    local filters=() folder
    for folder in "$@"; do
        filters+=(--filter "$folder")
    done
    gcovr --root . --object-directory "$build" --branches \
        --exclude-branches-by-pattern '.*// Never: ' "${filters[@]}" \
        "$build" 2>>build/coverage-build.log
}
# percent: of the last line of a table
percent() { awk '$1 == "TOTAL" { print int($4) }'; }
table() { if [ -n "$lines" ]; then cat; else cut -c 1-72; fi; }

report src/ lib/ | table
bad=0
for folder in lib/base lib/kernel src/*; do
    printf '%-20s %s %%\n' "$folder" "$(report "$folder/" | percent)"
done
all=$(report src/ lib/ | percent)
echo "src and lib: $all % of all branches"
[ "$all" -ge 90 ] || bad=1
strict=(src/file/ lib/base/error.c lib/base/status.c lib/base/options.c)
if [ "$(report "${strict[@]}" | percent)" -ne 100 ]; then
    echo "not all of src/file and the status code:"
    report "${strict[@]}" | grep -v 100%
    bad=1
fi
exit $bad
