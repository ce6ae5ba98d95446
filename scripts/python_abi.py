#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes python/rnnc/_abi, the table of functions, from the public headers.

    python_abi.py update      writes constants.py, types.py and functions.py
    python_abi.py check       exits with 1 where they differ from the headers,
                              or the functions from cmake/rnnc.symbols
"""
from __future__ import annotations

import argparse
import pathlib
import re
import sys

import symbols

TARGET = symbols.ROOT / "python" / "rnnc" / "_abi"
HEAD = """\
# SPDX-License-Identifier: MIT
# Written by scripts/python_abi.py from include/rnnc; not to be edited.
"""
COLUMNS = 79

# C types that ctypes knows by another name. Handles are plain addresses.
SCALARS = {
    "int32_t": "c_int32", "int64_t": "c_int64", "uint8_t": "c_uint8",
    "uint32_t": "c_uint32", "uint64_t": "c_uint64", "size_t": "c_size_t",
    "float": "c_float", "double": "c_double", "int": "c_int",
    "rnnc_status": "c_int32",
}


def bare(text: str) -> str:
    """C without comments, preprocessor lines and the extern "C" bracket."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)
    text = re.sub(r'#ifdef __cplusplus\n.*?#endif', " ", text, flags=re.S)
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", " ", text, flags=re.M)
    return re.sub(r"\s+", " ", text)


class Headers:
    """What the public headers declare, in their order."""

    def __init__(self, folder: pathlib.Path = symbols.HEADERS) -> None:
        paths = sorted(folder.glob("*.h"))
        raw = [path.read_text(encoding="utf-8") for path in paths]
        self.text = " ".join(bare(text) for text in raw)
        self.constants = self._constants("\n".join(raw))
        self.opaque = set(re.findall(r"typedef struct (\w+) \1 ?;",
                                     self.text))
        self.callbacks = re.findall(
            r"typedef ([^;{}()]*)\(\*(\w+)\)\(([^()]*)\) ?;", self.text)
        self.structs = re.findall(
            r"typedef struct (\w+) ?\{([^{}]*)\} ?\1 ?;", self.text)
        self.functions = sorted(re.findall(
            r"RNNC_API ([\w ]+?[ *]+)(\w+)\(([^()]*)\) ?;", self.text),
            key=lambda function: function[1])

    def _constants(self, raw: str) -> dict[str, int]:
        found: dict[str, int] = {}
        for name, value in re.findall(r"^#define (RNNC_\w+) +(\d+)", raw,
                                      flags=re.M):
            found[name] = int(value)
        for body in re.findall(r"enum ?\w* ?\{([^{}]*)\}", self.text):
            following = 0
            for item in filter(None, map(str.strip, body.split(","))):
                name, _, value = map(str.strip, item.partition("="))
                if value in found:
                    following = found[value]
                elif value:
                    following = int(value, 0)
                found[name] = following
                following += 1
        return found

    def type_of(self, text: str) -> str:
        """The ctypes name of a C type without the declared name."""
        words = [word for word in re.findall(r"\w+|\*", text)
                 if word not in ("const", "struct")]
        base, stars = words[0], words.count("*")
        if base == "char" and stars == 1:
            return "c_char_p"
        if base == "void" or base in self.opaque:
            if stars == 0:
                return "None"
            name, stars = "c_void_p", stars - 1
        elif base in SCALARS:
            name = SCALARS[base]
        elif any(base == known for _, known, _ in self.callbacks) or any(
                base == known for known, _ in self.structs):
            name = base
        else:
            raise SystemExit(f"'{text}' is of no known type")
        return "POINTER(" * stars + name + ")" * stars

    def declared(self, text: str) -> tuple[str, str]:
        """(type, name) of a parameter or a field."""
        match = re.fullmatch(r"(.*?)(\w+) ?(?:\[(\w+)\])?", text.strip())
        if match is None:
            raise SystemExit(f"'{text}' is no declaration")
        kind, name, count = match.groups()
        kind = self.type_of(kind)
        return (f"{kind} * {count}" if count else kind), name

    def types_of(self, parameters: str) -> list[str]:
        if parameters.strip() in ("", "void"):
            return []
        return [self.declared(part)[0] for part in parameters.split(",")]


