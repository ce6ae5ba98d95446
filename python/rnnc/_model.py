# SPDX-License-Identifier: MIT
"""A graph and its weights in one safetensors file."""
from __future__ import annotations

import os
from typing import Optional, Union

from ._context import Context
from ._graph import Graph
from ._handle import Handle
from ._library import lib
from ._weights import Path, Weights, save_bytes, save_file


class Model(Handle):
    """A graph with its weights, loaded from a file.

    `model_save` writes such a file.

    Parameters
    ----------
    source : path_like or bytes
        The file, or what is in it.
    context : Context, optional
        Memory, threads and limits.

    Raises
    ------
    FileError
        The file cannot be read.
    FormatError
        It is damaged, or no model.
    LimitError
        It is beyond a limit of the context.
    """

    _noun = "model"

    def __init__(self, source: Union[Path, bytes],
                 context: Optional[Context] = None) -> None:
        owner = None if context is None else context._owner
        if isinstance(source, (bytes, bytearray, memoryview)):
            memory = bytes(source)
            self._take(lib.rnnc_model_load_memory(owner, memory, len(memory)),
                       owner)
        else:
            self._take(lib.rnnc_model_load(owner, os.fspath(source)), owner)

    @property
    def graph(self) -> Graph:
        """Its graph, which keeps the model alive."""
        return Graph._of(lib.rnnc_model_graph(self._owner), self._owner)

    @property
    def weights(self) -> Weights:
        """Its weights, which keep the model alive."""
        return Weights._of(lib.rnnc_model_weights(self._owner), self._owner)


def model_save(weights: Weights, path: Path) -> None:
    """Save weights with their graph in one safetensors file.

    Parameters
    ----------
    weights : Weights
    path : path_like
        A file that is there is replaced when the new one is whole.
    """
    save_file(lib.rnnc_model_save, weights, path)


def model_save_memory(weights: Weights) -> bytes:
    """The bytes of the file that `model_save` writes.

    Parameters
    ----------
    weights : Weights
    """
    return save_bytes(lib.rnnc_model_save_memory, weights)
