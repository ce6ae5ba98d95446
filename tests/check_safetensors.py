# SPDX-License-Identifier: MIT
"""Opens a model file with the field's own reader.

check_safetensors.py MODEL EXPECTED

Each line of EXPECTED is a tensor: its name, its sizes and the bytes of its
values in hexadecimal, separated by tabs. Exit code 77: there is no reader.
"""
import json
import sys

try:
    import numpy
    from safetensors import safe_open
except ImportError:
    sys.exit(77)


def main(model, expected):
    with open(expected, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    with safe_open(model, framework="np") as tensors:
        names = set(tensors.keys())
        metadata = tensors.metadata()
        for name, sizes, values in lines:
            tensor = tensors.get_tensor(name)
            names.remove(name)
            assert tensor.dtype == numpy.float32, name
            assert list(tensor.shape) == [int(n) for n in sizes.split()], name
            assert tensor.astype("<f4").tobytes().hex() == values, name
    assert all(name.startswith("constant.") for name in names), names
    assert metadata["format"] == "pt"
    assert metadata["librnnc.version"]
    graph = json.loads(metadata["librnnc.graph"])
    assert graph["format"] == 1
    assert [node["id"] for node in graph["nodes"]] == list(
        range(len(graph["nodes"])))


main(*sys.argv[1:])
