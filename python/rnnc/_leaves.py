# SPDX-License-Identifier: MIT
"""Inputs, parameters and constants of a graph."""
from __future__ import annotations

from typing import Optional

from numpy.typing import ArrayLike

from ._abi import constants
from ._graph import Graph, Node, _constant, call, on


def input_rows(graph: Graph, name: str, features: int) -> Node:
    """Rows of floats along the default axis, "time".

    Parameters
    ----------
    graph : Graph
    name : str
        Unique among inputs and parameters.
    features : int
        Columns, at least 1.

    Returns
    -------
    Node
        sequence [features]
    """
    return on(graph, "input_rows", name, features)


def input_ids(graph: Graph, name: str, vocabulary: int) -> Node:
    """Ids along the default axis, "time".

    Parameters
    ----------
    graph : Graph
    name : str
    vocabulary : int
        Ids are below it; at least 1.

    Returns
    -------
    Node
        sequence of ids
    """
    return on(graph, "input_ids", name, vocabulary)


def input_rows_on(graph: Graph, axis: Optional[str], name: str,
                  features: int) -> Node:
    """Rows of floats along an axis of their own, made at its first use.

    Parameters
    ----------
    graph : Graph
    axis : str or None
        None stands for "time".
    name : str
    features : int

    Returns
    -------
    Node
        sequence [features]
    """
    return on(graph, "input_rows_on", axis, name, features)


def input_ids_on(graph: Graph, axis: Optional[str], name: str,
                 vocabulary: int) -> Node:
    """Ids along an axis of their own, made at its first use.

    Parameters
    ----------
    graph : Graph
    axis : str or None
        None stands for "time".
    name : str
    vocabulary : int

    Returns
    -------
    Node
        sequence of ids
    """
    return on(graph, "input_ids_on", axis, name, vocabulary)


def input_batch(graph: Graph, name: str, features: int) -> Node:
    """One row of floats for each sequence.

    Parameters
    ----------
    graph : Graph
    name : str
    features : int

    Returns
    -------
    Node
        batch [features]
    """
    return on(graph, "input_batch", name, features)


def input_batch_ids(graph: Graph, name: str, vocabulary: int) -> Node:
    """One id for each sequence, such as a label.

    Parameters
    ----------
    graph : Graph
    name : str
    vocabulary : int

    Returns
    -------
    Node
        batch of ids
    """
    return on(graph, "input_batch_ids", name, vocabulary)


def input_static(graph: Graph, name: str, rows: int, cols: int) -> Node:
    """A matrix that has nothing to do with sequences.

    Parameters
    ----------
    graph : Graph
    name : str
    rows, cols : int

    Returns
    -------
    Node
        static [rows, cols]
    """
    return on(graph, "input_static", name, rows, cols)


def parameter(graph: Graph, name: str, rows: int, cols: int,
              init: int = constants.INIT_GLOROT, value: float = 0.0) -> Node:
    """A matrix to be learned.

    Parameters
    ----------
    graph : Graph
    name : str
        Its tensor's name in files, unique.
    rows, cols : int
    init : int
        One of ``INIT_``.
    value : float
        Of the initialiser.

    Returns
    -------
    Node
        static [rows, cols]
    """
    return on(graph, "parameter", name, rows, cols, init, value)


def parameter_vector(graph: Graph, name: str, cols: int,
                     init: int = constants.INIT_ZEROS,
                     value: float = 0.0) -> Node:
    """A vector to be learned, such as a bias: one dimension in files.

    Parameters
    ----------
    graph : Graph
    name : str
    cols : int
    init : int
        One of ``INIT_``.
    value : float
        Of the initialiser.

    Returns
    -------
    Node
        static [1, cols]
    """
    return on(graph, "parameter_vector", name, cols, init, value)


def init_rows(parameter: Node, first: int, count: int, init: int,
              value: float = 0.0) -> Node:
    """Let a block of a parameter begin in a way of its own.

    Parameters
    ----------
    parameter : Node
    first, count : int
        Rows of the block; of a vector, its elements.
    init : int
        One of ``INIT_``.
    value : float
        Of the initialiser.

    Returns
    -------
    Node
        `parameter`
    """
    return call("init_rows", parameter, first, count, init, value)


def freeze(parameter: Node, frozen: bool = True) -> Node:
    """Say whether training leaves a parameter as it is.

    Parameters
    ----------
    parameter : Node
    frozen : bool
        Holds for plans made afterwards.

    Returns
    -------
    Node
        `parameter`
    """
    return call("freeze", parameter, int(frozen))


def constant(graph: Graph, values: ArrayLike) -> Node:
    """A matrix that never changes.

    Parameters
    ----------
    graph : Graph
    values : array_like
        [rows, cols], or [cols] for one row; copied.

    Returns
    -------
    Node
        static [rows, cols]
    """
    return _constant(graph, graph._owner, values)


def scalar(graph: Graph, value: float) -> Node:
    """A number that never changes.

    Parameters
    ----------
    graph : Graph
    value : float

    Returns
    -------
    Node
        static [1, 1]
    """
    return on(graph, "scalar", value)


def name(node: Node, text: str) -> Node:
    """Name a node that has no name yet.

    Parameters
    ----------
    node : Node
    text : str
        Unique among the nodes of the graph, or of its cell.

    Returns
    -------
    Node
        `node`
    """
    return call("name", node, text)
