# SPDX-License-Identifier: MIT
"""What crosses the rows of a sequence, besides unrolling. Not in a cell."""
from __future__ import annotations

from ._graph import Node, call


def pool(x: Node, mode: int) -> Node:
    """One row of each sequence.

    Parameters
    ----------
    x : Node
        sequence [n]
    mode : int
        One of ``POOL_``.

    Returns
    -------
    Node
        batch [n]; 0 for a sequence without rows
    """
    return call("pool", x, mode)


def repeat(batch: Node, like: Node) -> Node:
    """The row of each sequence at all its steps.

    Parameters
    ----------
    batch : Node
        batch [n]
    like : Node
        any sequence, whose axis the result has

    Returns
    -------
    Node
        sequence [n]
    """
    return call("repeat", batch, like)


def shift(x: Node, steps: int = 1) -> Node:
    """Move every row to a later step: row t is x at t - steps.

    Parameters
    ----------
    x : Node
        sequence [n], or a sequence of ids
    steps : int
        1 to 10,000; zeros come in at the beginning.

    Returns
    -------
    Node
        the shape of x
    """
    return call("shift", x, steps)


def reverse(x: Node) -> Node:
    """Each sequence backwards, by its own length.

    Parameters
    ----------
    x : Node
        sequence [n], or a sequence of ids

    Returns
    -------
    Node
        the shape of x
    """
    return call("reverse", x)
