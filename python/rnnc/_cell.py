# SPDX-License-Identifier: MIT
"""Cells, and unrolling them over sequences."""
from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, Optional

from . import _array
from ._abi import constants, types
from ._graph import Graph, Node, Operand, _fail, as_node, call
from ._library import lib, struct_of, text_from


class Cell:
    """A step under a name, owned by its graph.

    Inside a cell every operation works on the row of the step. Declare
    inputs and states, write the equations, say what each state is next, and
    name the outputs; then `unroll` it.

    Parameters
    ----------
    graph : Graph
    name : str
        Parameters of the cell are called ``name.parameter``; "" leaves their
        names as they are.

    Attributes
    ----------
    graph : Graph
        The graph, which the cell keeps alive.
    """

    def __init__(self, graph: Graph, name: str) -> None:
        self._set(graph, lib.rnnc_cell_create(graph._owner, name))

    def _set(self, graph: Graph, address: Optional[int]) -> None:
        if address is None:
            _fail(graph._owner)
        self.graph = graph
        self._owner = graph._owner
        self._as_parameter_ = address

    @classmethod
    def _of(cls, graph: Graph, address: Optional[int]) -> Cell:
        cell = cls.__new__(cls)
        cell._set(graph, address)
        return cell

    def _made(self, address: Optional[int]) -> Node:
        return self.graph._made(address, self._owner)

    def input(self, features: int) -> Node:
        """Declare the next input: a row each step.

        Parameters
        ----------
        features : int

        Returns
        -------
        Node
            the row of the step
        """
        return self._made(lib.rnnc_cell_input(self, features))

    def input_ids(self, vocabulary: int) -> Node:
        """Declare the next input: an id each step.

        Parameters
        ----------
        vocabulary : int

        Returns
        -------
        Node
            the id of the step
        """
        return self._made(lib.rnnc_cell_input_ids(self, vocabulary))

    def input_batch(self, features: int) -> Node:
        """Declare the next input: one row a sequence, the same at all steps.

        Parameters
        ----------
        features : int

        Returns
        -------
        Node
            batch [features]
        """
        return self._made(lib.rnnc_cell_input_batch(self, features))

    def state(self, name: str, features: int) -> Node:
        """Declare a state, which begins at zero unless `first` says more.

        Parameters
        ----------
        name : str
            Unique in the cell.
        features : int

        Returns
        -------
        Node
            the state before the step
        """
        return self._made(lib.rnnc_cell_state(self, name, features))

    def parameter(self, name: str, rows: int, cols: int,
                  init: int = constants.INIT_GLOROT,
                  value: float = 0.0) -> Node:
        """A parameter of the graph under the name "cell.name".

        Parameters
        ----------
        name : str
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
        return self._made(lib.rnnc_cell_parameter(self, name, rows, cols,
                                                  init, value))

    def parameter_vector(self, name: str, cols: int,
                         init: int = constants.INIT_ZEROS,
                         value: float = 0.0) -> Node:
        """The same as a vector.

        Parameters
        ----------
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
        return self._made(lib.rnnc_cell_parameter_vector(self, name, cols,
                                                         init, value))

    def first(self, state: Node, first: Operand) -> None:
        """Say what a state begins with; a parameter is learned.

        Parameters
        ----------
        state : Node
            A state of this cell.
        first : Node or array
            static [1, features of the state]
        """
        lib.rnnc_cell_first(self, state, as_node(first, state))
        _fail(self._owner)

    def next(self, state: Node, next: Operand) -> None:
        """Say what a state is after the step.

        Parameters
        ----------
        state : Node
            A state of this cell.
        next : Node
            As wide as the state.
        """
        lib.rnnc_cell_next(self, state, as_node(next, state))
        _fail(self._owner)

    def output(self, output: Node) -> None:
        """Add an output; the first is what `unroll` gives.

        Parameters
        ----------
        output : Node
            A node of this cell; its name, if any, is the output's.
        """
        lib.rnnc_cell_output(self, output)
        _fail(self._owner)

    def picture(self, steps: int = 3) -> str:
        """The cell unrolled, as DOT text for Graphviz.

        Parameters
        ----------
        steps : int
            From 1 to 1000.
        """
        return text_from(lib.rnnc_cell_picture, self, steps)

    def _repr_svg_(self) -> str:
        from ._picture import svg_of_dot
        return svg_of_dot(self.picture())


