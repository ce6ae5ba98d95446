#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# From a Debian 12 with nothing but apt to a trained network: installs what is
# missing, builds the library, and lets a character model learn to write like
# the library's own sources (about two minutes).
# Usage: scripts/demo.sh [options and text of char_lm]
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/setup.sh

need build-essential cmake ninja-build libopenblas-dev

say "build the library and the examples"
cmake -S . -B build/demo -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DRNNC_BUILD_TESTS=OFF -DRNNC_BUILD_BENCH=OFF
cmake --build build/demo

[ $# -gt 0 ] || set -- build/demo/sources.txt
find include lib src -name '*.[ch]' | LC_ALL=C sort |
    xargs cat >build/demo/sources.txt

say "train a character model on $*"
build/demo/examples/char_lm --seconds 110 --threads "$(nproc)" \
    --save build/demo/model.safetensors --temperature 0.7 "$@"
