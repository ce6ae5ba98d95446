#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the fuzz targets (clang, libFuzzer, sanitizers) and runs each of them
# so many times, in parts: one for each processor, with a seed of its own and
# what the others find. What crashes, leaks or takes ten seconds is left in
# build/fuzz/findings and fails the script.
# Usage: scripts/fuzz.sh [runs (100000)] [target (model graph calls)]...
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-100000}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(calls graph model)

mkdir -p build/fuzz/findings
rm -f build/fuzz/{calls,graph,model}*.log
cmake --preset fuzz >build/fuzz/configure.log
cmake --build --preset fuzz -j "$(nproc)" \
    --target fuzz_seeds "${targets[@]/#/fuzz_}"
folder=$PWD/build/fuzz/tests/fuzz
"$folder/fuzz_seeds" "$folder"/seeds/{graph,model,calls}

# Longer files are only slower, and longer programs rarely valid. Freed memory
# is kept back long enough for all that one run frees.
declare -A longest=([calls]=256 [graph]=6000 [model]=6000)
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
export ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=1:malloc_context_size=1
export ASAN_OPTIONS=$ASAN_OPTIONS:thread_local_quarantine_size_kb=128
export UBSAN_OPTIONS=print_stacktrace=1
parts=$(nproc)
for target in "${targets[@]}"; do
    more=
    [ "$target" = model ] && more=$PWD/tests/corpus
    for part in $(seq "$parts"); do
        echo "$folder/fuzz_$target -runs=$(((runs + parts - 1) / parts))" \
            "-max_len=${longest[$target]} -timeout=10 -entropic=0" \
            "-reload=10 -print_final_stats=1" \
            "-artifact_prefix=$PWD/build/fuzz/findings/$target-" \
            "$folder/found/$target $folder/seeds/$target $more" \
            "2>build/fuzz/$target-$part.log"
    done
done | xargs -d '\n' -P "$parts" -I{} sh -c {} || failed=1

# tell <target>: its runs in all parts, and what each part says.
tell() {
    local logs=(build/fuzz/"$1"-[0-9]*.log)
    echo "$1: $(awk '/number_of_executed/ { runs += $2 } END { print runs+0 }' \
        "${logs[@]}") runs"
    grep -hE 'DONE|^SUMMARY' "${logs[@]}" | sed 's/^/    /'
}
for target in "${targets[@]}"; do
    tell "$target"
done
exit ${failed:-0}
