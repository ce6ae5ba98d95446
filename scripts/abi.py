#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Keeps the binary interface: cmake/rnnc.abi is what programs are built with.

    abi.py update                   describes the headers anew: functions may
                                    be new, and structs longer at their end;
                                    refuses what breaks programs that exist
    abi.py check [--shared S]       headers, and the library, against it

The description is abidw's, of a library whose functions are empty: the public
types are in it, and no inner one. A difference ends with exit code 1.
"""
import argparse
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml
from pathlib import Path

import symbols
from python_abi import Headers

ABI = symbols.ROOT / "cmake" / "rnnc.abi"
INCLUDE = symbols.ROOT / "include"
# What abidiff may pass over in an update; grown() looks at it instead.
GROWTH = symbols.ROOT / "cmake" / "abi.suppr"


def run(*command, text=None):
    return subprocess.run(command, input=text, stdout=subprocess.PIPE,
                          universal_newlines=True, check=False)


def empty_functions():
    """C that defines every public function."""
    declared = {name: f"{result}{name}({parameters})"
                for result, name, parameters in
                Headers(INCLUDE / "rnnc").functions}
    missing = set(symbols.listed()) - set(declared)
    if missing:
        sys.exit(f"no header declares {', '.join(sorted(missing))}")
    bodies = [f"RNNC_API {declared[name]} {{ __builtin_unreachable(); }}"
              for name in sorted(symbols.listed())]
    return '#include "rnnc/rnnc.h"\n' + "\n".join(bodies) + "\n"


def describe(folder):
    """The path of a description of the headers as they are."""
    library, result = folder / "librnnc.so", folder / "rnnc.abi"
    number = re.search(r"#define RNNC_ABI_VERSION (\d+)",
                       (INCLUDE / "rnnc" / "version.h").read_text()).group(1)
    built = run("gcc", "-g", "-w", "-shared", "-fPIC", "-I", str(INCLUDE),
                f"-Wl,-soname,librnnc.so.{number}", "-x", "c", "-",
                "-o", str(library), text=empty_functions())
    if built.returncode != 0:
        sys.exit("the headers do not compile")
    run("abidw", "--no-comp-dir-path", "--no-corpus-path", "--no-show-locs",
        "--out-file", str(result), str(library))
    return result


def difference(new, *options):
    """(exit code, report) of the description beside something newer."""
    done = run("abidiff", *options, str(ABI), str(new))
    return done.returncode, done.stdout


def type_name(types, number):
    """A type of a description in words, whatever its number there."""
    node = types.get(number)
    if node is None:
        return "?"
    inner = node.get("type-id")
    if node.tag == "pointer-type-def":
        return type_name(types, inner) + "*"
    if node.tag == "qualified-type-def":
        return "const " + type_name(types, inner)
    return node.get("name", node.tag)


def structs(description):
    """{struct: [(offset, name, type) of each field]} of a description."""
    tree = xml.parse(str(description))
    types = {node.get("id"): node for node in tree.iter() if node.get("id")}
    found = {}
    for node in tree.iter("class-decl"):
        fields = [(member.get("layout-offset-in-bits"),
                   member.find("var-decl").get("name"),
                   type_name(types, member.find("var-decl").get("type-id")))
                  for member in node.findall("data-member")]
        if fields:
            found[node.get("name")] = fields
    return found


def grown(new):
    """What is not as it was in a struct, but for new fields at its end."""
    now, bad = structs(new), []
    for name, fields in structs(ABI).items():
        if now.get(name, [])[:len(fields)] != fields:
            bad.append(f"{name}: a field has changed")
    return bad


def breaks(new):
    """Why programs that exist would break; empty where none would."""
    code, report = difference(new, "--no-added-syms",
                              "--suppressions", str(GROWTH))
    return grown(new) + ([report] if code != 0 else [])


def update(new):
    bad = breaks(new) if ABI.exists() else []
    if bad:
        print("\n".join(bad))
        sys.exit("this breaks programs; see docs/abi.md")
    ABI.write_text(new.read_text())


def check(new, shared):
    code, report = difference(new)
    if shared and code == 0:
        code, report = difference(shared, "--headers-dir2", str(INCLUDE))
    if code != 0:
        print(report)
        sys.exit("the ABI has changed: abi.py update, if only by additions")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("update", "check"))
    parser.add_argument("--shared", help="the library that was built")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        new = describe(Path(folder))
        if words.what == "update":
            update(new)
        else:
            check(new, words.shared)


if __name__ == "__main__":
    main()
