#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hostile model files, each with the status that loading it must give.

Usage: make.py          writes the files and manifest.txt beside this script
       make.py --check  says which of them are not as this script makes them
"""
import json
import pathlib
import struct
import sys
from typing import Callable, Iterator

HERE = pathlib.Path(__file__).parent
OK, SHAPE, NAME = "OK", "SHAPE", "NAME"
LIMIT, FORMAT, UNSUPPORTED = "LIMIT", "FORMAT", "UNSUPPORTED"

DATA = struct.pack("<6f", 1, 2, 3, 4, 5, 6)
BIG = 1 << 63

Case = tuple[str, str, bytes]


# ---- A file that is whole --------------------------------------------------

def node(number: int, op: str, kind: str = "sequence", **more: object) -> dict:
    """A node of the graph as the format has it."""
    said = {"id": number, "op": op, "version": 1, "kind": kind,
            "type": "float", "rows": 1, "cols": 3}
    said.update({key.rstrip("_"): value for key, value in more.items()})
    return said


def graph() -> dict:
    """h(t) = x(t) + w, h(t) again with k beside it: every list has a use."""
    zeros = {"init": "zeros", "value": 0, "first": 0, "count": 1}
    return {
        "format": 1, "features": [], "axes": ["time"],
        "cells": [{"name": "c", "inputs": [1], "outputs": [4],
                   "states": [{"node": 2, "next": 4}]}],
        "nodes": [
            node(0, "input", name="x", axis=0, limit=0),
            node(1, "cell_input", scope=0, index=0, limit=0),
            node(2, "cell_state", name="h", scope=0, index=0),
            node(3, "parameter", "static", name="w", rank=2, frozen=False,
                 initial=[zeros]),
            node(4, "add", scope=0, inputs=[1, 3]),
            node(5, "unroll", axis=0, inputs=[0], cell=0, given=0),
            node(6, "constant", "static", tensor="k"),
            node(7, "leaky_relu", name="y", axis=0, inputs=[5], alpha=0.5),
        ]}


def tensor(first: int, last: int, shape: list | None = None,
           dtype: str = "F32") -> dict:
    return {"dtype": dtype, "shape": [1, 3] if shape is None else shape,
            "data_offsets": [first, last]}


def header(described: dict | str | None = None) -> dict:
    """The header of a whole file; a graph may take the place of ours."""
    text = described if isinstance(described, str) else json.dumps(
        graph() if described is None else described, separators=(",", ":"))
    return {"__metadata__": {"librnnc.graph": text},
            "k": tensor(0, 12), "w": tensor(12, 24)}


def pack(head: dict | str | bytes, data: bytes = DATA,
         length: int | None = None) -> bytes:
    """A file of a header and data, with its own or another length."""
    if isinstance(head, dict):
        head = json.dumps(head, separators=(",", ":"))
    if isinstance(head, str):
        head = head.encode()
    size = len(head) if length is None else length
    return struct.pack("<Q", size) + head + data


def edited(change: Callable[[dict], None]) -> bytes:
    """The whole file after a change of its header."""
    head = header()
    change(head)
    return pack(head)


def lied(change: Callable[[dict], None]) -> bytes:
    """The whole file after a change of its graph."""
    described = graph()
    change(described)
    return pack(header(described))


def replaced(old: str, new: str) -> bytes:
    """The whole file after a change of its header's text."""
    text = json.dumps(header(), separators=(",", ":"))
    assert old in text, old
    return pack(text.replace(old, new, 1))


# ---- Lengths and what is no header -----------------------------------------

def not_this_format() -> Iterator[Case]:
    others = {
        "empty": b"", "one_byte": b"\x00", "seven_bytes": b"\x02" + b"\0" * 6,
        "pickle": b"\x80\x02}q\x00(X\x01\x00\x00\x00wq\x01cos\nsystem\nq\x02u.",
        "zip": b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + b"\0" * 30,
        "gguf": b"GGUF\x03\x00\x00\x00" + struct.pack("<QQ", 1 << 61, 1 << 61),
        "hdf5": b"\x89HDF\r\n\x1a\n" + b"\0" * 40,
        "numpy": b"\x93NUMPY\x01\x00v\x00{'descr': '<f4'}" + b" " * 30,
        "onnx": b"\x08\x07\x12\x07pytorch\x1a\x03" + b"2.1" + b"\0" * 20,
        "zeros": b"\0" * 64, "ones": b"\xff" * 64,
        "script": b"#!/bin/sh\nexit 1\n",
    }
    for name, content in others.items():
        yield name, FORMAT, content


