# SPDX-License-Identifier: MIT
"""The textbook: what a graph means, in double precision."""
from __future__ import annotations

import ctypes
import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _array
from ._abi import constants
from ._error import StateError
from ._graph import Node
from ._handle import Handle
from ._input import batch_of, sequence_of, static_of
from ._library import lib
from ._sequence import Data
from ._weights import Weights

Doubles = NDArray[np.float64]


class Reference(Handle):
    """A graph with its parameters in double precision, and inputs.

    Slow and literal; to compare a run with, and to check one's own cell.

    Parameters
    ----------
    weights : Weights
        Copied; nodes made afterwards do not exist for it.
    """

    _noun = "reference"

    def __init__(self, weights: Weights) -> None:
        self._take(lib.rnnc_reference_create(weights._owner),
                   weights._owner)
        self._batch = 0
        self._longest: dict[str, int] = {}

    def input(self, node: Node, values: Data) -> None:
        """Set an input; it is copied.

        Parameters
        ----------
        node : Node
        values : Sequence or array_like
            As for ``Run.input``.
        """
        if node.kind == constants.SEQUENCE:
            sequence = sequence_of(node, values)
            self._check(lib.rnnc_reference_input(self._owner, node,
                                                 sequence._owner))
            self._batch = sequence.batch
            self._longest[node.axis or ""] = sequence.longest
        elif node.kind == constants.BATCH:
            array = batch_of(node, values)
            call = (lib.rnnc_reference_input_batch_ids
                    if node.type == constants.IDS
                    else lib.rnnc_reference_input_batch)
            self._check(call(self._owner, node, array, len(array)))
            self._batch = len(array)
        else:
            array = static_of(node, values)
            self._check(lib.rnnc_reference_input_static(self._owner, node,
                                                        array))

    def train(self, train: bool, seed: int = 0, counter: int = 0) -> None:
        """Say whether dropout is on; it is off unless said.

        Parameters
        ----------
        train : bool
        seed, counter : int
            As of the run whose masks are wanted.
        """
        self._check(lib.rnnc_reference_train(self._owner, int(train), seed,
                                             counter))

    def carry(self, carried: ArrayLike) -> None:
        """End a window, and keep its states for the rows marked.

        Parameters
        ----------
        carried : array_like of bool
            For each sequence.
        """
        rows = _array.flags(carried)
        self._check(lib.rnnc_reference_carry(self._owner, rows, rows.size))

    def _empty(self, node: Node) -> Doubles:
        if node.kind == constants.STATIC:
            return np.empty((node.rows, node.cols))
        if node.kind == constants.BATCH:
            return np.empty((self._batch, node.cols))
        axis = node.axis or ""
        if axis not in self._longest:
            raise StateError(f"no input of the axis '{axis}' is set")
        return np.empty((self._batch, self._longest[axis], node.cols))

    def value(self, node: Node) -> Doubles:
        """The value of a node.

        Parameters
        ----------
        node : Node

        Returns
        -------
        array of float64
            static [rows, cols], batch [batch, cols], sequence padded with 0
            [batch, time, cols]
        """
        values = self._empty(node)
        self._check(lib.rnnc_reference_value(self._owner, node, values,
                                             values.size))
        return values

    def gradient(self, loss: Node, of: Node) -> Doubles:
        """The gradient of a loss.

        Parameters
        ----------
        loss : Node
            static [1, 1]
        of : Node
            A parameter, or an input that has no ids.

        Returns
        -------
        array of float64
            laid out as by `value`
        """
        values = self._empty(of)
        self._check(lib.rnnc_reference_gradient(self._owner, loss, of, values,
                                                values.size))
        return values

    def difference(self, loss: Node, of: Node, h: float = 1e-5) -> Doubles:
        """The same by central differences.

        Parameters
        ----------
        loss, of : Node
        h : float
            How far each element is moved.

        Returns
        -------
        array of float64
        """
        values = self._empty(of)
        self._check(lib.rnnc_reference_difference(self._owner, loss, of, h,
                                                  values, values.size))
        return values

    @property
    def kink(self) -> float:
        """How near the last evaluation came to a kink or a jump."""
        return float(lib.rnnc_reference_kink(self._owner))

    def check(self, loss: Node, h: float = 1e-5) -> float:
        """Check every gradient of a loss against central differences.

        Parameters
        ----------
        loss : Node
        h : float

        Returns
        -------
        float
            the greatest |gradient - difference| / (1 + |difference|)
        """
        worst = ctypes.c_double()
        self._check(lib.rnnc_reference_check(self._owner, loss, h,
                                             ctypes.byref(worst)))
        return worst.value
