#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The public face as a compiler and a linker see it.

Usage: surface.py <source> <C compiler> <shared library>

Makes a program that takes the address of every public function, compares each
constant and each field with the headers of the day this ABI began, and asks
for the name of every status; builds it, links it and runs it.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(sys.argv[1]).resolve()
sys.path.insert(0, str(ROOT / "scripts"))

import symbols  # noqa: E402
from python_abi import Headers  # noqa: E402

# Elements of arrays: their size is fixed for good.
ELEMENTS = {"rnnc_schedule_setting"}
OLD = ROOT / "tests" / "abi" / "rnnc_0_1.h"


def old_header():
    """The first headers, all names with other prefixes."""
    text = re.sub(r"^#include.*\n", "", OLD.read_text(), flags=re.M)
    return text.replace("rnnc_", "old_").replace("RNNC_", "OLD_")


def constants(text):
    return re.findall(r"^ *(?:enum \{ *)?OLD_(\w+) = -?\d+", text, flags=re.M
                      ) + re.findall(r", OLD_(\w+) = -?\d+", text)


def old_structs(text):
    """{name: fields} of the first headers, names without their prefix."""
    found = {}
    for body, name in re.findall(
            r"typedef struct old_\w+ \{([^{}]*)\} old_(\w+);", text):
        declared = [part.strip() for part in body.split(";") if part.strip()]
        found[name] = [re.search(r"(\w+)$", part).group(1)
                       for part in declared]
    return found


def program(statuses):
    old = old_header()
    lines = ['#include "rnnc/rnnc.h"', "#include <stddef.h>",
             "#include <stdio.h>", "#include <string.h>", old]
    for name in constants(old):
        lines.append(f"_Static_assert((int)OLD_{name} == (int)RNNC_{name},"
                     f' "{name}");')
    for name, fields in old_structs(old).items():
        for field in fields:
            lines.append(
                f"_Static_assert(offsetof(old_{name}, {field}) == "
                f'offsetof(rnnc_{name}, {field}), "{name}.{field}");')
    lines.append("typedef void function(void);")
    lines.append("static function *const all[] = {")
    lines += [f"    (function *){name}," for name in sorted(symbols.listed())]
    lines.append("};")
    lines.append("static const rnnc_status statuses[] = {"
                 + ", ".join(statuses) + "};")
    return "\n".join(lines) + MAIN


MAIN = """
int main(void)
{
    size_t functions = sizeof all / sizeof *all;
    size_t n = sizeof statuses / sizeof *statuses;
    for (size_t i = 0; i < functions; i++)
        if (all[i] == NULL)
            return 1;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            const char *a = rnnc_status_string(statuses[i]);
            const char *b = j < i ? rnnc_status_string(statuses[j])
                                  : "unknown status";
            if (a == NULL || a[0] == 0 || strcmp(a, b) == 0 ||
                (j < i && statuses[i] == statuses[j])) {
                printf("status %d has no name of its own\\n", statuses[i]);
                return 1;
            }
        }
    printf("%zu functions, %zu statuses\\n", functions, n);
    return 0;
}
"""


def sizes_first(headers):
    """Structs that cross the border and do not begin with their size."""
    for name, body in headers.structs:
        first = body.strip().split(";")[0]
        if name not in ELEMENTS and first != "uint32_t struct_size":
            yield f"{name} begins with '{first}', not with its size"


def statuses():
    text = (symbols.HEADERS / "status.h").read_text()
    return re.findall(r"^ +(RNNC_(?:OK|E_\w+)) = \d+", text, flags=re.M)


def build_and_run(compiler, library, text):
    with tempfile.TemporaryDirectory() as folder:
        source, built = Path(folder) / "surface.c", Path(folder) / "surface"
        source.write_text(text)
        subprocess.run([compiler, "-std=c11", "-Wall", "-Wextra", "-Werror",
                        "-Wno-cast-function-type", "-I",
                        str(ROOT / "include"), str(source), library, "-o",
                        str(built)], check=True)
        where = {**os.environ,
                 "LD_LIBRARY_PATH": str(Path(library).parent)}
        return subprocess.run([str(built)], env=where, check=False).returncode


def main():
    bad = list(sizes_first(Headers()))
    names = statuses()
    old = old_header()
    if len(names) < 11 or len(constants(old)) < 50 or not old_structs(old):
        bad.append("the headers could not be read")
    print("\n".join(bad), end="\n" if bad else "")
    failed = build_and_run(sys.argv[2], sys.argv[3], program(names))
    return 1 if bad or failed else 0


if __name__ == "__main__":
    sys.exit(main())