def lengths() -> Iterator[Case]:
    text = json.dumps(header(), separators=(",", ":"))
    size = len(text)
    for name, length in {
            "length_beyond_file": size + len(DATA) + 1,
            "length_all_ones": (1 << 64) - 1, "length_sign": BIG,
            "length_wraps": (1 << 64) - 8, "length_100mb": 100_000_001,
            "length_zero": 0, "length_one": 1, "length_less": size - 1,
            "length_into_data": size + 4}.items():
        yield name, FORMAT, pack(text, DATA, length)
    yield "no_data", FORMAT, pack(text, b"")
    yield "data_short", FORMAT, pack(text, DATA[:-1])
    yield "data_long", FORMAT, pack(text, DATA + b"\0")
    yield "zip_behind", FORMAT, pack(text, DATA + b"PK\x05\x06" + b"\0" * 18)


# ---- JSON ------------------------------------------------------------------

def json_texts() -> Iterator[Case]:
    texts = {
        "json_array": "[]", "json_string": '"w"', "json_open": "{",
        "json_blank_first": ' {"a":1}', "json_comma": '{"k":1,}',
        "json_colon": '{"k"}', "json_single_quote": "{'k':1}",
        "json_comment": '{/* */"k":1}', "json_word": '{"k":True}',
        "json_nan": '{"k":NaN}', "json_plus": '{"k":+1}',
        "json_octal": '{"k":01}', "json_point": '{"k":.5}',
        "json_point_end": '{"k":1.}', "json_exponent_end": '{"k":1e}',
        "json_hex": '{"k":0x10}', "json_key_number": '{1:1}',
        "json_two": '{}{}', "json_garbage": '{}x', "json_control":
        '{"a\nb":1}', "json_nul_escape": '{"a\\u0000b":1}',
        "json_lone_surrogate": '{"\\ud800":1}',
        "json_low_surrogate": '{"\\udc00":1}',
        "json_bad_escape": '{"\\x41":1}', "json_short_escape": '{"\\u12',
        "json_minus": '{"k":-}', "json_crossed": '{"k":[}]',
    }
    for name, text in texts.items():
        yield name, FORMAT, pack(text, b"")
    raw = {
        "utf8_bom": b"\xef\xbb\xbf{}", "utf8_overlong": b'{"\xc0\xaf":1}',
        "utf8_cut": b'{"\xe2\x82":1}', "utf8_alone": b'{"\x80":1}',
        "utf8_surrogate": b'{"\xed\xa0\x80":1}',
        "utf8_beyond": b'{"\xf5\x80\x80\x80":1}', "nul_byte": b'{"a\0":1}',
        "utf16": '{"k":1}'.encode("utf-16-le"),
    }
    for name, content in raw.items():
        yield name, FORMAT, pack(content, b"")
    yield "deep_arrays", LIMIT, pack('{"k":' + "[" * 3000, b"")
    yield "deep_objects", LIMIT, pack('{"k":' * 3000, b"")
    yield "deep_in_graph", LIMIT, pack(header("[" * 3000))
    yield "deep_closed", LIMIT, pack('{"k":' + "[" * 999 + "]" * 999 + "}", b"")


def duplicates() -> Iterator[Case]:
    yield "duplicate_tensor", FORMAT, replaced('"k":', '"w":')
    yield "duplicate_escaped", FORMAT, replaced('"k":', '"\\u0077":')
    yield "duplicate_member", FORMAT, replaced(
        '"dtype":"F32"', '"dtype":"F64","dtype":"F32"')
    yield "duplicate_metadata", FORMAT, replaced(
        '"k":', '"__metadata__":{},"k":')
    yield "duplicate_parameter", NAME, lied(
        lambda g: g["nodes"][7].update(name="w"))
    yield "duplicate_node_key", FORMAT, replaced(
        '\\"id\\":3', '\\"id\\":3,\\"id\\":3')
    yield "name_too_long", LIMIT, edited(
        lambda h: h.update({"n" * 1025: tensor(24, 24, [0])}))


# ---- Tensors ---------------------------------------------------------------

