#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the fuzz targets (clang, libFuzzer, sanitizers) and runs each of them
# so many times, one on each processor. What crashes, leaks or
# takes ten seconds is left in build/fuzz/findings and fails the script.
# Usage: scripts/fuzz.sh [runs (100000)] [target (model graph calls)]...
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-100000}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(calls graph model)

mkdir -p build/fuzz/findings
cmake --preset fuzz >build/fuzz/configure.log
cmake --build --preset fuzz -j "$(nproc)" \
    --target fuzz_seeds "${targets[@]/#/fuzz_}"
folder=$PWD/build/fuzz/tests/fuzz
"$folder/fuzz_seeds" "$folder"/seeds/{graph,model,calls}

# Longer files are only slower, and longer programs rarely valid.
declare -A longest=([calls]=512 [graph]=6000 [model]=6000)
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
export ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=16:malloc_context_size=4
export UBSAN_OPTIONS=print_stacktrace=1
for target in "${targets[@]}"; do
    more=
    [ "$target" = model ] && more=$PWD/tests/corpus
    echo "$folder/fuzz_$target" -runs="$runs" -max_len="${longest[$target]}" \
        -timeout=10 -entropic=0 -print_final_stats=1 \
        -artifact_prefix="$PWD/build/fuzz/findings/$target-" \
        "$folder/found/$target" "$folder/seeds/$target" $more \
        "2>build/fuzz/$target.log"
done | xargs -d '\n' -P "$(nproc)" -I{} sh -c {} || failed=1
for target in "${targets[@]}"; do
    echo "$target: $(grep -E 'DONE|^SUMMARY|number_of_executed' \
        "build/fuzz/$target.log" | tr '\n\t' '  ')"
done
exit ${failed:-0}
