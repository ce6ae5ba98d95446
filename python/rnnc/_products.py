# SPDX-License-Identifier: MIT
"""Products, tables and layers."""
from __future__ import annotations

from typing import Optional

from ._graph import Node, Operand, as_node, call, call_with


def matmul(a: Operand, b: Operand) -> Node:
    """The matrix product a b.

    Parameters
    ----------
    a : Node
        [.., k] of any kind
    b : Node
        static [k, n]

    Returns
    -------
    Node
        [.., n] of the kind of a
    """
    return call_with("matmul", a, b)


def project(x: Node, weight: Operand, bias: Optional[Operand] = None) -> Node:
    """x weight' + bias, as ``torch.nn.functional.linear``.

    Parameters
    ----------
    x : Node
        [.., k] of any kind
    weight : Node
        static [n, k]
    bias : Node, optional
        static [1, n]

    Returns
    -------
    Node
        [.., n] of the kind of x
    """
    if bias is None:
        return project_unbiased(x, weight)
    return call("project", x, as_node(weight, x), as_node(bias, x))


def project_unbiased(x: Node, weight: Operand) -> Node:
    """x weight'.

    Parameters
    ----------
    x : Node
        [.., k] of any kind
    weight : Node
        static [n, k]

    Returns
    -------
    Node
        [.., n] of the kind of x
    """
    return call("project_unbiased", x, as_node(weight, x))


def lookup(ids: Node, table: Operand) -> Node:
    """The rows of a table that ids name.

    Parameters
    ----------
    ids : Node
        ids of any kind
    table : Node
        static [vocabulary or more, n]

    Returns
    -------
    Node
        [n] of the kind of ids
    """
    return call("lookup", ids, as_node(table, ids))


def linear(x: Node, name: Optional[str], features: int) -> Node:
    """A layer: `project` with ``name.weight`` and ``name.bias``.

    Parameters
    ----------
    x : Node
        [.., k] of any kind
    name : str or None
        Of the layer; "" or None: plain "weight" and "bias".
    features : int

    Returns
    -------
    Node
        [.., features] of the kind of x
    """
    return call("linear", x, name, features)


def embedding(ids: Node, name: Optional[str], features: int) -> Node:
    """A layer: `lookup` with a table ``name.weight``.

    Parameters
    ----------
    ids : Node
        ids of any kind
    name : str or None
        Of the layer; "" or None: plain "weight".
    features : int

    Returns
    -------
    Node
        [features] of the kind of ids
    """
    return call("embedding", ids, name, features)
