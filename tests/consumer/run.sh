#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the library, moves what was installed, and builds and runs a
# program against it in each way a user may.
# Usage: run.sh <source> <build> <cmake> <compiler> <generator> <libdir>
#               <cblas>
set -eu
source=$1 build=$2 cmake=$3 cc=$4 generator=$5 libdir=$6 cblas=$7
here=$source/tests/consumer
work=$(mktemp -d "${TMPDIR:-/tmp}/rnnc-consumer.XXXXXX")
trap 'rm -rf "$work"' EXIT

say() { printf '%s\n' "-- $*"; }

# Says which librnnc a program loads, "" for none.
loaded() { readelf -d "$1" | sed -n 's/.*NEEDED.*\[\(librnnc[^]]*\)\].*/\1/p'; }

# expect <program> <shared|static> [library path]
expect() {
    name=$(loaded "$1")
    case $2:$name in
    shared:librnnc.so.* | static:) ;;
    *) echo "$1 should be $2, but loads '$name'" && exit 1 ;;
    esac
    LD_LIBRARY_PATH=${3:-} "$1"
}

say "install, then move"
"$cmake" --install "$build" --prefix "$work/first" >"$work/log"
mkdir "$work/second folder"
mv "$work/first" "$work/second folder/rnnc"
prefix="$work/second folder/rnnc"
if grep -rIl -e "$work/first" -e "$build" "$prefix"; then
    echo "these files name a folder of the build" && exit 1
fi

# use_pkg_config <source> <prefix> <options>: pkg-config quotes the blank in the
# path for a shell to read.
use_pkg_config() {
    program=$1
    PKG_CONFIG_PATH=$2/$libdir/pkgconfig
    export PKG_CONFIG_PATH
    shift 2
    words=$(pkg-config "$@" --cflags --libs rnnc)
    eval "$cc -std=c11 '$program' -o '$work/program' $words -lm"
}

say "pkg-config, shared"
use_pkg_config "$here/main.c" "$prefix"
expect "$work/program" shared "$prefix/$libdir"

say "the host of examples/embed"
use_pkg_config "$source/examples/embed/main.c" "$prefix"
expect "$work/program" shared "$prefix/$libdir"

say "pkg-config, static"
cp -R "$prefix" "$work/static"
rm "$work/static/$libdir"/librnnc.so*
use_pkg_config "$here/main.c" "$work/static" --static
expect "$work/program" static

# use_cmake <project> <shared|static> <definitions>
use_cmake() {
    project=$1 kind=$2
    shift 2
    say "$project, $kind"
    "$cmake" -S "$here/$project" -B "$work/$project-$kind" -G "$generator" \
        -DCMAKE_C_COMPILER="$cc" -DCMAKE_BUILD_TYPE=Debug \
        "$@" >"$work/log" || { cat "$work/log" && exit 1; }
    "$cmake" --build "$work/$project-$kind" >"$work/log" ||
        { cat "$work/log" && exit 1; }
    expect "$work/$project-$kind/consumer" "$kind"
}

for kind in shared static; do
    use_cmake find_package $kind -DCOMPONENT=$kind \
        -DCMAKE_PREFIX_PATH="$prefix"
done
use_cmake add_subdirectory shared -DRNNC="$source" -DRNNC_BLAS="$cblas"