def wrapped(head: str, parts: list[str], tail: str) -> str:
    """Parts behind a head, aligned, within the columns."""
    lines = [head]
    for number, part in enumerate(parts):
        piece = part + ("," if number + 1 < len(parts) else tail)
        if len(lines[-1]) + len(piece) + 1 > COLUMNS:
            lines.append(" " * len(head) + piece)
        else:
            lines[-1] += ("" if lines[-1] == head else " ") + piece
    if not parts:
        lines[-1] += tail
    return "\n".join(lines) + "\n"


def constants_file(headers: Headers) -> str:
    lines = [f"{name.removeprefix('RNNC_')} = {value}\n"
             for name, value in headers.constants.items()]
    return (HEAD + '"""The constants of the library, without RNNC_."""\n'
            + "".join(lines))


def imports(body: str) -> str:
    names = sorted(set(re.findall(r"\b(?:c_\w+|CFUNCTYPE|POINTER|Structure)\b",
                                  body)))
    return wrapped("from ctypes import (", names, ")")


def in_order(types: list[tuple[str, str, str]]
             ) -> list[tuple[str, str, str]]:
    """Types (name, C text, Python text) so that each comes after those it
    names: ctypes makes pointers of what is there alone."""
    left, done = list(types), []
    while left:
        names = "|".join(name for name, _, _ in left)
        ready = [kind for kind in left
                 if not re.search(rf"\b({names})\b", kind[1])]
        if not ready:
            raise SystemExit(f"types name each other: {names}")
        done += ready
        left = [kind for kind in left if kind not in ready]
    return done


def struct_text(headers: Headers, name: str, fields: str) -> str:
    body = f"class {name}(Structure):\n    _fields_ = [\n"
    for field in filter(str.strip, fields.split(";")):
        kind, own = headers.declared(field)
        body += f'        ("{own}", {kind}),\n'
    return body + "    ]\n"


def types_file(headers: Headers) -> str:
    found = [(name, parameters, wrapped(
        f"{name} = CFUNCTYPE(",
        [headers.type_of(result)] + headers.types_of(parameters), ")"))
        for result, name, parameters in headers.callbacks]
    found += [(name, fields, struct_text(headers, name, fields))
              for name, fields in headers.structs]
    body = "".join("\n\n" + text for _, _, text in in_order(found))
    return (HEAD + '"""Callbacks and option structs."""\n' + imports(body)
            + body)


def functions_file(headers: Headers) -> str:
    body = "\n# name: (result, parameters)\nFUNCTIONS: dict[str, Any] = {\n"
    used = set()
    for result, name, parameters in headers.functions:
        types = headers.types_of(parameters)
        used.update(re.findall(r"\brnnc_\w+", " ".join(types)))
        if len(types) == 1:
            types[0] += ","
        head = f'    "{name}": ({headers.type_of(result)}, ('
        if len(head) + max(map(len, types + [""])) + 3 > COLUMNS:
            body += f'    "{name}": (\n'
            head = f"        {headers.type_of(result)}, ("
        body += wrapped(head, types, ")),")
    body += "}\n"
    text = HEAD + '"""What the shared library exports."""\n' + imports(body)
    text += "from typing import Any\n"
    if used:
        text += "\n" + wrapped("from .types import (", sorted(used), ")")
    return text + body


def files() -> dict[str, str]:
    headers = Headers()
    return {"constants.py": constants_file(headers),
            "types.py": types_file(headers),
            "functions.py": functions_file(headers)}


def update() -> None:
    for name, text in files().items():
        (TARGET / name).write_text(text, encoding="utf-8")


def check() -> list[str]:
    bad = [f"python/rnnc/_abi/{name} is not what the headers say: run "
           "scripts/python_abi.py update"
           for name, text in files().items()
           if (TARGET / name).read_text(encoding="utf-8") != text]
    known = {name for _, name, _ in Headers().functions}
    return bad + symbols.compare("the table of Python", set(symbols.listed()),
                                 known)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=["check", "update"])
    if parser.parse_args().action == "update":
        update()
        return 0
    bad = check()
    print("\n".join(bad) if bad else "the table of Python agrees")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
