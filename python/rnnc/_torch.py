# SPDX-License-Identifier: MIT
"""Modules of PyTorch as graphs, and weights back to PyTorch.

PyTorch is imported inside the two functions and nowhere else.
"""
from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Optional, Union

import numpy as np

from . import _torch_cells
from ._abi import constants
from ._cell import Cell, cell_make, unroll_final, unroll_with
from ._context import Context
from ._elementwise import relu, sigmoid, tanh
from ._error import ArgumentError, ShapeError, UnsupportedError
from ._features import concat, dropout
from ._graph import Graph, Node
from ._leaves import (freeze, input_batch, input_ids, input_rows, name,
                      parameter)
from ._model import Model
from ._products import embedding, linear, project_unbiased
from ._time import reverse
from ._weights import Weights


@dataclasses.dataclass
class Network:
    """A module of PyTorch as a graph.

    Attributes
    ----------
    graph : Graph
    weights : Weights
        With the module's values, under the names of its ``state_dict``.
    input : Node
        The sequence that goes in, named "input".
    output : Node
        The sequence that comes out, named "output".
    first : dict of str to Node
        Batch inputs of first states by name, as "first_h_l0", "first_c_l0",
        "first_h_l0_reverse"; empty unless they were asked for.
    final : dict of str to Node
        Final states by name, as "final_h_l0".
    layout : int
        How padded arrays lie for the module: ``BATCH_MAJOR`` or
        ``TIME_MAJOR``.
    """

    graph: Graph
    weights: Weights
    input: Node
    output: Node
    first: dict[str, Node]
    final: dict[str, Node]
    layout: int


def from_torch(module: Any, *, first_states: bool = False, seed: int = 0,
               context: Optional[Context] = None) -> Network:
    """A module of PyTorch as a graph with its weights.

    Parameters
    ----------
    module : torch.nn.Module
        ``nn.RNN``, ``LSTM`` (also with ``proj_size``), ``GRU``, ``RNNCell``,
        ``LSTMCell``, ``GRUCell``, ``Linear``, ``Embedding``, ``Dropout``,
        ``Tanh``, ``Sigmoid`` or ``ReLU``, or an ``nn.Sequential`` of them;
        in one, the output of a recurrent module is what the next one gets. A
        cell is repeated over the sequence.
    first_states : bool
        Whether first states are inputs; else they are zero.
    seed : int
        Of the weights, before they are set.
    context : Context, optional

    Returns
    -------
    Network

    Raises
    ------
    UnsupportedError
        A module or an option of it that has no counterpart; it is named.
    """
    from torch import nn

    parts = list(_parts(module, "", nn))
    if not parts:
        raise ArgumentError("from_torch: an empty Sequential")
    _refuse_shared(module)
    builder = _Builder(Graph(context), nn, first_states)
    for place, part in parts:
        builder.add(place, part)
    weights = Weights(builder.graph, seed)
    _set_weights(weights, module)
    for parameter_name, tensor in module.named_parameters():
        if not tensor.requires_grad:
            freeze(builder.graph.node(parameter_name))
    return builder.network(weights)


def to_torch(source: Union[Network, Weights, Model],
             module: Optional[Any] = None) -> dict[str, Any]:
    """Weights as a ``state_dict`` of tensors.

    Parameters
    ----------
    source : Network, Weights or Model
    module : torch.nn.Module, optional
        Gets the weights, which must be all of its own.

    Returns
    -------
    dict of str to torch.Tensor
    """
    import torch

    weights = source if isinstance(source, Weights) else source.weights
    state = {key: torch.from_numpy(values)
             for key, values in weights.items()}
    if module is not None:
        module.load_state_dict(state)
    return state


def _parts(module: Any, place: str, nn: Any) -> Iterator[tuple[str, Any]]:
    """The modules of a Sequential, in their order, with their names."""
    if type(module) is not nn.Sequential:
        yield place, module
        return
    for key, child in module.named_children():
        yield from _parts(child, f"{place}.{key}" if place else key, nn)


def _refuse_shared(module: Any) -> None:
    seen: dict[int, str] = {}
    for key, tensor in module.named_parameters(remove_duplicate=False):
        if id(tensor) in seen:
            raise UnsupportedError(f"from_torch: {key} and "
                                   f"{seen[id(tensor)]} are one tensor")
        seen[id(tensor)] = key


def _set_weights(weights: Weights, module: Any) -> None:
    state = module.state_dict()
    if set(state) != set(weights):
        odd = ", ".join(sorted(set(state) ^ set(weights)))
        raise UnsupportedError(f"from_torch: the module has other tensors "
                               f"than its kind: {odd}")
    for key, tensor in state.items():
        values = tensor.detach().cpu()
        if str(values.dtype) != "torch.float32":
            raise UnsupportedError(f"from_torch: {key} is of {values.dtype}, "
                                   "expected torch.float32")
        weights[key] = np.ascontiguousarray(values.numpy())


