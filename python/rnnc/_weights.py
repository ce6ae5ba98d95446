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

    def store(self, storage: int, name: Optional[str] = None) -> None:
        """Store in fewer bits, for a smaller file and faster inference.

        Values are rounded here and now; arithmetic stays float32. What is
        stored so cannot be trained.

        Parameters
        ----------
        storage : int
            ``STORE_BF16``, ``STORE_INT8``, or ``STORE_FLOAT32``.
        name : str, optional
            Of a parameter; all that products multiply by where there is none.
        """
        self._check(lib.rnnc_weights_store(self._owner, name, storage))

    def storage(self, name: str) -> int:
        """How a parameter is stored.

        Parameters
        ----------
        name : str
        """
        self.count(name)
        return int(lib.rnnc_weights_storage(self._owner, name))

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
        """Save them under their names in a safetensors file, without graph.

        `model_save` saves the graph too.

        Parameters
        ----------
        path : path_like
            A file that is there is replaced when the new one is whole.
        """
        save_file(lib.rnnc_weights_save, self, path)

    def save_memory(self) -> bytes:
        """The bytes of the file that `save` writes."""
        return save_bytes(lib.rnnc_weights_save_memory, self)

    def load(self, source: Union[Path, bytes]) -> None:
        """Load the values from a safetensors file of any origin.

        Parameters
        ----------
        source : path_like or bytes
            The file, or what is in it. Its tensors have exactly the names
            and shapes of the parameters; `Import` reads others.
        """
        if isinstance(source, (bytes, bytearray, memoryview)):
            memory = bytes(source)
            self._check(lib.rnnc_weights_load_memory(self._owner, memory,
                                                     len(memory)))
        else:
            self._check(lib.rnnc_weights_load(self._owner,
                                              os.fspath(source)))

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


def save_file(call: Any, weights: Weights, path: Path) -> None:
    """A call that saves weights into a file."""
    message = ctypes.create_string_buffer(_MESSAGE)
    status = call(weights._owner, os.fspath(path), message, _MESSAGE)
    if status:
        raise error(status, text_of(message.value))


def save_bytes(call: Any, weights: Weights) -> bytes:
    """A call that saves weights into memory."""
    size = ctypes.c_size_t()
    status = call(weights._owner, None, 0, ctypes.byref(size))
    memory = ctypes.create_string_buffer(size.value)
    if not status:
        status = call(weights._owner, memory, size.value, ctypes.byref(size))
    if status:
        raise error(status, "")
    return memory.raw
