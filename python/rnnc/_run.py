# SPDX-License-Identifier: MIT
"""Executing a plan over sequences."""
from __future__ import annotations

import ctypes
from typing import Any, Optional, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _array
from ._abi import constants
from ._array import Floats
from ._error import ShapeError, StateError
from ._graph import Node
from ._handle import Handle, Owner
from ._input import batch_of, sequence_of, static_of
from ._library import lib, text_of
from ._plan import Plan
from ._sequence import Data, padded_shape
from ._weights import Weights


class Run(Handle):
    """A plan with values, memory and the sequences in hand.

    A call that fails changes nothing. One run is used by one thread at a
    time; calls release Python's lock.

    Parameters
    ----------
    plan : Plan
        For ``INFER`` or ``TRAIN``.
    weights : Weights
        Of the same graph.

    Attributes
    ----------
    plan : Plan
    weights : Weights
    """

    _noun = "run"

    def __init__(self, plan: Plan, weights: Weights) -> None:
        # A call under way needs them, whoever closes the run meanwhile.
        self._inputs: dict[Node, Owner] = {}
        self._take(lib.rnnc_run_create(plan._owner, weights._owner),
                   plan._owner, weights._owner, self._inputs)
        self.plan, self.weights = plan, weights

    @classmethod
    def _of(cls, address: int, plan: Plan, weights: Weights,
            inputs: dict[Node, Owner], *keep: Any) -> Run:
        """A run that belongs to something else, which keeps its inputs."""
        run = cls.__new__(cls)
        run._inputs = inputs
        run._borrow(address, plan._owner, inputs, *keep)
        run.plan, run.weights = plan, weights
        return run

    def close(self) -> None:
        """Let go of it and of its inputs; safe to call twice."""
        super().close()
        self._inputs = {}

    def reserve(self, batch: int, longest: int, total_rows: int) -> None:
        """Make room, so that later passes within these limits do not.

        Parameters
        ----------
        batch : int
            Sequences of a batch at most.
        longest : int
            Steps of the longest sequence at most.
        total_rows : int
            Steps of all sequences together at most.
        """
        self._check(lib.rnnc_run_reserve(self._owner, batch, longest,
                                         total_rows))

    def budget(self, bytes: int) -> None:
        """Bound the memory of the run; no bit of a result depends on it.

        Parameters
        ----------
        bytes : int
            0: no bound.
        """
        self._check(lib.rnnc_run_budget(self._owner, bytes))

    def measure(self, keep: int, batch: int, longest: int,
                total_rows: int) -> int:
        """Tell what passes would take, without making room for them.

        Parameters
        ----------
        keep : int
            One of ``KEEP_``.
        batch, longest, total_rows : int
            As for `reserve`.

        Returns
        -------
        int
            bytes
        """
        size = ctypes.c_int64()
        self._check(lib.rnnc_run_measure(self._owner, keep, batch, longest,
                                         total_rows, ctypes.byref(size)))
        return size.value

    def input(self, node: Node, values: Data) -> None:
        """Set an input.

        Parameters
        ----------
        node : Node
            An input of the graph.
        values : Sequence or array_like
            For a sequence input a `Sequence`, which is read where it is and
            may be filled anew between passes, or what makes one; for a batch
            input [batch, features] or [batch] ids; for a static one
            [rows, cols]. Arrays are copied.
        """
        if node.kind == constants.SEQUENCE:
            sequence = sequence_of(node, values)
            self._check(lib.rnnc_run_input(self._owner, node,
                                           sequence._owner))
            self._inputs[node] = sequence._owner
        elif node.kind == constants.BATCH:
            self._input_batch(node, values)
        else:
            array = static_of(node, values)
            self._check(lib.rnnc_run_input_static(self._owner, node, array))

    def _input_batch(self, node: Node, values: Any) -> None:
        array = batch_of(node, values)
        call = (lib.rnnc_run_input_batch_ids if node.type == constants.IDS
                else lib.rnnc_run_input_batch)
        self._check(call(self._owner, node, array, len(array)))

    def carry(self, carried: Union[bool, ArrayLike]) -> None:
        """Say which sequences of the next pass go on from the last one.

        Parameters
        ----------
        carried : bool or array_like of bool
            For each sequence; one for all of them.
        """
        if isinstance(carried, (bool, np.bool_)):
            carried = np.full(self.batch, bool(carried))
        rows = _array.flags(carried)
        self._check(lib.rnnc_run_carry(self._owner, rows, rows.size))

    @property
    def state_count(self) -> int:
        """Floats that one sequence carries to the next pass."""
        return int(lib.rnnc_run_state_count(self._owner))

    def state_get(self) -> Floats:
        """The states that the last forward pass has left.

        Returns
        -------
        array
            [batch, state_count]
        """
        states = np.empty((self.batch, self.state_count), dtype=np.float32)
        self._check(lib.rnnc_run_state_get(self._owner, states))
        return states

    def state_set(self, states: ArrayLike) -> None:
        """Set the states as if a pass had left them.

        Parameters
        ----------
        states : array_like
            [batch, state_count], of a run of a like plan.
        """
        array = _array.floats(states)
        if array.ndim != 2 or array.shape[1] != self.state_count:
            raise ShapeError(f"states are an array of {array.shape}, expected "
                             f"[batch, {self.state_count}]")
        self._check(lib.rnnc_run_state_set(self._owner, array, len(array)))

    def seed(self, seed: int, counter: int = 0) -> None:
        """Set what the masks of dropout are drawn from.

        Parameters
        ----------
        seed : int
        counter : int
            Of the next forward pass.
        """
        self._check(lib.rnnc_run_seed(self._owner, seed, counter))

    def forward(self) -> None:
        """Compute outputs and loss."""
        self._check(lib.rnnc_run_forward(self._owner))

    def backward(self) -> None:
        """Compute gradients and add those of parameters to the weights'."""
        self._check(lib.rnnc_run_backward(self._owner))

    def loss(self) -> float:
        """The loss of the last forward pass."""
        loss = ctypes.c_float()
        self._check(lib.rnnc_run_loss(self._owner, ctypes.byref(loss)))
        return loss.value

    @property
    def batch(self) -> int:
        """Sequences of the last forward pass."""
        return int(lib.rnnc_run_batch(self._owner))

    def lengths(self, output: Node) -> NDArray[np.int64]:
        """Steps of each sequence of an output.

        Parameters
        ----------
        output : Node
            One of the plan's sequence outputs.
        """
        lengths = np.empty(self.batch + 1, dtype=np.int64)
        self._check(lib.rnnc_run_lengths(self._owner, output, lengths))
        return lengths[:-1]

    def get(self, output: Node, *, layout: int = constants.BATCH_MAJOR,
            padding: float = 0.0, out: Optional[Floats] = None) -> Floats:
        """An output of the last forward pass.

        Parameters
        ----------
        output : Node
            One of the plan's outputs.
        layout : int
            Of a sequence output.
        padding : float
            What stands beyond the end of a sequence.
        out : array, optional
            Where to write.

        Returns
        -------
        array
            static [rows, cols], batch [batch, cols], sequence padded
            [batch, time, cols] or [time, batch, cols]
        """
        owner, batch = self._owner, self.batch
        if output.kind != constants.SEQUENCE:
            static = output.kind == constants.STATIC
            rows = output.rows if static else batch
            values: Floats = _array.receiver(out, (rows, output.cols))
            self._check((lib.rnnc_run_get_static if static else
                         lib.rnnc_run_get_batch)(owner, output, values))
            return values
        lengths = self.lengths(output)
        time = int(lengths.max()) if batch else 0
        values = _array.receiver(out, padded_shape(batch, time, output.cols,
                                                   layout))
        self._check(lib.rnnc_run_get_padded(owner, output, values, time,
                                            layout, padding))
        return values

    def get_rows(self, output: Node, row: int) -> Floats:
        """One sequence of a sequence output.

        Parameters
        ----------
        output : Node
        row : int
            Which sequence.

        Returns
        -------
        array
            [time, cols]
        """
        lengths = self.lengths(output)
        if not 0 <= row < len(lengths):
            raise IndexError(f"row {row} of {len(lengths)}")
        values = np.empty((lengths[row], output.cols), dtype=np.float32)
        self._check(lib.rnnc_run_get_rows(self._owner, output, row, values))
        return values

    def gradient(self, input: Node, *, layout: int = constants.BATCH_MAJOR,
                 padding: float = 0.0, out: Optional[Floats] = None
                 ) -> Floats:
        """The gradient by an input that the plan names.

        Parameters
        ----------
        input : Node
            One of the plan's `gradients`.
        layout, padding, out
            As for `get`.

        Returns
        -------
        array
            laid out as by `get`
        """
        owner, batch = self._owner, self.batch
        if input.kind != constants.SEQUENCE:
            static = input.kind == constants.STATIC
            rows = input.rows if static else batch
            values: Floats = _array.receiver(out, (rows, input.cols))
            self._check((lib.rnnc_run_gradient_static if static else
                         lib.rnnc_run_gradient_batch)(owner, input, values))
            return values
        if input not in self._inputs:
            raise StateError(f"{input!r} is not set")
        time = int(lib.rnnc_sequence_longest(self._inputs[input]))
        values = _array.receiver(out, padded_shape(batch, time, input.cols,
                                                   layout))
        self._check(lib.rnnc_run_gradient_padded(owner, input, values, time,
                                                 layout, padding))
        return values

    @property
    def memory(self) -> int:
        """Bytes that it holds, without packed weights."""
        return int(lib.rnnc_run_memory(self._owner))

    @property
    def row_memory(self) -> int:
        """The part of `memory` that holds rows."""
        return int(lib.rnnc_run_row_memory(self._owner))

    @property
    def kept(self) -> int:
        """What the last pass kept: one of ``KEEP_``, or -1."""
        return int(lib.rnnc_run_kept(self._owner))

    @property
    def isa(self) -> str:
        """The instruction set its kernels use."""
        return text_of(lib.rnnc_run_isa(self._owner))

