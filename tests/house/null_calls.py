#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a program that calls every public function with nothing at all.

Usage: null_calls.py <source> <result>

Every pointer is NULL and every number 0; then every number -1; then as large
as it can be. What returns a status must refuse, what returns a node or a cell
must give NULL, and nothing may stop the program.
"""
import re
import sys
from pathlib import Path

ROOT = Path(sys.argv[1]).resolve()
sys.path.insert(0, str(ROOT / "scripts"))

from python_abi import Headers  # noqa: E402

HEAD = """\
// SPDX-License-Identifier: MIT
// Written by tests/house/null_calls.py.
#include <float.h>
#include <stdio.h>

#include "rnnc/rnnc.h"

static int bad;

static void refused(const char *name, int good)
{
    if (good)
        return;
    fprintf(stderr, "%s accepts nothing\\n", name);
    bad++;
}

int main(void)
{
"""
TAIL = """\
    printf("%d functions called with nothing\\n", FUNCTIONS);
    return bad != 0;
}
"""
# Numbers that are tried, for each type.
NUMBERS = {
    "int32_t": ("0", "-1", "INT32_MAX"),
    "int64_t": ("0", "-1", "INT64_MAX"),
    "uint8_t": ("0", "255", "255"),
    "uint32_t": ("0", "1", "UINT32_MAX"),
    "uint64_t": ("0", "1", "UINT64_MAX"),
    "size_t": ("0", "1", "SIZE_MAX"),
    "float": ("0", "-1", "FLT_MAX"),
    "double": ("0", "-1", "DBL_MAX"),
    "rnnc_status": ("0", "-1", "INT32_MAX"),
}
# NULL and numbers are all they need.
FINE = {"rnnc_context_create", "rnnc_graph_create", "rnnc_import_create",
        "rnnc_record_create", "rnnc_sequence_create"}


def argument(kind, which):
    """The argument of a declared parameter."""
    if "*" in kind or "[" in kind:
        return "NULL"
    words = [word for word in re.findall(r"\w+", kind) if word != "const"]
    return NUMBERS[words[0]][which] if words[0] in NUMBERS else "NULL"


def calls(result, name, parameters):
    kinds = [] if parameters.strip() in ("", "void") else parameters.split(",")
    tries = sorted({", ".join(argument(kind, which) for kind in kinds)
                    for which in range(3)})
    for given in tries:
        call = f"{name}({given})"
        kind = result.replace("const", "").strip()
        if name in FINE:
            noun = name[:name.rindex("_")]
            yield f"    {noun}_destroy({call});\n"
        elif kind == "rnnc_status":
            yield f'    refused("{name}", {call} != RNNC_OK);\n'
        elif kind.startswith(("rnnc_node", "rnnc_cell")):
            yield f'    refused("{name}", {call} == NULL);\n'
        elif name.endswith("_message"):
            yield f'    refused("{name}", {call} != NULL);\n'
        elif kind in ("char *", "void") or "*" not in kind:
            yield f"    (void){call};\n"
        else:
            noun = kind.replace("*", "").strip()
            borrowed = not name.startswith(noun) or not name.endswith(
                ("_create", "_copy", "_load", "_load_memory", "_chain",
                 "_sequence", "_lambda"))
            yield (f'    refused("{name}", {call} == NULL);\n' if borrowed
                   or noun not in name else
                   f"    {noun}_destroy({call});\n")


def main():
    functions = Headers().functions
    body = "".join(line for function in functions
                   for line in calls(*function))
    Path(sys.argv[2]).write_text(
        HEAD + f"    enum {{ FUNCTIONS = {len(functions)} }};\n" + body + TAIL,
        encoding="utf-8")


if __name__ == "__main__":
    main()
