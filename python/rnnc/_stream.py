# SPDX-License-Identifier: MIT
"""One step or a chunk at a time."""
from __future__ import annotations

import ctypes
from typing import Optional

import numpy as np
from numpy.typing import ArrayLike

from . import _array
from ._abi import constants
from ._array import Array, Floats
from ._error import ShapeError, StateError
from ._graph import Node
from ._handle import Handle, Owner
from ._input import batch_of, sequence_of, static_of
from ._library import lib
from ._plan import Plan
from ._sequence import Data, padded_shape
from ._weights import Weights


class Stream(Handle):
    """Rows whose states go on from call to call.

    ``stream.in_(x)`` and ``stream.out(y)`` are views of the stream's own
    memory: write into the one, `step`, read the other. They stay valid as
    long as somebody holds them.

    Parameters
    ----------
    plan : Plan
        For ``STREAM``.
    weights : Weights
        Of the same graph.
    rows : int
        How many sequences step together.

    Attributes
    ----------
    plan : Plan
    weights : Weights
    rows : int
    """

    _noun = "stream"

    def __init__(self, plan: Plan, weights: Weights, rows: int = 1) -> None:
        # A call under way needs them, whoever closes the stream meanwhile.
        self._sequences: dict[Node, Owner] = {}
        self._take(lib.rnnc_stream_create(plan._owner, weights._owner, rows),
                   plan._owner, weights._owner, self._sequences)
        self.plan, self.weights, self.rows = plan, weights, rows

    def close(self) -> None:
        """Let go of it; views of it stay valid. Safe to call twice."""
        super().close()
        self._sequences = {}

    def begin(self) -> None:
        """Compute what does not move, and set all rows to first states.

        The first step or chunk does it where it was not done.
        """
        self._check(lib.rnnc_stream_begin(self._owner))

    def threads(self, threads: int) -> None:
        """Ask for threads that share steps and chunks; the same bits.

        Parameters
        ----------
        threads : int
            1: the caller's alone, as at first; 0: as many as the context
            has.
        """
        self._check(lib.rnnc_stream_threads(self._owner, threads))

    def in_(self, input: Node) -> Array:
        """A view of where an input of the next step is written.

        Parameters
        ----------
        input : Node
            A sequence input on the stream's axis.

        Returns
        -------
        array
            [rows, features] floats or [rows] ids, writable
        """
        if input.type == constants.IDS:
            address = self._place(lib.rnnc_stream_in_ids(self._owner, input))
            ids: Array = _array.view(address, ctypes.c_int32, (self.rows,),
                                     self._owner, True)
            return ids
        address = self._place(lib.rnnc_stream_in(self._owner, input))
        rows: Array = _array.view(address, ctypes.c_float,
                                  (self.rows, input.cols), self._owner, True)
        return rows

    def out(self, output: Node) -> Floats:
        """A view of where an output is after a step.

        Parameters
        ----------
        output : Node
            One of the plan's outputs.

        Returns
        -------
        array
            [rows, cols], read-only; the values change with the next step
        """
        address = self._place(lib.rnnc_stream_out(self._owner, output))
        rows = (output.rows if output.kind == constants.STATIC
                else self.rows)
        values: Floats = _array.view(address, ctypes.c_float,
                                     (rows, output.cols), self._owner, False)
        return values

    def _place(self, pointer: object) -> int:
        address = ctypes.cast(pointer, ctypes.c_void_p).value  # type: ignore
        if address is None:
            self._check(lib.rnnc_stream_status(self._owner))
        return address or 0

    def step(self) -> None:
        """One step of all rows."""
        self._check(lib.rnnc_stream_step(self._owner))

    def input(self, node: Node, values: Data) -> None:
        """Set what does not come step by step.

        A batch or static input, by copying, or a sequence on another axis; a
        stream under way ends then. On the stream's own axis: what the next
        `chunk` goes over.

        Parameters
        ----------
        node : Node
            An input of the graph.
        values : Sequence or array_like
            As for ``Run.input``.
        """
        if node.kind == constants.SEQUENCE:
            sequence = sequence_of(node, values)
            self._check(lib.rnnc_stream_chunk_input(self._owner, node,
                                                    sequence._owner))
            self._sequences[node] = sequence._owner
        elif node.kind == constants.BATCH:
            array = batch_of(node, values)
            if len(array) != self.rows:
                raise ShapeError(f"{node!r}: {len(array)} rows, the stream "
                                 f"has {self.rows}")
            self._check(lib.rnnc_stream_input_batch(self._owner, node, array))
        else:
            array = static_of(node, values)
            self._check(lib.rnnc_stream_input_static(self._owner, node,
                                                     array))

    def chunk(self) -> None:
        """Many steps in one call, over the sequences that `input` set."""
        self._check(lib.rnnc_stream_chunk(self._owner))

    def chunk_reserve(self, longest: int) -> None:
        """Make room, so that chunks with no more steps allocate nothing.

        Parameters
        ----------
        longest : int
            Steps of a row at most.
        """
        self._check(lib.rnnc_stream_chunk_reserve(self._owner, longest))

    def chunk_get(self, output: Node, *,
                  layout: int = constants.BATCH_MAJOR, padding: float = 0.0,
                  out: Optional[Floats] = None) -> Floats:
        """A sequence output of the last chunk.

        Parameters
        ----------
        output : Node
            One of the plan's outputs, on the stream's axis.
        layout, padding, out
            As for ``Run.get``.

        Returns
        -------
        array
            [rows, time, cols] or [time, rows, cols]
        """
        time = max((int(lib.rnnc_sequence_longest(owner))
                    for node, owner in self._sequences.items()
                    if node.axis == output.axis), default=0)
        values: Floats = _array.receiver(out, padded_shape(
            self.rows, time, output.cols, layout))
        self._check(lib.rnnc_stream_chunk_padded(
            self._owner, output, values, time, layout, padding))
        return values

    def reset(self, row: int = -1) -> None:
        """Set a row back to its first states.

        Parameters
        ----------
        row : int
            -1: all.
        """
        self._check(lib.rnnc_stream_reset(self._owner, row))

    @property
    def state_count(self) -> int:
        """Floats of all states of one row."""
        return int(lib.rnnc_stream_state_count(self._owner))

    def state_get(self, row: int = 0) -> Floats:
        """All states of a row, in the plan's order.

        Parameters
        ----------
        row : int
        """
        state = np.empty(self.state_count, dtype=np.float32)
        self._check(lib.rnnc_stream_state_get(self._owner, row, state))
        return state

    def state_set(self, state: ArrayLike, row: int = 0) -> None:
        """Set all states of a row to what `state_get` gave.

        Parameters
        ----------
        state : array_like
        row : int
        """
        array = _array.floats(state)
        if array.shape != (self.state_count,):
            raise ShapeError(f"a state of {array.shape}, expected "
                             f"({self.state_count},)")
        self._check(lib.rnnc_stream_state_set(self._owner, row, array))

    def reorder(self, source: ArrayLike) -> None:
        """Give rows the states of other rows, as a beam search does.

        Parameters
        ----------
        source : array_like
            Row r goes on from the states of row ``source[r]``.
        """
        array = np.ascontiguousarray(_array.ids(source), dtype=np.int64)
        if array.shape != (self.rows,):
            raise ShapeError(f"an array of {array.shape}, expected "
                             f"({self.rows},)")
        self._check(lib.rnnc_stream_reorder(self._owner, array))

    def copy_row(self, row: int, source: Stream, source_row: int) -> None:
        """Give a row the states of a row of another stream, or of this one.

        Parameters
        ----------
        row : int
        source : Stream
            Of the same plan, and begun.
        source_row : int
        """
        if source.closed:
            raise StateError("the source is closed")
        self._check(lib.rnnc_stream_copy_row(self._owner, row, source._owner,
                                             source_row))

    def refresh(self) -> None:
        """Move to the newest version of the weights; states stay."""
        self._check(lib.rnnc_stream_refresh(self._owner))
