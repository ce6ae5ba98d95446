# SPDX-License-Identifier: MIT
"""PyTorch's cells under PyTorch's names, as equations.

`cell_make` has the cells of ``nn.RNN``, ``LSTM`` and ``GRU``; here are those
it has not: ``RNNCell``, ``LSTMCell`` and ``GRUCell``, whose parameters bear
no layer in their names, and the LSTM with a projection.
"""
from __future__ import annotations

from typing import Optional

from ._abi import constants
from ._cell import Cell
from ._elementwise import relu, sigmoid, tanh
from ._features import slice
from ._graph import Graph, Node
from ._products import project


class Form:
    """What a cell of PyTorch is made of.

    Parameters
    ----------
    graph : Graph
    name : str
        Before its parameters' names.
    suffix : str
        After them, as "_l0_reverse".
    inputs, hidden : int
    bias : bool
    projection : int
        Columns of a projected h; 0: none.
    """

    def __init__(self, graph: Graph, name: str, suffix: str, inputs: int,
                 hidden: int, bias: bool, projection: int = 0) -> None:
        self.cell = Cell(graph, name)
        self.suffix, self.bias = suffix, bias
        self.hidden, self.projection = hidden, projection
        self.x = self.cell.input(inputs)
        self.h = self.cell.state("h", projection or hidden)

    def affine(self, value: Node, which: str, gates: int) -> Node:
        """weight value + bias of the input ("ih") or the state ("hh")."""
        rows = gates * self.hidden
        weight = self.cell.parameter(f"weight_{which}{self.suffix}", rows,
                                     value.cols)
        bias: Optional[Node] = None
        if self.bias:
            bias = self.cell.parameter_vector(f"bias_{which}{self.suffix}",
                                              rows)
        return project(value, weight, bias)

    def gate(self, values: Node, index: int) -> Node:
        """One gate's columns."""
        return slice(values, index * self.hidden, self.hidden)

    def end(self, h: Node) -> Cell:
        """The cell, whose next h and output are given."""
        self.cell.next(self.h, h)
        self.cell.output(h)
        return self.cell


def rnn(form: Form, nonlinearity: str) -> Cell:
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu.

    Parameters
    ----------
    form : Form
    nonlinearity : str
        "tanh" or "relu".
    """
    values = form.affine(form.x, "ih", 1) + form.affine(form.h, "hh", 1)
    return form.end(relu(values) if nonlinearity == "relu" else tanh(values))


def lstm(form: Form) -> Cell:
    """Gates i f g o; with a projection h' = W_hr (o tanh(c')).

    Parameters
    ----------
    form : Form
    """
    c = form.cell.state("c", form.hidden)
    values = form.affine(form.x, "ih", 4) + form.affine(form.h, "hh", 4)
    i, f = sigmoid(form.gate(values, 0)), sigmoid(form.gate(values, 1))
    g, o = tanh(form.gate(values, 2)), sigmoid(form.gate(values, 3))
    c_new = f * c + i * g
    form.cell.next(c, c_new)
    h = o * tanh(c_new)
    if form.projection:
        h = project(h, form.cell.parameter(
            f"weight_hr{form.suffix}", form.projection, form.hidden,
            constants.INIT_GLOROT))
    return form.end(h)


def gru(form: Form) -> Cell:
    """Gates r z n, the reset gate behind the product with h.

    Parameters
    ----------
    form : Form
    """
    of_x = form.affine(form.x, "ih", 3)
    of_h = form.affine(form.h, "hh", 3)
    r = sigmoid(form.gate(of_x, 0) + form.gate(of_h, 0))
    z = sigmoid(form.gate(of_x, 1) + form.gate(of_h, 1))
    n = tanh(form.gate(of_x, 2) + r * form.gate(of_h, 2))
    return form.end(n + z * (form.h - n))
