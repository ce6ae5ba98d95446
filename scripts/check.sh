#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# All checks, from a Debian 12 with nothing but apt: installs what is missing,
# builds with warnings as errors, and runs the tests as a user gets them, with
# the reference BLAS, by clang and under sanitizers; also the layout of the
# sources and the documentation. The summaries of ctest come last.
# Usage: scripts/check.sh [--long]
#   --long   also 64-bit ARM under qemu, tests over all floats, the branches
#            that tests take, and ten million runs of each fuzz target
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/setup.sh

long=
case ${1:-} in
'') ;;
--long) long=1 ;;
*) echo "usage: scripts/check.sh [--long]" >&2 && exit 2 ;;
esac
jobs=$(nproc)
bad=()
summaries=()
# Labels of what looks at the library from Python: once is enough.
python='python|torch'

# attempt <name> <command>...: a failure is told at the end.
attempt() {
    local name=$1
    shift
    "$@" || bad+=("$name")
}

# build <preset> [target]
build() {
    cmake --preset "$1" -DRNNC_WERROR=ON >build/configure.log ||
        { cat build/configure.log && return 1; }
    cmake --build --preset "$1" -j "$jobs" ${2:+--target "$2"}
}

# run_tests <name> <preset> [ctest options]
run_tests() {
    local log=build/$1.log preset=$2
    shift 2
    summaries=("$log" "${summaries[@]}")
    $unrandomised ctest --preset "$preset" -j "$jobs" "$@" | tee "$log"
}

# check <preset> [ctest options]
check() {
    build "$1" && run_tests "$1" "$@"
}

# ThreadSanitizer cannot live with the most random of address layouts.
unrandomised=
if setarch "$(uname -m)" -R true 2>/dev/null; then
    unrandomised="setarch $(uname -m) -R"
fi

need build-essential cmake ninja-build pkg-config python3 libcmocka-dev \
    libopenblas-dev libblas-dev clang clang-format-14 doxygen \
    doxygen-awesome-css graphviz libjs-mathjax abigail-tools python3-venv
mkdir -p build

# What runs whole nets or every operation.
of_kernels='^(differential|edges|bits_keep|run|run_state|sequence|store|'
of_kernels+='stream|cell|cases|optimizer|reference|trainer|weights)$'

layout() {
    # tests/cases is written by a program.
    find include lib src tests bench examples -name '*.[ch]' \
        -not -path 'tests/cases/*' -print0 |
        xargs -0 clang-format-14 --dry-run -Werror
}

uses_reference() {
    local program
    for program in build/reference-blas/tests/test_*; do
        [ -x "$program" ] && [ -f "$program" ] || continue
        ldd "$program" | grep -q '/blas/libblas\.so' && return 0
    done
    echo "no test of build/reference-blas loads the reference BLAS"
    return 1
}

stage "layout of the sources"
attempt layout layout

stage "tests, release build"
attempt release check release -LE "$python"

stage "tests of the Python package, and beside PyTorch"
attempt python run_tests python release -L "$python"

stage "documentation"
attempt docs build release docs

stage "tests, reference BLAS"
attempt reference-blas check reference-blas -LE "house|$python"
attempt reference-blas-loaded uses_reference

stage "tests, clang"
attempt clang check clang -LE "house|$python"

stage "tests, addresses, leaks and undefined behaviour"
attempt asan check asan -LE "house|$python"

# It does not see masked loads of AVX-512; plain C has none.
stage "tests, addresses, with the kernels in plain C"
export RNNC_ISA=scalar
attempt asan-scalar run_tests asan-scalar asan -R "$of_kernels"
unset RNNC_ISA

stage "tests of threads, races"
attempt tsan check tsan -R 'team|thread|stream|context|run|bits|trainer'

if [ -n "$long" ]; then
    stage "tests, 64-bit ARM"
    arm() {
        as_root dpkg --add-architecture arm64
        need gcc-aarch64-linux-gnu g++-aarch64-linux-gnu qemu-user \
            libcmocka-dev:arm64 libblas-dev:arm64 &&
            check aarch64 -LE "house|$python"
    }
    attempt aarch64 arm

    stage "tests, all floats"
    export RNNC_TEST_LONG=1
    attempt long run_tests long release -LE "house|$python" --timeout 14400

    stage "branches that tests take"
    unset RNNC_TEST_LONG
    attempt coverage scripts/coverage.sh

    stage "ten million runs of each fuzz target"
    need libclang-rt-14-dev
    attempt fuzz scripts/fuzz.sh 10000000
fi

stage "summary"
for log in "${summaries[@]}"; do
    printf '%s: ' "$(basename "$log" .log)"
    sed -n '/tests passed/,$p' "$log" | grep -v '^$'
done
if [ ${#bad[@]} -gt 0 ]; then
    echo "FAILED: ${bad[*]}"
    exit 1
else
    echo "all stages passed in $SECONDS s"
fi