def offsets() -> Iterator[Case]:
    pairs = {
        "overlap": [11, 23], "same_bytes": [0, 12], "hole": [16, 24],
        "reversed": [24, 12], "beyond": [12, 25], "negative": [-12, 0],
        "huge": [12, BIG], "wraps": [(1 << 64) - 12, 0],
        "beyond_64_bits": [12, 1 << 64], "fraction": [12.5, 24],
        "whole_as_fraction": [12.0, 24.0], "one": [12], "three": [12, 24, 24],
        "none": [], "strings": ["12", "24"], "nested": [[12, 24]],
        "null": None, "object": {"first": 12, "last": 24}, "empty": [12, 12],
        "exponent": [12, 24.0e0],
    }
    for name, pair in pairs.items():
        yield f"offsets_{name}", FORMAT, edited(
            lambda h, p=pair: h["w"].update(data_offsets=p))
    yield "offsets_missing", FORMAT, edited(
        lambda h: h["w"].pop("data_offsets"))
    yield "hole_at_start", FORMAT, pack(
        {"w": tensor(12, 24)}, DATA)
    yield "only_hole", FORMAT, pack({"__metadata__": {}}, DATA)


def shapes() -> Iterator[Case]:
    wrong = {
        "other": [1, 4], "turned": [3, 1], "flat": [3], "product_wraps":
        [1 << 32, 1 << 32, 3], "bytes_wrap": [(1 << 62) + 3],
        "beyond_64_bits": [1 << 64], "sign": [BIG], "negative": [-1, -3],
        "fraction": [1.5, 2], "string": ["1", "3"], "null": [None],
        "nested": [[1, 3]], "number": 3, "huge_empty": [BIG - 1, 0],
    }
    status = {"turned": SHAPE, "flat": SHAPE}
    for name, shape in wrong.items():
        yield f"shape_{name}", status.get(name, FORMAT), edited(
            lambda h, s=shape: h["w"].update(shape=s))
    yield "shape_missing", FORMAT, edited(lambda h: h["w"].pop("shape"))
    yield "shape_rank_9", LIMIT, edited(
        lambda h: h["w"].update(shape=[1] * 8 + [3]))
    yield "shape_rank_1000", LIMIT, edited(
        lambda h: h["w"].update(shape=[1] * 1000))


def dtypes() -> Iterator[Case]:
    for name in ("f32", "F31", "", "F32 ", "float", "\u0046\u0033\u0662"):
        label = name.strip().replace("\u0662", "x") or "empty"
        if name.endswith(" "):
            label += "_blank"
        yield f"dtype_name_{label}", FORMAT, edited(
            lambda h, n=name: h["w"].update(dtype=n))
    yield "dtype_number", FORMAT, edited(lambda h: h["w"].update(dtype=32))
    yield "dtype_missing", FORMAT, edited(lambda h: h["w"].pop("dtype"))
    yield "dtype_I32", SHAPE, edited(lambda h: h["w"].update(dtype="I32"))
    yield "dtype_F64", FORMAT, edited(lambda h: h["w"].update(dtype="F64"))
    yield "dtype_half_bytes", FORMAT, edited(
        lambda h: h["w"].update(dtype="F4", shape=[23]))
    yield "member_more", FORMAT, edited(lambda h: h["w"].update(strides=[3]))
    for name, value in {"number": 3, "string": "w", "null": None,
                        "array": [1, 3], "empty": {}}.items():
        yield f"tensor_{name}", FORMAT, edited(
            lambda h, v=value: h.update(w=v))
    yield "tensor_missing", NAME, pack(
        {**{k: v for k, v in header().items() if k != "w"},
         "v": tensor(12, 24)})


def metadata() -> Iterator[Case]:
    for name, value in {"number": {"a": 1}, "object": {"a": {}},
                        "array": [], "string": "a", "null": None}.items():
        yield f"metadata_{name}", FORMAT, edited(
            lambda h, v=value: h.update(__metadata__=v))
    yield "metadata_missing", FORMAT, edited(lambda h: h.pop("__metadata__"))
    yield "graph_missing", FORMAT, edited(
        lambda h: h.update(__metadata__={"format": "pt"}))
    for name, text in {"empty": "", "word": "null", "array": "[]",
                       "object": "{}", "cut": "{", "text": "model"}.items():
        yield f"graph_{name}", FORMAT, pack(header(text))


