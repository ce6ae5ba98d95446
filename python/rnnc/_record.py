# SPDX-License-Identifier: MIT
"""What training has learned beside the weights: named arrays."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._abi import constants
from ._context import Context
from ._error import UnknownNameError
from ._handle import Handle
from ._library import lib, text_of


class Record(Handle):
    """Named floats and numbers, which optimizers and schedules fill.

    ``record[name]`` is a copy of an entry: float32 of a moving average,
    float64 of counts and options. Setting an entry makes or replaces it.

    Parameters
    ----------
    context : Context, optional
    """

    _noun = "record"

    def __init__(self, context: Optional[Context] = None) -> None:
        owner = None if context is None else context._owner
        self._take(lib.rnnc_record_create(owner), owner)

    def __getitem__(self, name: str) -> NDArray[Any]:
        entry = lib.rnnc_record_find(self._owner, name)
        if entry < 0:
            raise UnknownNameError(f"there is no entry '{name}'")
        size = lib.rnnc_record_size(self._owner, entry)
        if lib.rnnc_record_type(self._owner,
                                entry) == constants.RECORD_FLOATS:
            values: NDArray[Any] = np.empty(size, np.float32)
            call = lib.rnnc_record_get_floats
        else:
            values = np.empty(size, np.float64)
            call = lib.rnnc_record_get_numbers
        self._check(call(self._owner, name, values, size))
        return values

    def __setitem__(self, name: str, values: ArrayLike) -> None:
        array = np.ascontiguousarray(values).reshape(-1)
        if array.dtype == np.float32:
            call = lib.rnnc_record_set_floats
        else:
            array = array.astype(np.float64)
            call = lib.rnnc_record_set_numbers
        self._check(call(self._owner, name, array, array.size))

    def __len__(self) -> int:
        return int(lib.rnnc_record_count(self._owner))

    def __contains__(self, name: object) -> bool:
        return (isinstance(name, str)
                and lib.rnnc_record_find(self._owner, name) >= 0)

    def __iter__(self) -> Iterator[str]:
        for entry in range(len(self)):
            yield text_of(lib.rnnc_record_name(self._owner, entry))

    def keys(self) -> list[str]:
        """Names of all entries, in the order they were written."""
        return [name for name in self]

    def items(self) -> list[tuple[str, NDArray[Any]]]:
        """Names and values of all entries."""
        return [(name, self[name]) for name in self]
