# SPDX-License-Identifier: MIT
"""Operations over the features of rows."""
from __future__ import annotations

from collections.abc import Sequence

from . import _array
from ._error import ArgumentError
from ._graph import Node, Operand, as_node, call
from ._library import lib


def concat(parts: Sequence[Node]) -> Node:
    """Put values side by side.

    Parameters
    ----------
    parts : sequence of Node
        All static with equal rows, or all of one kind and axis.

    Returns
    -------
    Node
        columns of all parts, in their order
    """
    if not parts:
        raise ArgumentError("concat: at least one part")
    return parts[0]._made(
        lib.rnnc_concat(_array.pointers(parts), len(parts)))


def slice(x: Node, first: int, count: int) -> Node:
    """Some columns.

    Parameters
    ----------
    x : Node
        floats of any kind
    first, count : int

    Returns
    -------
    Node
        [.., count] of the kind of x
    """
    return call("slice", x, first, count)


def rows(value: Node, first: int, count: int) -> Node:
    """Some rows of a static value, such as one gate's part of a matrix.

    Parameters
    ----------
    value : Node
        static [rows, cols]
    first, count : int

    Returns
    -------
    Node
        static [count, cols]
    """
    return call("rows", value, first, count)


def sum(x: Node) -> Node:
    """Sum over the features of each row.

    Parameters
    ----------
    x : Node

    Returns
    -------
    Node
        one column
    """
    return call("sum", x)


def mean(x: Node) -> Node:
    """Mean over the features of each row.

    Parameters
    ----------
    x : Node

    Returns
    -------
    Node
        one column
    """
    return call("mean", x)


def softmax(x: Node) -> Node:
    """exp(x) over its sum, for each row.

    Parameters
    ----------
    x : Node

    Returns
    -------
    Node
        the shape of x
    """
    return call("softmax", x)


def log_softmax(x: Node) -> Node:
    """log of `softmax`, without the loss of digits.

    Parameters
    ----------
    x : Node

    Returns
    -------
    Node
        the shape of x
    """
    return call("log_softmax", x)


def layer_norm(x: Node, gain: Operand, bias: Operand,
               epsilon: float = 1e-5) -> Node:
    """Layer normalisation over the features of each row.

    Parameters
    ----------
    x : Node
        [.., n] of any kind
    gain, bias : Node
        static [1, n]
    epsilon : float
        More than 0.

    Returns
    -------
    Node
        the shape of x
    """
    return call("layer_norm", x, as_node(gain, x), as_node(bias, x), epsilon)


def normalize(x: Node, epsilon: float = 1e-5) -> Node:
    """`layer_norm` without gain and bias.

    Parameters
    ----------
    x : Node
    epsilon : float
        More than 0.

    Returns
    -------
    Node
        the shape of x
    """
    return call("normalize", x, epsilon)


def dropout(x: Node, rate: float) -> Node:
    """In training, set elements to 0 and scale the rest; else x itself.

    Parameters
    ----------
    x : Node
        A batch value is masked once a sequence.
    rate : float
        Probability, 0 up to but not 1.

    Returns
    -------
    Node
        the shape of x
    """
    return call("dropout", x, rate)
