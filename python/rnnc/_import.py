# SPDX-License-Identifier: MIT
"""Weights from a safetensors file that somebody else wrote."""
from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from typing import Optional, Union

from ._abi import constants, types
from ._context import Context
from ._handle import Handle
from ._library import lib, struct_of, text_of
from ._weights import Path, Weights


class Import(Handle):
    """A map from their names to ours.

    A tensor that no entry names goes to the parameter of its own name, after
    the first prefix rule that fits has changed it. What differs is an error
    that names both sides.

    Parameters
    ----------
    context : Context, optional
        Limits of files.
    """

    _noun = "import"

    def __init__(self, context: Optional[Context] = None) -> None:
        owner = None if context is None else context._owner
        self._take(lib.rnnc_import_create(owner), owner)

    def map(self, theirs: str, ours: Optional[str], *,
            transpose: bool = False, first: int = 0, count: int = 0,
            to_first: int = 0, to_count: int = 0,
            blocks: Sequence[int] = ()) -> None:
        """An entry: one tensor of theirs is for one parameter of ours.

        Parameters
        ----------
        theirs : str
        ours : str or None
            None: the tensor is not wanted.
        transpose : bool
            Their [a, b] is our [b, a].
        first, count : int
            Rows of theirs; a count of 0: all.
        to_first, to_count : int
            Rows of ours; a count of 0: all.
        blocks : sequence of int
            Our block i of rows is block ``blocks[i]`` of theirs.
        """
        order = (ctypes.c_int32 * len(blocks))(*blocks)
        options = struct_of(
            types.rnnc_import_options, transpose=int(transpose),
            first=first, count=count, to_first=to_first, to_count=to_count,
            blocks=order if blocks else None, n_blocks=len(blocks))
        self._check(lib.rnnc_import_map(self._owner, theirs, ours,
                                        ctypes.byref(options)))

    def prefix(self, theirs: str, ours: Optional[str]) -> None:
        """A rule: names that begin with `theirs` begin with `ours` here.

        Parameters
        ----------
        theirs : str
        ours : str or None
            None: tensors of such names are not wanted.
        """
        self._check(lib.rnnc_import_prefix(self._owner, theirs, ours))

    def allow(self, *, missing: bool = False, left_over: bool = False
              ) -> None:
        """Say what later loads put up with.

        Parameters
        ----------
        missing : bool
            Parameters that no tensor fills keep their values.
        left_over : bool
            Tensors without a parameter are left alone.
        """
        self._check(lib.rnnc_import_allow(self._owner, int(missing),
                                          int(left_over)))

    def load(self, weights: Weights, source: Union[Path, bytes]) -> None:
        """Load a file through the map; where it fails nothing changes.

        Parameters
        ----------
        weights : Weights
        source : path_like or bytes
        """
        if isinstance(source, (bytes, bytearray, memoryview)):
            memory = bytes(source)
            status = lib.rnnc_import_load_memory(
                self._owner, weights._owner, memory, len(memory))
        else:
            status = lib.rnnc_import_load(self._owner, weights._owner,
                                          os.fspath(source))
        self._check(status)

    def _items(self, which: int) -> list[str]:
        count = lib.rnnc_import_count(self._owner, which)
        return [text_of(lib.rnnc_import_item(self._owner, which, index))
                for index in range(count)]

    @property
    def missing(self) -> list[str]:
        """Parameters that no tensor filled in the last load."""
        return self._items(constants.IMPORT_MISSING)

    @property
    def left_over(self) -> list[str]:
        """Tensors of the last load without a parameter."""
        return self._items(constants.IMPORT_LEFT_OVER)

    @property
    def skipped(self) -> list[str]:
        """Tensors of the last load that the map does not want."""
        return self._items(constants.IMPORT_SKIPPED)

    @property
    def misfits(self) -> list[str]:
        """Sentences of the last load, one for each that does not fit."""
        return self._items(constants.IMPORT_MISFIT)
