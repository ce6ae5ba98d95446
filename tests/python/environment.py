# SPDX-License-Identifier: MIT
"""Runs a Python test where what it imports can be had.

environment.py SET SOURCE BUILD LIBRARY ARGUMENT...

SET is one of the sets below. Its interpreter is the one that the set's
environment variable names, this one, or one of a virtual environment under
BUILD, which is made where it is missing. Exit code 77, and why, where none of
them can import what is needed.
"""
from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from typing import NamedTuple, Optional

SKIPPED = 77


class Set(NamedTuple):
    variable: str
    modules: tuple[str, ...]
    # What pip is given, one after the other until one does.
    attempts: tuple[tuple[str, ...], ...]


TORCH = ("torch==2.13.0+cpu", "numpy", "safetensors")
SETS = {
    "pytest": Set("RNNC_TEST_PYTHON", ("numpy", "pytest"),
                  (("numpy", "pytest"),)),
    "mypy": Set("RNNC_MYPY_PYTHON", ("numpy", "mypy"), (("numpy", "mypy"),)),
    "torch": Set("RNNC_TORCH_PYTHON", ("numpy", "torch"), (
        TORCH, TORCH + ("--extra-index-url",
                        "https://download.pytorch.org/whl/cpu"))),
}


def skip(why: str) -> None:
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def imports(python: str, modules: tuple[str, ...]) -> bool:
    """Whether an interpreter has the modules."""
    code = "import " + ", ".join(modules)
    try:
        done = subprocess.run([python, "-c", code], capture_output=True,
                              check=False)
    except OSError:
        return False
    return done.returncode == 0


def last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def make(folder: pathlib.Path, attempts: tuple[tuple[str, ...], ...]
         ) -> Optional[str]:
    """Makes a virtual environment; why not, where it cannot."""
    python = folder / "bin" / "python"
    commands = [[sys.executable, "-m", "venv", str(folder)]]
    commands += [[str(python), "-m", "pip", "install", "-q", *packages]
                 for packages in attempts]
    why = ""
    for number, command in enumerate(commands):
        done = subprocess.run(command, capture_output=True, text=True,
                              check=False)
        if done.returncode == 0 and number > 0:
            return None
        if done.returncode != 0:
            why = last_line(done.stderr or done.stdout)
            if number == 0:
                break
    return why


def interpreter(name: str, build: str) -> str:
    """The interpreter of a set, or the end of the test."""
    wanted = SETS[name]
    named = os.environ.get(wanted.variable)
    if named:
        if not imports(named, wanted.modules):
            skip(f"{wanted.variable}={named} cannot import "
                 + ", ".join(wanted.modules))
        return named
    folder = pathlib.Path(build) / f"venv-{name}"
    own = str(folder / "bin" / "python")
    for python in (sys.executable, own):
        if imports(python, wanted.modules):
            return python
    why = make(folder, wanted.attempts)
    if why is not None or not imports(own, wanted.modules):
        skip(f"no {' and '.join(wanted.modules)} here, and {folder} could "
             f"not be made: {why}")
    return own


def main() -> None:
    name, source, build, library = sys.argv[1:5]
    python = interpreter(name, build)
    environment = dict(os.environ, RNNC_LIBRARY=library,
                       RNNC_SOURCE=source, PYTHONDONTWRITEBYTECODE="1")
    environment["PYTHONPATH"] = str(pathlib.Path(source) / "python")
    sys.stdout.flush()
    os.execve(python, [python, *sys.argv[5:]], environment)


if __name__ == "__main__":
    main()