def unroll(cell: Cell, x: Node) -> Node:
    """Repeat a cell with one input along the axis of x.

    Parameters
    ----------
    cell : Cell
    x : Node
        A sequence of what the cell's only input declares.

    Returns
    -------
    Node
        sequence: the first output at each step
    """
    return cell._made(lib.rnnc_unroll(cell, x))


def unroll_with(cell: Cell, inputs: Sequence[Node],
                first: Sequence[Optional[Node]] = ()) -> Node:
    """Repeat a cell with any inputs, and first states from the graph.

    Parameters
    ----------
    cell : Cell
    inputs : sequence of Node
        One for each input of the cell, in the order of declaration.
    first : sequence of (Node or None), optional
        One for each state in the order of declaration: a batch value, or
        None for the cell's own first. Empty: none is given.

    Returns
    -------
    Node
        sequence: the first output at each step
    """
    return cell._made(lib.rnnc_unroll_with(
        cell, _array.pointers(inputs), len(inputs),
        _array.pointers(first) if first else None, len(first)))


def unroll_output(unrolled: Node, index: int) -> Node:
    """Another output of an unrolled cell.

    Parameters
    ----------
    unrolled : Node
        What `unroll` or `unroll_with` gave.
    index : int
        From 0, in the order of ``cell.output``.

    Returns
    -------
    Node
        sequence
    """
    return call("unroll_output", unrolled, index)


def unroll_final(unrolled: Node, state: str) -> Node:
    """A state after the last step of each sequence.

    Parameters
    ----------
    unrolled : Node
        What `unroll` or `unroll_with` gave.
    state : str
        Name of the state.

    Returns
    -------
    Node
        batch
    """
    return call("unroll_final", unrolled, state)


def _cell_options(variant: int, bias: int, init: int, layer: int,
                  reverse: bool, learned_first: bool, step: float,
                  tau_min: float) -> Any:
    return struct_of(
        types.rnnc_cell_options, variant=variant, bias=bias, init=init,
        layer=layer, reverse=int(reverse),
        learned_first=int(learned_first), step=step, tau_min=tau_min)


def cell_make(graph: Graph, name: str, which: int, inputs: int, hidden: int,
              *, variant: int = 0, bias: int = constants.BIAS_DOUBLE,
              init: int = constants.CELL_INIT_DEFAULT, layer: int = 0,
              reverse: bool = False, learned_first: bool = False,
              step: float = 0.0, tau_min: float = 0.0) -> Cell:
    """A cell of any kind: one layer in one direction.

    Parameters
    ----------
    graph : Graph
    name : str
    which : int
        One of ``CELL_RNN``, ``CELL_LSTM``, ``CELL_GRU``, ``CELL_PEEPHOLE``
        and ``CELL_CTRNN``.
    inputs, hidden : int
        Features of the input and of the states.
    variant : int
        One of ``RNN_``, ``GRU_`` or ``CTRNN_``.
    bias : int
        One of ``BIAS_``.
    init : int
        One of ``CELL_INIT_``.
    layer : int
        k of ``weight_ih_l{k}``.
    reverse : bool
        Names end in ``_reverse``. It does not reverse.
    learned_first : bool
        States begin with parameters ``first_{state}_l{k}``.
    step : float
        CTRNN: length of an Euler step, 0 as 1.
    tau_min : float
        CTRNN: tau = tau_min + softplus(tau_raw).

    Returns
    -------
    Cell
    """
    options = _cell_options(variant, bias, init, layer, reverse,
                            learned_first, step, tau_min)
    return Cell._of(graph, lib.rnnc_cell_make(
        graph._owner, name, which, inputs, hidden, ctypes.byref(options)))


