# SPDX-License-Identifier: MIT
"""The table of functions against the list of symbols and a C compiler."""
from __future__ import annotations

import ctypes
import pathlib
import re
import shutil
import subprocess

import pytest
from conftest import ROOT

import rnnc
from rnnc._abi import constants, types
from rnnc._abi.functions import FUNCTIONS

PACKAGE = ROOT / "python" / "rnnc"

# A Python face has them under another name, or needs them not.
ELSEWHERE = {
    "rnnc_cross_entropy",  # of rnnc_cross_entropy_with
}


def test_table_is_the_list_of_symbols() -> None:
    lines = (ROOT / "cmake" / "rnnc.symbols").read_text().splitlines()
    listed = {line.split()[0] for line in lines
              if line and not line.startswith("#")}
    assert set(FUNCTIONS) == listed


def test_every_function_has_a_place() -> None:
    """Everything that C can, Python can."""
    text = "".join(path.read_text() for path in PACKAGE.glob("*.py"))
    called = set(re.findall(r"\brnnc_\w+", text))
    called |= {f"rnnc_{name}" for name in re.findall(
        r'\b(?:call|call_with|on|_binary)\(\s*(?:graph, )?"(\w+)"', text)}
    nouns = re.findall(r'_noun = "(\w+)"', text)
    called |= {f"rnnc_{noun}_{verb}" for noun in nouns
               for verb in ("destroy", "status", "message")}
    assert set(FUNCTIONS) - called - ELSEWHERE == set()


def test_every_constant_has_a_place() -> None:
    for name, value in vars(constants).items():
        if name.isupper():
            assert getattr(rnnc, name) == value


def test_everything_public_has_a_docstring() -> None:
    for name, thing in vars(rnnc).items():
        if name.startswith("_") or not callable(thing):
            continue
        assert thing.__doc__, name
        for member, value in vars(thing).items() if isinstance(
                thing, type) else ():
            if not member.startswith("_") and (
                    callable(value) or isinstance(value, property)):
                assert value.__doc__, f"{name}.{member}"


def structs() -> dict[str, type]:
    return {name: kind for name, kind in vars(types).items()
            if isinstance(kind, type) and issubclass(kind, ctypes.Structure)
            and kind is not ctypes.Structure}


def test_structs_lie_as_in_c(tmp_path: pathlib.Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler")
    lines, expected = [], []
    for name, kind in structs().items():
        lines.append(f"sizeof({name})")
        expected.append(ctypes.sizeof(kind))
        for field, _ in kind._fields_:  # type: ignore[attr-defined]
            lines.append(f"offsetof({name}, {field})")
            expected.append(getattr(kind, field).offset)
    program = tmp_path / "layout.c"
    program.write_text(
        "#include <stddef.h>\n#include <stdio.h>\n#include <rnnc/rnnc.h>\n"
        "int main(void)\n{\n" + "".join(
            f'printf("%zu\\n", {line});\n' for line in lines) + "}\n")
    binary = tmp_path / "layout"
    subprocess.run([compiler, "-std=c11", "-I", str(ROOT / "include"),
                    "-o", str(binary), str(program)], check=True)
    found = subprocess.run([str(binary)], check=True, capture_output=True,
                           text=True).stdout.split()
    assert [int(number) for number in found] == expected


def test_numbers_are_checked_against_their_type() -> None:
    graph = rnnc.Graph()
    x = rnnc.input_rows(graph, "x", 2)
    with pytest.raises(rnnc.ArgumentError, match="not within"):
        rnnc.linear(x, "out", 2**64 + 5)
    with pytest.raises(rnnc.ArgumentError, match="threads"):
        rnnc.Context(threads=2**40)
    with pytest.raises(rnnc.ArgumentError):
        rnnc.slice(x, 0.5, 1)  # type: ignore[arg-type]
    with pytest.raises(rnnc.ArgumentError, match="zero byte"):
        rnnc.linear(x, "a\0b", 2)
    with pytest.raises(rnnc.ArgumentError):
        rnnc.linear("x", "out", 2)  # type: ignore[arg-type]


def test_import_needs_numpy_only() -> None:
    code = ("import sys, rnnc; print(*sorted({name.split('.')[0] for name "
            "in sys.modules} & {'torch', 'tqdm', 'safetensors', 'scipy'}))")
    import sys
    found = subprocess.run([sys.executable, "-c", code], check=True,
                           capture_output=True, text=True).stdout
    assert found.strip() == ""
