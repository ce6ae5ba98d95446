#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Keeps cmake/rnnc.symbols, the public headers and the built libraries equal.

    symbols.py update                     adds new declarations to the list,
                                          and makes Python's table anew
    symbols.py check [--shared S] [--static A]

`check` prints each difference and exits with 1 if there is one.
"""
import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SYMBOLS = ROOT / "cmake" / "rnnc.symbols"
HEADERS = ROOT / "include" / "rnnc"
HEAD = """\
# SPDX-License-Identifier: MIT
# What the shared library exports: name, and the version that brought it.
# `scripts/symbols.py update` adds what the headers declare; a line that has
# been released is never taken out.
"""
# Sections that may be written to at run time.
MUTABLE = (".data", ".bss", ".tdata", ".tbss")


def listed():
    """{name: since} of the list."""
    pairs = {}
    for line in SYMBOLS.read_text().splitlines():
        if line and not line.startswith("#"):
            name, since = line.split()
            pairs[name] = since
    return pairs


def declared():
    """Names behind RNNC_API in the public headers."""
    names = set()
    for header in sorted(HEADERS.glob("*.h")):
        text = re.sub(r"/\*.*?\*/|//[^\n]*", "", header.read_text(),
                      flags=re.S)
        text = re.sub(r"^\s*#.*?(?<!\\)$", "", text, flags=re.M | re.S)
        for statement in re.findall(r"\bRNNC_API\b([^;{]*)", text):
            name = re.search(r"\b(rnnc_\w+)\s*[(\[]", statement + "[")
            names.add(name.group(1) if name else statement.strip())
    return names


def version():
    """major.minor of include/rnnc/version.h."""
    text = (HEADERS / "version.h").read_text()
    part = r"#define RNNC_VERSION_{} +(\d+)"
    return ".".join(re.search(part.format(which), text).group(1)
                    for which in ("MAJOR", "MINOR"))


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          universal_newlines=True).stdout


def defined(library, *options):
    """Global names that a library defines, without their version node."""
    lines = output("nm", "--defined-only", "-g", *options, library)
    fields = [line.split() for line in lines.splitlines()]
    return {f[2].split("@")[0] for f in fields if len(f) == 3 and f[1] != "A"}


def mutable_sections(archive):
    """Object files of an archive with memory that can be written to."""
    found, member = [], ""
    for line in output("size", "-A", archive).splitlines():
        fields = line.split()
        if "(ex " in line:
            member = fields[0]
        elif (len(fields) == 3 and fields[1].isdigit() and int(fields[1])
              and (fields[0] in MUTABLE
                   or fields[0].startswith((".data.", ".bss."))
                   and not fields[0].startswith(".data.rel.ro"))):
            found.append(f"{member} {fields[0]}")
    return found


def compare(what, expected, actual):
    bad = [f"{what} lacks {name}" for name in sorted(expected - actual)]
    return bad + [f"{what} has {name}" for name in sorted(actual - expected)]


def check(shared, static):
    names = set(listed())
    bad = compare("include/rnnc", names, declared())
    if list(listed()) != sorted(names):
        bad.append("cmake/rnnc.symbols is not sorted")
    if shared:
        bad += compare("the shared library", names, defined(shared, "-D"))
    if static:
        bad += [f"the static library leaks {name}"
                for name in sorted(defined(static))
                if not name.startswith(("rnnc_", "rni_"))]
        bad += [f"mutable global: {where}"
                for where in mutable_sections(static)]
    return bad


def update():
    pairs, since = listed(), version()
    for name in declared():
        pairs.setdefault(name, since)
    gone = set(pairs) - declared()
    lines = [f"{name} {pairs[name]}\n" for name in sorted(pairs)
             if name not in gone or pairs[name] != since]
    SYMBOLS.write_text(HEAD + "".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=["check", "update"])
    parser.add_argument("--shared")
    parser.add_argument("--static")
    arguments = parser.parse_args()
    if arguments.action == "update":
        update()
        import python_abi
        python_abi.update()
        return 0
    bad = check(arguments.shared, arguments.static)
    print("\n".join(bad) if bad else f"{len(listed())} public symbols agree")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
