# SPDX-License-Identifier: MIT
"""The values of a graph's parameters, and their gradients."""
from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from typing import Any, Optional, Union

from numpy.typing import ArrayLike

from . import _array
from ._array import Floats
from ._error import UnknownNameError, error
from ._graph import Graph
from ._handle import Handle
from ._library import lib, text_of

Path = Union[str, "os.PathLike[str]"]

_MESSAGE = 1024


class Weights(Handle):
    """Values for all parameters of a graph, by name.

    ``weights["out.bias"]`` is a copy of the values, and may be set; ``in``,
    ``len``, iteration, ``keys`` and ``items`` work as with a dict.

    Parameters
    ----------
    graph : Graph
    seed : int
        Of the initialisers. Values depend on it and on each parameter's name
        alone.
    """

    _noun = "weights"

    def __init__(self, graph: Graph, seed: int = 0) -> None:
        self._take(lib.rnnc_weights_create(graph._owner, seed), graph._owner)

    @classmethod
    def _of(cls, address: int, *keep: Any) -> Weights:
        """Weights that belong to something else."""
        weights = cls.__new__(cls)
        weights._borrow(address, *keep)
        return weights

    @property
    def graph(self) -> Graph:
        """Their graph; its nodes keep the weights alive."""
        return Graph._of(lib.rnnc_weights_graph(self._owner), self._owner)

    def copy(self) -> Weights:
        """A snapshot: the same values, no gradients, its own version."""
        made = Weights.__new__(Weights)
        made._take(lib.rnnc_weights_copy(self._owner), self._owner._keep)
        return made

    def count(self, name: str) -> int:
        """Floats of a parameter.

        Parameters
        ----------
        name : str
        """
        count = int(lib.rnnc_weights_count(self._owner, name))
        if count < 0:
            raise UnknownNameError(f"there is no parameter '{name}'")
        return count

    def _empty(self, name: str, out: Optional[Floats]) -> Floats:
        self.count(name)
        shape = self.graph.node(name).shape
        made: Floats = _array.receiver(out, shape)
        return made

    def get(self, name: str, out: Optional[Floats] = None) -> Floats:
        """The values of a parameter: [rows, cols], or [cols] of a vector.

        Parameters
        ----------
        name : str
        out : array, optional
            Where to write.
        """
        values = self._empty(name, out)
        self._check_quietly(lib.rnnc_weights_get(self._owner, name, values,
                                                 values.size), name)
        return values

    def set(self, name: str, values: ArrayLike) -> None:
        """Replace the values of a parameter and raise the version.

        Parameters
        ----------
        name : str
        values : array_like
            Of the parameter's shape.
        """
        self.count(name)
        array = _array.shaped(_array.floats(values),
                              self.graph.node(name).shape, name)
        self._check_quietly(lib.rnnc_weights_set(self._owner, name, array,
                                                 array.size), name)

    def gradient(self, name: str, out: Optional[Floats] = None) -> Floats:
        """The sum of all backward runs since it was set to zero.

        Parameters
        ----------
        name : str
        out : array, optional
            Where to write.
        """
        values = self._empty(name, out)
        self._check_quietly(lib.rnnc_weights_gradient(
            self._owner, name, values, values.size), name)
        return values

    def _check_quietly(self, status: int, name: str) -> None:
        """Calls that only read leave no message behind."""
        if status:
            what = text_of(lib.rnnc_status_string(status))
            raise error(status, self._message() or f"'{name}': {what}")

    def zero_gradients(self) -> None:
        """Set all gradients to zero."""
        self._check(lib.rnnc_weights_zero_gradients(self._owner))

    @property
    def version(self) -> int:
        """A number that rises at each change of a value."""
        return int(lib.rnnc_weights_version(self._owner))

    def save(self, path: Path) -> None:
        """Save them with their graph in one safetensors file.

        Parameters
        ----------
        path : path_like
            A file that is there is replaced when the new one is whole.
        """
        message = ctypes.create_string_buffer(_MESSAGE)
        status = lib.rnnc_model_save(self._owner, os.fspath(path), message,
                                     _MESSAGE)
        if status:
            raise error(status, text_of(message.value))

    def save_memory(self) -> bytes:
        """The bytes of the file that `save` writes."""
        size = ctypes.c_size_t()
        self._check(lib.rnnc_model_save_memory(self._owner, None, 0,
                                               ctypes.byref(size)))
        memory = ctypes.create_string_buffer(size.value)
        self._check(lib.rnnc_model_save_memory(self._owner, memory,
                                               size.value,
                                               ctypes.byref(size)))
        return memory.raw

    def load(self, path: Path) -> None:
        """Load the values from a safetensors file of any origin.

        Parameters
        ----------
        path : path_like
            Its tensors have exactly the names and shapes of the parameters.
        """
        self._check(lib.rnnc_weights_load(self._owner, os.fspath(path)))

    def keys(self) -> list[str]:
        """Names of all parameters, in the order they were made."""
        return [name for name in self]

    def items(self) -> list[tuple[str, Floats]]:
        """Names and values of all parameters."""
        return [(name, self.get(name)) for name in self]

    def __iter__(self) -> Iterator[str]:
        for node in self.graph.parameters:
            if node.name is not None and node.name in self:
                yield node.name

    def __len__(self) -> int:
        return len(self.keys())

    def __contains__(self, name: object) -> bool:
        return (isinstance(name, str)
                and lib.rnnc_weights_count(self._owner, name) >= 0)

    def __getitem__(self, name: str) -> Floats:
        return self.get(name)

    def __setitem__(self, name: str, values: ArrayLike) -> None:
        self.set(name, values)

    def __repr__(self) -> str:
        if self.closed:
            return "<rnnc.Weights, closed>"
        return f"<rnnc.Weights of {len(self)} parameters>"
