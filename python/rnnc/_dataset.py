# SPDX-License-Identifier: MIT
"""Examples to learn from."""
from __future__ import annotations

import ctypes
from typing import Any

from . import _array
from ._abi import constants
from ._array import Array
from ._error import ShapeError
from ._graph import Graph, Node
from ._handle import Handle
from ._input import batch_of
from ._library import lib
from ._sequence import Data, addresses_of


class Dataset(Handle):
    """What every example has at each input of a graph.

    An example is one sequence with all that belongs to it. `Trainer` makes
    batches of them. Dense arrays of float32 or int32 are read where they are,
    so they must stay as they are while it is used.

    Parameters
    ----------
    graph : Graph
    """

    _noun = "dataset"

    def __init__(self, graph: Graph) -> None:
        # Whoever uses the dataset reads them.
        self._arrays: dict[Node, Any] = {}
        self._take(lib.rnnc_dataset_create(graph._owner), graph._owner,
                   self._arrays)

    def set(self, input: Node, values: Data) -> None:
        """Say what all examples have at one input.

        Parameters
        ----------
        input : Node
            A sequence or batch input of the graph.
        values : array_like or list of arrays
            For a sequence input an array [time, features] or [time] of ids
            for each example; for a batch input [count, features] or [count]
            ids.
        """
        if input.kind == constants.SEQUENCE:
            return self._set_sequences(input, values)
        array = batch_of(input, values)
        call = (lib.rnnc_dataset_batch_ids if input.type == constants.IDS
                else lib.rnnc_dataset_batch)
        self._check(call(self._owner, input, array, len(array)))
        self._arrays[input] = array

    def _set_sequences(self, input: Node, values: Any) -> None:
        arrays = [_example(input, row, place)
                  for place, row in enumerate(values)]
        ids = input.type == constants.IDS
        addresses, lengths = addresses_of(
            arrays, ctypes.c_int32 if ids else ctypes.c_float)
        call = lib.rnnc_dataset_ids if ids else lib.rnnc_dataset_rows
        self._check(call(self._owner, input, addresses, lengths, len(arrays)))
        self._arrays[input] = arrays

    def __len__(self) -> int:
        return int(lib.rnnc_dataset_count(self._owner))

    def __repr__(self) -> str:
        if self.closed:
            return "<rnnc.Dataset, closed>"
        return f"<rnnc.Dataset of {len(self)} examples>"


def _example(input: Node, values: Any, place: int) -> Array:
    """[time, features] of a float input, [time] of one of ids."""
    if input.type == constants.IDS:
        ids = _array.ids(values)
        if ids.ndim != 1:
            raise ShapeError(f"example {place} of {input!r} is an array of "
                             f"{ids.shape}, expected [time]")
        return ids
    rows = _array.floats(values)
    if rows.ndim != 2 or rows.shape[1] != input.cols:
        raise ShapeError(f"example {place} of {input!r} is an array of "
                         f"{rows.shape}, expected [time, {input.cols}]")
    return rows
