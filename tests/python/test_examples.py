# SPDX-License-Identifier: MIT
"""The programs of examples/python, and what docs/python.md takes of them."""
from __future__ import annotations

import pathlib
import re
import subprocess
import sys

import pytest
from conftest import ROOT

FOLDER = ROOT / "examples" / "python"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")),
                         ids=lambda path: path.stem)
def test_examples_run(path: pathlib.Path, tmp_path: pathlib.Path) -> None:
    done = subprocess.run([sys.executable, str(path)], cwd=tmp_path,
                          capture_output=True, text=True)
    if done.returncode == 77:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_page_shows_parts_that_are_there() -> None:
    page = (ROOT / "docs" / "python.md").read_text()
    shown = re.findall(r"^@snippet (\S+) (\S+)$", page, re.M)
    assert len(shown) > 8
    for name, part in shown:
        text = (FOLDER / name).read_text()
        assert text.count(f"# [{part}]") == 2, (name, part)


def test_the_page_shows_what_the_tutorial_prints() -> None:
    done = subprocess.run([sys.executable, str(FOLDER / "tutorial.py")],
                          capture_output=True, text=True, check=True)
    page = (ROOT / "docs" / "python.md").read_text()
    for line in re.findall(r"^    (step .*)$", page, re.M):
        assert line in done.stdout


def test_errors_of_the_page_are_those_there_are() -> None:
    import rnnc
    page = (ROOT / "docs" / "python.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| `(E_\w+)` \| `(\w+)` \|$", page, re.M)
    assert {row[0] for row in rows} == {
        kind.__name__ for kind in rnnc.Error.__subclasses__()}
    for name, status, heritage in rows:
        kind = getattr(rnnc, name)
        assert kind.status == getattr(rnnc, status)
        assert heritage in {base.__name__ for base in kind.__mro__}
