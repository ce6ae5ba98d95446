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
    "onnx_runtime": ["onnxruntime==1.32.0", "onnx", "numpy"],
    "keras_layers": ["tensorflow-cpu==2.21.0", "keras==3.15.1", "numpy"],
}
COMPILED = {"onednn": ("onednn.c", ["-ldnnl"]),
            "rtneural": ("rtneural.cpp", [])}
PEERS = [*PACKAGES, *COMPILED]
SHARED = [BENCH / f"{name}.c" for name in ("rows", "answer", "fill", "peak",
                                           "bandwidth", "sample")]


def run(command):
    subprocess.run([str(word) for word in command], check=True,
                   stdout=subprocess.DEVNULL)


def build(folder, blas, targets):
    """Our own programs, built as a user would."""
    run(["cmake", "-S", ROOT, "-B", folder, "-DCMAKE_BUILD_TYPE=Release",
         f"-DRNNC_BLAS={blas}", "-DRNNC_BUILD_TESTS=OFF",
         "-DRNNC_BUILD_EXAMPLES=OFF", "-DRNNC_BUILD_DOCS=OFF"])
    run(["cmake", "--build", folder, "-j", "2", "--target",
         *(f"bench_{target}" for target in targets)])
    return folder / "bench"


def ours(folder, quick):
    """{program: command}; with the reference BLAS too, where it is there."""
    built = build(folder / "bench", "AUTO", ("rows", "start"))
    found = {name: [str(built / name)] for name in ("rows", "start")}
    if not quick:
        try:
            other = build(folder / "bench-reference", "Reference",
                          ("rows", "start"))
            found["reference"] = [str(other / "rows")]
            found["start_reference"] = [str(other / "start")]
        except subprocess.CalledProcessError:
            pass  # it is said to be absent
    return found


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


def build_objects(folder):
    """What is common to the compiled peers, as a C library."""
    objects = []
    for source in SHARED:
        objects.append(folder / f"{source.stem}.o")
        run(["cc", "-O2", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-c",
             source, "-o", objects[-1]])
    return objects


def build_peer(folder, peer, includes):
    """None where its headers or a compiler are missing."""
    source, libraries = COMPILED[peer]
    plain = source.endswith(".c")
    compiler = ["cc", "-O2", "-std=c11", "-D_POSIX_C_SOURCE=200809L"]
    if not plain:  # templates: the peer at its best
        compiler = ["c++", "-O3", "-std=c++17", "-march=native"]
    if not shutil.which(compiler[0]) or not shutil.which("cc"):
        return None
    program = folder / f"{peer}.program"
    folder.mkdir(parents=True, exist_ok=True)
    built = subprocess.run(
        [*compiler, f"-I{BENCH}", *(f"-I{path}" for path in includes),
         str(BENCH / "peers" / source), *map(str, build_objects(folder)),
         "-o", str(program), *libraries, "-lpthread", "-ldl", "-lm"],
        capture_output=True, text=True, check=False)
    return program if built.returncode == 0 else None


def peers(options):
    """{program: command} of the peers that are here."""
    found = {}
    for peer in options.peers:
        if peer in COMPILED:
            program = build_peer(options.folder, peer, options.include)
            if program:
                found[peer] = [str(program)]
            continue
        python = options.python.get(peer) or python_of(
            options.folder, peer, options.install)
        if python:
            found[peer] = [str(python), str(BENCH / "peers" / f"{peer}.py")]
    return found
