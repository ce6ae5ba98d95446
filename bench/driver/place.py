# SPDX-License-Identifier: MIT
"""Where the programs come from: built, installed, or absent."""
import pathlib
import shutil
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parents[1]
ROOT = BENCH.parent

# What the Python peers need from their registry.
PACKAGES = {
    "pytorch": ["torch==2.13.0", "numpy"],
    "jax_scan": ["jax==0.10.2", "numpy"],
    "onnx_runtime": ["onnxruntime", "onnx", "numpy"],
}
PEERS = [*PACKAGES, "onednn"]


def run(command):
    subprocess.run([str(word) for word in command], check=True,
                   stdout=subprocess.DEVNULL)


def build_rows(folder):
    """Our own program, built as a user would."""
    run(["cmake", "-S", ROOT, "-B", folder, "-DCMAKE_BUILD_TYPE=Release",
         "-DRNNC_BUILD_TESTS=OFF", "-DRNNC_BUILD_EXAMPLES=OFF",
         "-DRNNC_BUILD_DOCS=OFF"])
    run(["cmake", "--build", folder, "--target", "bench_rows", "-j", "2"])
    return folder / "bench" / "rows"


def install(folder, peer):
    """A virtual environment of the peer's own."""
    home = folder / peer
    run([sys.executable, "-m", "venv", home])
    run([home / "bin" / "python", "-m", "pip", "install", "--quiet",
         *PACKAGES[peer]])


def python_of(folder, peer, may_install):
    python = folder / peer / "bin" / "python"
    if not python.exists() and may_install:
        install(folder, peer)
    return python if python.exists() else None


def build_onednn(folder):
    """None where its header or a compiler is missing, or it does not build."""
    compiler = shutil.which("cc")
    program = folder / "onednn"
    if not compiler:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    sources = [BENCH / "peers/onednn.c", *(BENCH / f"{name}.c" for name in
                                           ("rows", "answer", "fill", "peak"))]
    built = subprocess.run(
        [compiler, "-O2", "-std=c11", "-D_POSIX_C_SOURCE=200809L",
         f"-I{BENCH}", "-o", program, *sources, "-ldnnl", "-lm"],
        capture_output=True, text=True, check=False)
    return program if built.returncode == 0 else None


def commands(wanted, folder, pythons, may_install):
    """{program: command} of the peers that are here."""
    found = {}
    for peer in wanted:
        if peer == "onednn":
            program = build_onednn(folder)
            if program:
                found[peer] = [str(program)]
            continue
        python = pythons.get(peer) or python_of(folder, peer, may_install)
        if python:
            found[peer] = [str(python), str(BENCH / "peers" / f"{peer}.py")]
    return found
