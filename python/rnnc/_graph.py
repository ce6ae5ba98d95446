# SPDX-License-Identifier: MIT
"""Graphs and their nodes."""
from __future__ import annotations

from typing import Any, Optional, Union

import numpy as np
from numpy.typing import ArrayLike

from . import _array
from ._abi import constants
from ._context import Context
from ._error import ArgumentError, UnknownNameError, error
from ._handle import Handle, Owner
from ._library import lib, text_from, text_of

_KINDS = ("static", "batch", "sequence")


class Graph(Handle):
    """A description: nodes, cells and parameters.

    The first builder call that fails raises, and so do all later ones: the
    library keeps the first error of a graph. Begin a new graph then.

    Parameters
    ----------
    context : Context, optional
        Where memory and threads come from.
    """

    _noun = "graph"

    def __init__(self, context: Optional[Context] = None) -> None:
        owner = None if context is None else context._owner
        self._take(lib.rnnc_graph_create(owner), owner)

    @classmethod
    def _of(cls, address: int, *keep: Any) -> Graph:
        """A graph that belongs to something else."""
        graph = cls.__new__(cls)
        graph._borrow(address, *keep)
        return graph

    def _made(self, address: Optional[int], owner: Optional[Owner] = None
              ) -> Node:
        """The node that a builder call gave, or its error."""
        owner = owner or self._owner
        if address is None:
            _fail(owner)
        assert address is not None
        return Node(self, owner, address)

    def node(self, name: str) -> Node:
        """Find a node by its name.

        Parameters
        ----------
        name : str
            Of an input, a parameter, or what `name` gave.

        Raises
        ------
        UnknownNameError
            No node of the graph itself has this name.
        """
        address = lib.rnnc_graph_node(self._owner, name)
        if address is None:
            raise UnknownNameError(f"the graph has no node '{name}'")
        return Node(self, self._owner, address)

    def __contains__(self, name: object) -> bool:
        return (isinstance(name, str)
                and lib.rnnc_graph_node(self._owner, name) is not None)

    @property
    def parameters(self) -> list[Node]:
        """Its parameters, in the order they were made."""
        count = lib.rnnc_graph_parameter_count(self._owner)
        return [self._made(lib.rnnc_graph_parameter(self._owner, index))
                for index in range(count)]

    def picture(self) -> str:
        """The graph as DOT text for Graphviz."""
        return text_from(lib.rnnc_graph_picture, self._owner)

    def _repr_svg_(self) -> str:
        from ._picture import svg_of_dot
        return svg_of_dot(self.picture())

    def __repr__(self) -> str:
        if self.closed:
            return "<rnnc.Graph, closed>"
        return f"<rnnc.Graph of {len(self.parameters)} parameters>"


def _fail(graph: Owner) -> None:
    """Raises the error of a graph, if it has one."""
    status = lib.rnnc_graph_status(graph)
    if status:
        raise error(status, text_of(lib.rnnc_graph_message(graph)))


