#!/bin/sh
# SPDX-License-Identifier: MIT
# Each public header compiles alone, as C11 and as C++17, without a warning.
# Usage: headers.sh <source> <C compiler> [C++ compiler]
set -u
include=$1/include cc=$2 cxx=${3:-}
warnings="-Wall -Wextra -pedantic -Wconversion -Werror"
bad=0

# A declaration follows, since a unit of macros alone is not C.
alone() { printf '#include "rnnc/%s"\nextern int alone;\n' "$1"; }

for path in "$include"/rnnc/*.h; do
    header=$(basename "$path")
    alone "$header" | "$cc" -std=c11 $warnings -fsyntax-only -I"$include" \
        -x c - || bad=1
    [ -z "$cxx" ] && continue
    alone "$header" | "$cxx" -std=c++17 $warnings -fsyntax-only \
        -I"$include" -x c++ - || bad=1
done
[ -n "$cxx" ] || echo "no C++ compiler: only C was tried"
exit $bad
