#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The house rules that a program can see. Usage: rules.py <source>"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1]).resolve()
CODE = ("include", "lib", "src", "tests", "bench", "examples", "cmake",
        "scripts", "python", "pkgconfig")
ENDINGS = {".c", ".h", ".inc", ".def", ".cmake", ".py", ".sh", ".txt", ".in"}
FILE_LINES, KERNEL_LINES, FUNCTION_LINES, COLUMNS = 600, 900, 100, 80

# What a folder may include; lib is open to all, a folder to itself.
MAY_CALL = {
    "graph": "",
    "cell": "graph",
    "sequence": "",
    "weights": "graph",
    "plan": "graph",
    "run": "plan weights sequence graph",
    "record": "",
    "train": "run plan weights sequence graph record file reference",
    "file": "graph weights cell record",
    "reference": "graph weights sequence",
}
LIB = {"base", "kernel", "rnnc"}

# The library never prints, exits or aborts, and asks no libc for state that
# all threads share.
FORBIDDEN = re.compile(
    r"\b(abort|exit|_exit|assert|printf|fprintf|puts|putchar|perror|system|"
    r"setlocale|strtok|strerror|srand|rand|signal|atexit|alloca|sprintf|"
    r"strcpy|strcat)\s*\(")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.S)


def files():
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*")):
            if (path.suffix in ENDINGS and path.is_file()
                    and "__pycache__" not in path.parts):
                yield path, path.relative_to(ROOT)


def blank(match):
    """A comment or string taken out, its lines kept."""
    return "\n" * match.group(0).count("\n")


def text_rules(name, lines):
    limit = KERNEL_LINES if name.parts[:2] == ("lib", "kernel") else FILE_LINES
    if len(lines) > limit:
        yield 1, f"{len(lines)} lines, {limit} at most"
    if (name.suffix not in {".json", ".txt", ".in"}
            or name.name == "CMakeLists.txt"):
        if not any("SPDX-License-Identifier: MIT" in line
                   for line in lines[:2]):
            yield 1, "no SPDX line"
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            yield number, "a tab"
        if line != line.rstrip():
            yield number, "a blank at the end"
        if not line.isascii():
            yield number, "not ASCII"
        if len(line) > COLUMNS and name.suffix not in {".in", ".def"}:
            yield number, f"{len(line)} columns"
        if UNFINISHED.search(line) and name.name != "rules.py":
            yield number, "unfinished"


def functions(lines):
    """(first line, length) of each body: braces that stand alone."""
    start = 0
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            yield start, number - start - 1
            start = 0


def includes(lines):
    for number, line in enumerate(lines, 1):
        match = re.match(r'#include "([a-z]+)/', line)
        if match:
            yield number, match.group(1)


def code_rules(name, lines):
    for start, length in functions(lines):
        if length > FUNCTION_LINES:
            yield start, f"a function of {length} lines"
    if name.parts[0] not in ("lib", "src"):
        return
    folder = name.parts[1]
    allowed = LIB | {folder} | set(MAY_CALL.get(folder, "").split())
    for number, other in includes(lines):
        if other not in allowed:
            yield number, f"{folder} may not include {other}"
    bare = COMMENT.sub(blank, "\n".join(lines))
    for number, line in enumerate(bare.split("\n"), 1):
        call = FORBIDDEN.search(line)
        if call:
            yield number, f"calls {call.group(1)}"


def plain(text):
    """Lines without their indentation."""
    return "\n".join(line.strip() for line in text.strip().split("\n"))


def readme_rules():
    """Each piece of C in the README stands in an example, word for word."""
    readme = (ROOT / "README.md").read_text()
    examples = [plain(path.read_text())
                for path in (ROOT / "examples").rglob("*.c")]
    for block in re.findall(r"```c\n(.*?)```", readme, re.S):
        if not any(plain(block) in example for example in examples):
            yield "README.md: a program that no example has"


def main():
    bad, lengths = 0, []
    for problem in readme_rules():
        print(problem)
        bad += 1
    for path, name in files():
        text = path.read_text(encoding="utf-8")
        lines = text.split("\n")
        rules = list(text_rules(name, lines[:-1]))
        if lines[-1]:
            rules.append((len(lines), "no newline at the end"))
        if name.suffix in {".c", ".h", ".inc"}:
            rules += code_rules(name, lines)
        if name.suffix == ".c" and name.parts[0] in ("lib", "src"):
            lengths += [length for _, length in functions(lines)]
        for number, problem in rules:
            print(f"{name}:{number}: {problem}")
            bad += 1
    if lengths:
        lengths.sort()
        at = [lengths[len(lengths) * p // 100] for p in (50, 90, 99)]
        print(f"{len(lengths)} functions; lines at 50, 90, 99 %: {at}")
    print(f"{bad} problems")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