class _Builder:
    """The graph of some modules, one after the other."""

    def __init__(self, graph: Graph, nn: Any, first_states: bool) -> None:
        self.graph, self.first_states = graph, first_states
        self.first: dict[str, Node] = {}
        self.final: dict[str, Node] = {}
        self.input: Optional[Node] = None
        self.x: Optional[Node] = None
        self.layout: Optional[int] = None
        self.calls: dict[Any, Callable[[str, Any], Node]] = {
            nn.RNN: self.recurrent, nn.LSTM: self.recurrent,
            nn.GRU: self.recurrent, nn.RNNCell: self.cell,
            nn.LSTMCell: self.cell, nn.GRUCell: self.cell,
            nn.Linear: self.linear, nn.Embedding: self.embedding,
            nn.Dropout: lambda _, m: dropout(self.value(m), m.p),
            nn.Tanh: lambda _, m: tanh(self.value(m)),
            nn.Sigmoid: lambda _, m: sigmoid(self.value(m)),
            nn.ReLU: lambda _, m: relu(self.value(m)),
        }

    def add(self, place: str, module: Any) -> None:
        call = self.calls.get(type(module))
        if call is None:
            raise UnsupportedError(
                f"from_torch: {place or 'the module'} is a "
                f"{type(module).__name__}; possible are "
                + ", ".join(kind.__name__ for kind in self.calls)
                + " and Sequential")
        self.x = call(place, module)

    def network(self, weights: Weights) -> Network:
        assert self.input is not None and self.x is not None
        output = name(self.x, "output")
        layout = (constants.BATCH_MAJOR if self.layout is None
                  else self.layout)
        return Network(self.graph, weights, self.input, output, self.first,
                       self.final, layout)

    def value(self, module: Any) -> Node:
        """What a module without a size of its own gets."""
        if self.x is None:
            raise UnsupportedError(f"from_torch: {type(module).__name__} "
                                   "comes first, so its width is unknown")
        return self.x

    def rows(self, place: str, features: int) -> Node:
        """What a module with so many inputs gets."""
        if self.x is None:
            self.input = input_rows(self.graph, "input", features)
            return self.input
        if self.x.cols != features:
            raise ShapeError(f"from_torch: {place} takes {features} "
                             f"features, the module before it gives "
                             f"{self.x.cols}")
        return self.x

    def linear(self, place: str, module: Any) -> Node:
        x = self.rows(place, module.in_features)
        if module.bias is not None:
            return linear(x, place, module.out_features)
        weight = parameter(self.graph, _join(place, "weight"),
                           module.out_features, module.in_features)
        return project_unbiased(x, weight)

    def embedding(self, place: str, module: Any) -> Node:
        for option in ("max_norm", "scale_grad_by_freq", "sparse"):
            if getattr(module, option):
                raise UnsupportedError(f"from_torch: {place or 'Embedding'} "
                                       f"has {option}")
        if module.padding_idx is not None:
            warnings.warn(f"row {module.padding_idx} of {place or 'the'} "
                          "Embedding, its padding_idx, will be trained like "
                          "the others", stacklevel=4)
        if self.x is not None:
            raise UnsupportedError(f"from_torch: {place} is an Embedding, "
                                   "which must come first")
        self.input = input_ids(self.graph, "input", module.num_embeddings)
        return embedding(self.input, place, module.embedding_dim)

    def recurrent(self, place: str, module: Any) -> Node:
        layout = (constants.BATCH_MAJOR if module.batch_first
                  else constants.TIME_MAJOR)
        if self.layout not in (None, layout):
            raise UnsupportedError(f"from_torch: {place} has another "
                                   "batch_first than the module before it")
        self.layout = layout
        x = self.rows(place, module.input_size)
        for layer in range(module.num_layers):
            parts = [self.direction(place, module, layer, bool(back), x)
                     for back in range(2 if module.bidirectional else 1)]
            x = concat(parts) if len(parts) > 1 else parts[0]
            if module.dropout and layer + 1 < module.num_layers:
                x = dropout(x, module.dropout)
        return x

    def direction(self, place: str, module: Any, layer: int, back: bool,
                  x: Node) -> Node:
        """One layer in one direction."""
        suffix = f"_l{layer}" + ("_reverse" if back else "")
        if module.mode == "LSTM" and module.proj_size:
            cell = _torch_cells.lstm(_torch_cells.Form(
                self.graph, place, suffix, x.cols, module.hidden_size,
                module.bias, module.proj_size))
        else:
            cell = cell_make(
                self.graph, place, _WHICH[module.mode], x.cols,
                module.hidden_size, layer=layer, reverse=back,
                variant=constants.RNN_RELU if module.mode == "RNN_RELU"
                else 0, bias=constants.BIAS_DOUBLE if module.bias
                else constants.BIAS_NONE)
        y = self.unroll(place, suffix, cell, reverse(x) if back else x,
                        self.widths(module))
        return reverse(y) if back else y

    def cell(self, place: str, module: Any) -> Node:
        """A cell of PyTorch, repeated over the sequence."""
        x = self.rows(place, module.input_size)
        form = _torch_cells.Form(self.graph, place, "", x.cols,
                                 module.hidden_size, module.bias)
        kind = type(module).__name__
        cell = (_torch_cells.lstm(form) if kind == "LSTMCell"
                else _torch_cells.gru(form) if kind == "GRUCell"
                else _torch_cells.rnn(form, module.nonlinearity))
        return self.unroll(place, "", cell, x, self.widths(module))

    @staticmethod
    def widths(module: Any) -> dict[str, int]:
        """Features of each state, in the order of the cells' states."""
        hidden = module.hidden_size
        if "LSTM" in type(module).__name__:
            return {"h": getattr(module, "proj_size", 0) or hidden,
                    "c": hidden}
        return {"h": hidden}

    def unroll(self, place: str, suffix: str, cell: Cell, x: Node,
               widths: dict[str, int]) -> Node:
        first = []
        if self.first_states:
            for state, features in widths.items():
                key = _join(place, f"first_{state}{suffix}")
                self.first[key] = input_batch(self.graph, key, features)
                first.append(self.first[key])
        y = unroll_with(cell, [x], first)
        for state in widths:
            key = _join(place, f"final_{state}{suffix}")
            self.final[key] = name(unroll_final(y, state), key)
        return y


_WHICH = {"RNN_TANH": constants.CELL_RNN, "RNN_RELU": constants.CELL_RNN,
          "LSTM": constants.CELL_LSTM, "GRU": constants.CELL_GRU}


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
