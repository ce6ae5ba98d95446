# SPDX-License-Identifier: MIT
"""What inputs of each kind take, for runs, streams and references."""
from __future__ import annotations

from typing import Any

from . import _array
from ._abi import constants
from ._array import Array, Floats
from ._error import ArgumentError, ShapeError
from ._graph import Node
from ._sequence import Sequence


def sequence_of(node: Node, values: Any) -> Sequence:
    """A `Sequence` itself, or a new one of the data."""
    if isinstance(values, Sequence):
        return values
    made = Sequence()
    if node.type != constants.IDS:
        made.set(values)
    elif isinstance(values, (list, tuple)):
        made.set_ids(values)
    else:
        made.set_padded_ids(values)
    return made


def batch_of(node: Node, values: Any) -> Array:
    """[batch, features], or [batch] ids."""
    if isinstance(values, Sequence):
        raise ArgumentError(f"{node!r} takes an array, not a Sequence")
    if node.type == constants.IDS:
        ids = _array.ids(values)
        if ids.ndim != 1:
            raise ShapeError(f"{node!r}: an array of {ids.shape}, expected "
                             "[batch]")
        return ids
    rows = _array.floats(values)
    if rows.ndim != 2 or rows.shape[1] != node.cols:
        raise ShapeError(f"{node!r}: an array of {rows.shape}, expected "
                         f"[batch, {node.cols}]")
    return rows


def static_of(node: Node, values: Any) -> Floats:
    """[rows, cols]."""
    return _array.shaped(_array.floats(values), (node.rows, node.cols),
                         repr(node))
