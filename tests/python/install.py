# SPDX-License-Identifier: MIT
"""Installs the package as a user does, and runs the README's lines with it.

install.py SOURCE BUILD

A fresh virtual environment, `pip install .`, an import with nothing but NumPy
beside it, then the README's Python. The last lines of that load the weights
in PyTorch, which comes from the environment of the torch tests. Exit code 77,
and why, where pip or PyTorch cannot be had.
"""
from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import tempfile

import environment

IMPORT = """
import sys, rnnc
assert rnnc.__file__.startswith(sys.prefix), rnnc.__file__
print("installed", rnnc.__version__, "for", rnnc.isa())
"""

# After the README's lines: the stream foretold the wave, and PyTorch's module
# with the weights of the file gives what the library gives.
CHECK = """
infer = rnnc.Run(rnnc.Plan(net.graph, outputs=[net.output]), net.weights)
infer.input(net.input, wave)
infer.forward()
ours = infer.get(net.output)
theirs = module[1](module[0](torch.from_numpy(wave))[0]).detach().numpy()
assert abs(ours - theirs).max() < 1e-5, abs(ours - theirs).max()
assert abs(ours[0, 50:-1] - wave[0, 51:]).max() < 0.1
assert abs(stream.out(net.output) - ours[0, 0]).max() == 0
print("PyTorch gives the same")
"""


def clean() -> dict[str, str]:
    """The environment without what points to another library."""
    return {name: value for name, value in os.environ.items()
            if name not in ("RNNC_LIBRARY", "PYTHONPATH")}


def run(*command: str, folder: str) -> None:
    print("$", *command[:5], flush=True)
    subprocess.run(command, check=True, cwd=folder, env=clean())


def lines_of(readme: pathlib.Path) -> str:
    blocks = re.findall(r"```python\n(.*?)```", readme.read_text(), re.S)
    assert len(blocks) == 1, "the README has one piece of Python"
    assert len(re.findall(r"^\S", blocks[0].split("\n\n", 1)[1],
                          re.M)) <= 10, "ten lines"
    return str(blocks[0])


def borrow_torch(python: str, build: str) -> None:
    """Lets an environment import the PyTorch of another one."""
    code = ("import os, torch; "
            "print(os.path.dirname(os.path.dirname(torch.__file__)))")
    there = environment.interpreter("torch", build)
    folders = [subprocess.run([who, "-c", what], check=True, text=True,
                              capture_output=True).stdout.strip()
               for who, what in (
                   (there, code),
                   (python, "import sysconfig; "
                    "print(sysconfig.get_paths()['purelib'])"))]
    pathlib.Path(folders[1], "torch.pth").write_text(folders[0] + "\n")


def main() -> None:
    source, build = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        python = os.path.join(folder, "venv", "bin", "python")
        why = environment.make(pathlib.Path(folder, "venv"),
                               (("numpy", "scikit-build-core"),))
        if why is not None:
            environment.skip(f"pip cannot install: {why}")
        run(python, "-m", "pip", "install", "-q", source, folder=folder)
        run(python, "-c", IMPORT, folder=folder)
        borrow_torch(python, build)
        pathlib.Path(folder, "readme.py").write_text(
            "import torch; torch.manual_seed(1)\n"
            + lines_of(pathlib.Path(source, "README.md")) + CHECK)
        run(python, "readme.py", folder=folder)


if __name__ == "__main__":
    main()
