#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether scripts/abi.py lets pass what keeps programs alive, and that alone.

Headers are changed in a folder of their own. Usage: rules.py <source>
"""
import re
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(sys.argv[1]).resolve()
sys.path.insert(0, str(ROOT / "scripts"))

import abi  # noqa: E402
import symbols  # noqa: E402

LAST = "    int64_t segment_rows;\n"
FIRST = "    int32_t use; "
# What is done to plan.h: (name, a change of its text, programs go on)
CASES = [
    ("nothing", lambda text: text, True),
    ("a field at the end",
     lambda text: text.replace(LAST, LAST + "    int64_t more;\n"), True),
    ("a function more",
     lambda text: text.replace(
         "RNNC_API void rnnc_plan_destroy",
         "RNNC_API int32_t rnnc_plan_more(void);\n"
         "RNNC_API void rnnc_plan_destroy"), True),
    ("a field in the middle",
     lambda text: text.replace(FIRST, "    int64_t more;\n" + FIRST), False),
    ("the last field wider",
     lambda text: text.replace(LAST, "    int64_t segment_rows[2];\n"), False),
    ("the last field a double",
     lambda text: text.replace(LAST, "    double segment_rows;\n"), False),
    ("a field gone", lambda text: text.replace(LAST, ""), False),
    ("a parameter more",
     lambda text: text.replace("char *text, size_t size)",
                               "char *text, size_t size, int32_t more)"),
     False),
    ("a function gone",
     lambda text: re.sub(r"RNNC_API size_t rnnc_plan_print\([^;]*;", "", text),
     False),
]


def listed(text):
    """The list of symbols that belongs to a changed plan.h."""
    names = {f"{name} {since}\n" for name, since in symbols.listed().items()
             if not name.startswith("rnnc_plan_")}
    names |= {f"{name} 0.1\n"
              for name in re.findall(r"\b(rnnc_plan_\w+)\(", text)}
    return "".join(sorted(names))


def main():
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        shutil.copytree(str(ROOT / "include"), str(folder / "include"))
        header = folder / "include" / "rnnc" / "plan.h"
        original, names = header.read_text(), folder / "symbols"
        abi.INCLUDE = folder / "include"
        for name, change, passes in CASES:
            text = change(original)
            header.write_text(text)
            names.write_text(listed(text))
            symbols.SYMBOLS, kept = names, symbols.SYMBOLS
            broken = abi.breaks(abi.describe(folder))
            symbols.SYMBOLS = kept
            if (text == original) != (name == "nothing"):
                print(f"{name}: could not be tried")
                bad += 1
            if bool(broken) == passes:
                print(f"{name}: expected to be "
                      f"{'let through' if passes else 'refused'}", *broken)
                bad += 1
    print(f"{len(CASES)} changes tried, {bad} problems")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