def cell_rnn(graph: Graph, name: str, inputs: int, hidden: int) -> Cell:
    """The plain recurrent network (Elman 1990) as ``torch.nn.RNN``.

    Parameters
    ----------
    graph : Graph
    name : str
    inputs, hidden : int

    Returns
    -------
    Cell
        state h
    """
    return Cell._of(graph, lib.rnnc_cell_rnn(graph._owner, name, inputs,
                                             hidden))


def cell_lstm(graph: Graph, name: str, inputs: int, hidden: int) -> Cell:
    """Long short-term memory as ``torch.nn.LSTM``.

    Parameters
    ----------
    graph : Graph
    name : str
    inputs, hidden : int

    Returns
    -------
    Cell
        states h, c
    """
    return Cell._of(graph, lib.rnnc_cell_lstm(graph._owner, name, inputs,
                                              hidden))


def cell_gru(graph: Graph, name: str, inputs: int, hidden: int) -> Cell:
    """The gated recurrent unit as ``torch.nn.GRU``.

    Parameters
    ----------
    graph : Graph
    name : str
    inputs, hidden : int

    Returns
    -------
    Cell
        state h
    """
    return Cell._of(graph, lib.rnnc_cell_gru(graph._owner, name, inputs,
                                             hidden))


def cell_peephole(graph: Graph, name: str, inputs: int, hidden: int) -> Cell:
    """LSTM whose gates see the cell (Gers et al. 2002).

    Parameters
    ----------
    graph : Graph
    name : str
    inputs, hidden : int

    Returns
    -------
    Cell
        states h, c
    """
    return Cell._of(graph, lib.rnnc_cell_peephole(graph._owner, name, inputs,
                                                  hidden))


def cell_ctrnn(graph: Graph, name: str, inputs: int, hidden: int) -> Cell:
    """A continuous-time network (Beer 1995) by Euler's method.

    Parameters
    ----------
    graph : Graph
    name : str
    inputs, hidden : int

    Returns
    -------
    Cell
        state y
    """
    return Cell._of(graph, lib.rnnc_cell_ctrnn(graph._owner, name, inputs,
                                               hidden))


def bidirectional(forward: Cell, backward: Cell, x: Node,
                  merge: int = constants.MERGE_CONCAT) -> Node:
    """Two cells over one sequence, one from its last step to its first.

    Parameters
    ----------
    forward, backward : Cell
        Each with one input.
    x : Node
        What both declare.
    merge : int
        One of ``MERGE_``.

    Returns
    -------
    Node
        sequence: the first outputs of both, merged step by step
    """
    return x._made(lib.rnnc_bidirectional(forward, backward, x, merge))


def layers(x: Node, name: Optional[str], which: int, hidden: int, *,
           layers: int = 1, bidirectional: bool = False,
           merge: int = constants.MERGE_CONCAT, dropout: float = 0.0,
           variant: int = 0, bias: int = constants.BIAS_DOUBLE,
           init: int = constants.CELL_INIT_DEFAULT,
           learned_first: bool = False, step: float = 0.0,
           tau_min: float = 0.0) -> Node:
    """Layers of one kind, as ``torch.nn.LSTM`` with ``num_layers``.

    The unroll of layer k is the node "name.l{k}", backwards
    "name.l{k}_reverse", which ``graph.node`` finds for `unroll_final`.

    Parameters
    ----------
    x : Node
        sequence [n]
    name : str or None
        Of all its cells.
    which : int
        One of ``CELL_``.
    hidden : int
    layers : int
    bidirectional : bool
    merge : int
        One of ``MERGE_``.
    dropout : float
        On the output of every layer but the last.
    variant, bias, init, learned_first, step, tau_min
        As for `cell_make`.

    Returns
    -------
    Node
        sequence: the output of the last layer
    """
    options = struct_of(
        types.rnnc_layers_options, layers=layers,
        bidirectional=int(bidirectional), merge=merge, dropout=dropout,
        cell=_cell_options(variant, bias, init, 0, False, learned_first,
                           step, tau_min))
    return call("layers", x, name, which, hidden, ctypes.byref(options))
