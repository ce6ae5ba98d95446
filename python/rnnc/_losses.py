# SPDX-License-Identifier: MIT
"""Losses. Rows count alike, whatever sequence they belong to."""
from __future__ import annotations

import ctypes
from typing import Optional

from ._abi import constants, types
from ._graph import Node, Operand, as_node, call
from ._library import lib, struct_of


def cross_entropy(logits: Node, ids: Node, *,
                  reduction: int = constants.REDUCE_MEAN,
                  ignore_index: Optional[int] = -100,
                  smoothing: float = 0.0,
                  class_weights: Optional[Operand] = None) -> Node:
    """-log softmax(logits)[id], as ``torch.nn.CrossEntropyLoss``.

    Parameters
    ----------
    logits : Node
        [.., classes] of any kind
    ids : Node
        an id below classes for each row of logits
    reduction : int
        One of ``REDUCE_``.
    ignore_index : int or None
        Rows with this id count for nothing.
    smoothing : float
        Share of the target spread over all classes, 0 up to but not 1.
    class_weights : Node or array, optional
        static [1, classes], without gradient; all 1 if not given

    Returns
    -------
    Node
        static [1, 1]; 0 where no row counts; or a column
    """
    weights = None if class_weights is None else as_node(class_weights,
                                                         logits)
    options = struct_of(
        types.rnnc_cross_entropy_options, reduction=reduction,
        has_ignore=int(ignore_index is not None),
        ignore_index=ignore_index or 0, smoothing=smoothing,
        class_weights=weights and weights._as_parameter_)
    return logits._made(lib.rnnc_cross_entropy_with(
        logits, ids, ctypes.byref(options)))


def binary_cross_entropy(logits: Node, targets: Operand,
                         reduction: int = constants.REDUCE_MEAN) -> Node:
    """softplus(x) - x y, as ``torch.nn.BCEWithLogitsLoss``.

    Parameters
    ----------
    logits : Node
    targets : Node
        the same shape, from 0 to 1
    reduction : int
        One of ``REDUCE_``.

    Returns
    -------
    Node
        static [1, 1], or a column
    """
    return call("binary_cross_entropy", logits, as_node(targets, logits),
                reduction)


def mse(a: Node, b: Operand, reduction: int = constants.REDUCE_MEAN) -> Node:
    """(a - b)^2.

    Parameters
    ----------
    a, b : Node
        of one shape
    reduction : int
        One of ``REDUCE_``.

    Returns
    -------
    Node
        static [1, 1], or a column
    """
    return call("mse", a, as_node(b, a), reduction)


def huber(a: Node, b: Operand, delta: float = 1.0,
          reduction: int = constants.REDUCE_MEAN) -> Node:
    """As ``torch.nn.HuberLoss``: quadratic up to delta, linear beyond.

    Parameters
    ----------
    a, b : Node
        of one shape
    delta : float
        More than 0.
    reduction : int
        One of ``REDUCE_``.

    Returns
    -------
    Node
        static [1, 1], or a column
    """
    return call("huber", a, as_node(b, a), delta, reduction)


def l2_penalty(value: Node, scale: float) -> Node:
    """scale times the sum of the squares, to be added to a loss.

    Parameters
    ----------
    value : Node
        static, usually a parameter
    scale : float
        Finite.

    Returns
    -------
    Node
        static [1, 1]
    """
    return call("l2_penalty", value, scale)


def total(x: Node) -> Node:
    """The sum of all elements of all rows.

    Parameters
    ----------
    x : Node
        floats of any kind, not inside a cell

    Returns
    -------
    Node
        static [1, 1]
    """
    return call("total", x)