# ---- Graphs ----------------------------------------------------------------

def graph_roots() -> Iterator[Case]:
    for key in ("format", "features", "axes", "cells", "nodes"):
        yield f"graph_no_{key}", FORMAT, lied(lambda g, k=key: g.pop(k))
        for name, value in {"null": None, "string": "1", "object": {},
                            "float": 1.5}.items():
            yield f"graph_{key}_{name}", FORMAT, lied(
                lambda g, k=key, v=value: g.update({k: v}))
    yield "graph_format_2", UNSUPPORTED, lied(lambda g: g.update(format=2))
    yield "graph_feature", UNSUPPORTED, lied(
        lambda g: g.update(features=["teleport"]))
    yield "axes_many", LIMIT, lied(
        lambda g: g.update(axes=["time"] + [f"t{i}" for i in range(256)]))
    yield "axes_twice", FORMAT, lied(
        lambda g: g.update(axes=["time", "time"]))
    yield "axes_other", FORMAT, lied(lambda g: g.update(axes=["space"]))
    yield "nodes_none", OK, lied(
        lambda g: g.update(nodes=[], cells=[], axes=["time"]))


def references() -> Iterator[Case]:
    edges = {"self": 4, "forward": 5, "last": 7, "beyond": 8, "negative": -1,
             "wraps": (1 << 32) + 1, "huge": BIG, "fraction": 1.5,
             "string": "1", "null": None, "object": {}}
    for name, edge in edges.items():
        yield f"edge_{name}", FORMAT, lied(
            lambda g, e=edge: g["nodes"][4].update(inputs=[1, e]))
    yield "edge_out_of_cell", FORMAT, lied(
        lambda g: g["nodes"][4].update(inputs=[0, 3]))
    yield "edge_into_cell", FORMAT, lied(
        lambda g: g["nodes"][7].update(inputs=[4]))
    for key, values in {
            "next": {"self": 2, "outside": 0, "later": 7, "beyond": 99,
                     "input": 1},
            "first": {"self": 2, "cell": 4, "later": 6, "input": 0},
            "node": {"other": 1, "outside": 0, "negative": -1}}.items():
        for name, value in values.items():
            yield f"state_{key}_{name}", state_status(key, name), lied(
                lambda g, k=key, v=value:
                g["cells"][0]["states"][0].update({k: v}))
    yield "state_none", FORMAT, lied(
        lambda g: g["cells"][0].update(states=[]))
    yield "state_twice", FORMAT, lied(
        lambda g: g["cells"][0].update(
            states=[{"node": 2, "next": 4}] * 2))
    for name, value in {"self": 5, "beyond": 1, "negative": -1,
                        "wraps": 1 << 32, "huge": BIG}.items():
        yield f"unroll_cell_{name}", FORMAT, lied(
            lambda g, v=value: g["nodes"][5].update(cell=v))


def state_status(key: str, name: str) -> str:
    """What a builder call refuses is a matter of shapes and scopes."""
    if (key, name) in {("next", "self"), ("next", "input")}:
        return OK
    if key == "next" and name == "outside" or key == "first" and name in (
            "self", "cell", "input"):
        return SHAPE
    return FORMAT


def recursion() -> Iterator[Case]:
    """A cell that applies itself, and two that apply each other."""
    def inside(described: dict) -> None:
        described["nodes"][4] = node(4, "unroll", scope=0, inputs=[1], cell=0,
                                     given=0)
    yield "cell_in_itself", FORMAT, lied(inside)

    def each_other(described: dict) -> None:
        described["cells"].append({"name": "d", "inputs": [6], "outputs": [7],
                                   "states": []})
        described["nodes"][4:] = [
            node(4, "unroll", scope=0, inputs=[1], cell=1, given=0),
            node(5, "unroll", axis=0, inputs=[0], cell=0, given=0),
            node(6, "cell_input", scope=1, index=0, limit=0),
            node(7, "unroll", scope=1, inputs=[6], cell=0, given=0)]
    yield "cells_in_each_other", FORMAT, lied(each_other)