class Node:
    """An operation of a graph and its value, a matrix.

    Nodes take part in ``+ - * /``, comparisons by ``<``, ``<=``, ``>`` and
    ``>=``, ``abs`` and ``@``, with nodes, numbers and arrays. Two are equal
    if they are the same node. A node keeps its graph alive.

    Attributes
    ----------
    graph : Graph
    """

    __slots__ = ("graph", "_owner", "_as_parameter_")

    # So that array + node asks the node.
    __array_ufunc__ = None

    def __init__(self, graph: Graph, owner: Owner, address: int) -> None:
        self.graph = graph
        self._owner = owner
        self._as_parameter_ = address

    def _made(self, address: Optional[int]) -> Node:
        return self.graph._made(address, self._owner)

    @property
    def name(self) -> Optional[str]:
        """Its name, or None."""
        name = lib.rnnc_node_name(self)
        return None if name is None else text_of(name)

    @property
    def kind(self) -> int:
        """What rows stand for: ``STATIC``, ``BATCH`` or ``SEQUENCE``."""
        return int(lib.rnnc_node_kind(self))

    @property
    def type(self) -> int:
        """``FLOAT`` or ``IDS``."""
        return int(lib.rnnc_node_type(self))

    @property
    def rows(self) -> int:
        """Rows of a static value, 1 of others."""
        return int(lib.rnnc_node_rows(self))

    @property
    def cols(self) -> int:
        """Columns (features)."""
        return int(lib.rnnc_node_cols(self))

    @property
    def axis(self) -> Optional[str]:
        """The axis of a sequence, None for others."""
        axis = lib.rnnc_node_axis(self)
        return None if axis is None else text_of(axis)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a static value as arrays have it: (cols,) for a vector."""
        dimensions = lib.rnnc_node_dimensions(self)
        return (self.rows, self.cols)[2 - dimensions:]

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, Node)
                and self._as_parameter_ == other._as_parameter_)

    def __hash__(self) -> int:
        return hash(self._as_parameter_)

    def __repr__(self) -> str:
        name = f" '{self.name}'" if self.name else ""
        size = f"{self.rows}, {self.cols}" if self.kind == constants.STATIC \
            else f"{self.cols}"
        ids = " of ids" if self.type == constants.IDS else ""
        return f"<rnnc.Node{name}: {_KINDS[self.kind]} [{size}]{ids}>"

    def __add__(self, other: Operand) -> Node:
        if _is_number(other):
            return self._affine(1.0, other)
        return self._binary("add", self, other)

    __radd__ = __add__

    def __sub__(self, other: Operand) -> Node:
        if _is_number(other):
            return self._affine(1.0, -other)  # type: ignore[operator]
        return self._binary("sub", self, other)

    def __rsub__(self, other: Operand) -> Node:
        if _is_number(other):
            return self._affine(-1.0, other)
        return self._binary("sub", other, self)

    def __mul__(self, other: Operand) -> Node:
        return self._binary("mul", self, other)

    def __rmul__(self, other: Operand) -> Node:
        return self._binary("mul", other, self)

    def __truediv__(self, other: Operand) -> Node:
        return self._binary("div", self, other)

    def __rtruediv__(self, other: Operand) -> Node:
        return self._binary("div", other, self)

    def __lt__(self, other: Operand) -> Node:
        return self._binary("less", self, other)

    def __le__(self, other: Operand) -> Node:
        return self._binary("less_equal", self, other)

    def __gt__(self, other: Operand) -> Node:
        return self._binary("less", other, self)

    def __ge__(self, other: Operand) -> Node:
        return self._binary("less_equal", other, self)

    def __matmul__(self, other: Operand) -> Node:
        return self._binary("matmul", self, other)

    def __rmatmul__(self, other: Operand) -> Node:
        return self._binary("matmul", other, self)

    def __neg__(self) -> Node:
        return self._made(lib.rnnc_neg(self))

    def __abs__(self) -> Node:
        return self._made(lib.rnnc_abs(self))

    def _affine(self, alpha: float, beta: Operand) -> Node:
        return self._made(lib.rnnc_affine(self, alpha, beta))

    def _binary(self, name: str, a: Operand, b: Operand) -> Node:
        return self._made(getattr(lib, f"rnnc_{name}")(
            as_node(a, self), as_node(b, self)))


Operand = Union[Node, float, ArrayLike]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating))


def as_node(value: Operand, beside: Node) -> Node:
    """A node, or a number or an array as a constant of the same graph."""
    if isinstance(value, Node):
        return value
    if _is_number(value):
        return beside._made(lib.rnnc_scalar(beside._owner, value))
    return _constant(beside.graph, beside._owner, value)


def _constant(graph: Graph, owner: Owner, values: Any) -> Node:
    array = np.atleast_2d(_array.floats(values))
    if array.ndim != 2:
        raise ArgumentError(f"an array of {array.shape}, expected a matrix")
    return graph._made(lib.rnnc_constant(owner, *array.shape, array), owner)


def node_of(*operands: Operand) -> Node:
    """The first node among operands, of which one must be a node."""
    for operand in operands:
        if isinstance(operand, Node):
            return operand
    raise ArgumentError("expected a node")


def call(name: str, x: Node, *arguments: Any) -> Node:
    """A builder call whose first operand is a node."""
    if not isinstance(x, Node):
        raise ArgumentError(f"{name}: expected a node, not {x!r}")
    return x._made(getattr(lib, f"rnnc_{name}")(x, *arguments))


def call_with(name: str, *operands: Operand) -> Node:
    """A builder call over nodes, numbers and arrays."""
    beside = node_of(*operands)
    return beside._made(getattr(lib, f"rnnc_{name}")(
        *[as_node(operand, beside) for operand in operands]))


def on(graph: Graph, name: str, *arguments: Any) -> Node:
    """A builder call whose first argument is the graph."""
    return graph._made(getattr(lib, f"rnnc_{name}")(
        graph._owner, *arguments))