def node_members() -> Iterator[Case]:
    for key in ("id", "op", "version", "kind", "type", "rows", "cols"):
        for name, value in {"null": None, "array": [], "negative": -1,
                            "huge": BIG - 1, "text": "x"}.items():
            yield f"node_{key}_{name}", member_status(key, name), lied(
                lambda g, k=key, v=value: g["nodes"][4].update({k: v}))
        yield f"node_no_{key}", member_status(key, "missing"), lied(
            lambda g, k=key: g["nodes"][4].pop(k))
    for name, value in {"number": 3, "null": None, "array": [3],
                        "string": "add"}.items():
        yield f"node_{name}", FORMAT, lied(
            lambda g, v=value: g["nodes"].__setitem__(4, v))
    yield "op_unknown", UNSUPPORTED, lied(
        lambda g: g["nodes"][4].update(op="exec"))
    yield "op_version_2", UNSUPPORTED, lied(
        lambda g: g["nodes"][4].update(version=2))
    yield "op_other_count", FORMAT, lied(
        lambda g: g["nodes"][4].update(op="select"))
    yield "scope_beyond", FORMAT, lied(
        lambda g: g["nodes"][4].update(scope=1))
    yield "scope_missing", FORMAT, lied(lambda g: g["nodes"][4].pop("scope"))


def member_status(key: str, name: str) -> str:
    if key == "op" or key == "version" and name in ("negative", "huge"):
        return UNSUPPORTED
    return FORMAT


def parameters() -> Iterator[Case]:
    sizes = {"zero": 0, "negative": -3, "more": 4, "huge": BIG - 1,
             "wraps": (1 << 62) + 1}
    for name, cols in sizes.items():
        yield f"parameter_cols_{name}", SHAPE, lied(
            lambda g, c=cols: g["nodes"][3].update(cols=c))
        yield f"input_cols_{name}", SHAPE if name == "more" else FORMAT, lied(
            lambda g, c=cols: g["nodes"][0].update(cols=c))
    for name, text in {"empty": "", "path": "../../w", "control": "\u0001",
                       "long": "n" * 256, "nul": "w\u0000"}.items():
        yield f"parameter_name_{name}", name_status(name), lied(
            lambda g, t=text: g["nodes"][3].update(name=t))
    for name, rank in {"0": 0, "3": 3, "huge": BIG - 1}.items():
        yield f"parameter_rank_{name}", FORMAT, lied(
            lambda g, r=rank: g["nodes"][3].update(rank=r))
    yield "parameter_no_initial", FORMAT, lied(
        lambda g: g["nodes"][3].update(initial=[]))
    yield "parameter_many_initials", FORMAT, lied(
        lambda g: g["nodes"][3].update(
            initial=[{"init": "zeros"}] * 4097))
    yield "initial_rows_wrap", FORMAT, lied(
        lambda g: g["nodes"][3]["initial"].append(
            {"init": "zeros", "value": 0, "first": 1, "count": BIG - 1}))
    yield "constant_path", NAME, lied(
        lambda g: g["nodes"][6].update(tensor="/etc/passwd"))
    yield "constant_is_weight", OK, lied(
        lambda g: g["nodes"][6].update(tensor="w"))
    for name, value in {"infinite": 1e39, "null": None,
                        "string": "0.5"}.items():
        yield f"number_{name}", FORMAT, lied(
            lambda g, v=value: g["nodes"][7].update(alpha=v))


def name_status(name: str) -> str:
    return {"long": LIMIT, "nul": FORMAT}.get(name, NAME)


# ---- All -------------------------------------------------------------------

GROUPS = (not_this_format, lengths, json_texts, duplicates, offsets, shapes,
          dtypes, metadata, graph_roots, references, recursion, node_members,
          parameters)


def cases() -> Iterator[Case]:
    yield "whole", OK, pack(header())
    for group in GROUPS:
        yield from group()


def wanted() -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    lines = []
    for name, status, content in cases():
        assert name not in files, name
        files[name + ".safetensors"] = content
        lines.append(f"{status} {name}.safetensors\n")
    files["manifest.txt"] = "".join(lines).encode()
    return files


def main() -> int:
    files = wanted()
    if "--check" in sys.argv:
        there = {path.name for path in HERE.iterdir()
                 if path.suffix in (".safetensors", ".txt")}
        bad = [name for name in sorted(there | files.keys())
               if name not in there or name not in files
               or (HERE / name).read_bytes() != files[name]]
        print(*bad, f"{len(files)} files, {len(bad)} differ", sep="\n")
        return 1 if bad else 0
    for name, content in files.items():
        (HERE / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
