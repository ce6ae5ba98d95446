# SPDX-License-Identifier: MIT
"""Ragged batches of rows or ids."""
from __future__ import annotations

import ctypes
from collections.abc import Iterator
from collections.abc import Sequence as Items
from typing import Any, Optional, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _array
from ._abi import constants
from ._array import Array, Floats
from ._context import Context
from ._error import ArgumentError, ShapeError
from ._handle import Handle
from ._library import lib

Data = Union["Sequence", ArrayLike, Items[ArrayLike]]
Lengths = Optional[ArrayLike]


class Sequence(Handle):
    """A batch of sequences of any lengths for one input.

    Parameters
    ----------
    data : array_like or list of arrays, optional
        Floats [batch, time, features] or ids [batch, time], padded; or a
        list with an array [time, features] or [time] for each sequence.
    lengths : array_like, optional
        Steps of each sequence of padded data; all of them if not given.
    layout : int
        ``BATCH_MAJOR``, or ``TIME_MAJOR`` for [time, batch, features].
    context : Context, optional

    Notes
    -----
    It is a sequence of arrays itself: ``len(s)``, ``s[i]`` and iteration.
    """

    _noun = "sequence"

    def __init__(self, data: Optional[Data] = None, lengths: Lengths = None,
                 *, layout: int = constants.BATCH_MAJOR,
                 context: Optional[Context] = None) -> None:
        owner = None if context is None else context._owner
        self._take(lib.rnnc_sequence_create(owner), owner)
        if data is not None:
            self.set(data, lengths, layout=layout)

    def set(self, data: Data, lengths: Lengths = None, *,
            layout: int = constants.BATCH_MAJOR) -> None:
        """Replace the content; parameters as of the class."""
        if isinstance(data, Sequence):
            data = list(data)
        if isinstance(data, (list, tuple)) and (
                not data or isinstance(data[0], (np.ndarray, list, tuple))
                and np.ndim(data[0]) <= 2 and lengths is None):
            return self._set_list(list(data))
        array = np.asarray(data)
        if array.ndim == 2 and _array.is_ids(array):
            return self.set_padded_ids(array, lengths, layout=layout)
        return self.set_padded(array, lengths, layout=layout)

    def _set_list(self, items: list[Any]) -> None:
        arrays = [np.asarray(item) for item in items]
        if arrays and all(a.ndim == 1 and (a.size == 0 or _array.is_ids(a))
                          for a in arrays):
            return self.set_ids(arrays)
        return self.set_rows(arrays)

    def set_rows(self, rows: Items[ArrayLike],
                 features: Optional[int] = None) -> None:
        """Rows of floats, an array [time, features] for each sequence.

        Parameters
        ----------
        rows : list of arrays
            Dense float32 arrays are read where they lie.
        features : int, optional
            Columns; needed where the list is empty.
        """
        arrays = [_array.floats(row) for row in rows]
        for place, array in enumerate(arrays):
            if array.ndim != 2:
                raise ShapeError(f"sequence {place} is an array of "
                                 f"{array.shape}, expected [time, features]")
            features = array.shape[1] if features is None else features
            if array.shape[1] != features:
                raise ShapeError(f"sequence {place} has {array.shape[1]} "
                                 f"features, the first has {features}")
        addresses, lengths = addresses_of(arrays, ctypes.c_float)
        self._check(lib.rnnc_sequence_set_rows(
            self._owner, addresses, lengths, len(arrays),
            1 if features is None else features))

    def set_ids(self, ids: Items[ArrayLike]) -> None:
        """Ids, an array [time] for each sequence.

        Parameters
        ----------
        ids : list of arrays
        """
        arrays = [_array.ids(row) for row in ids]
        for place, array in enumerate(arrays):
            if array.ndim != 1:
                raise ShapeError(f"sequence {place} is an array of "
                                 f"{array.shape}, expected [time]")
        addresses, lengths = addresses_of(arrays, ctypes.c_int32)
        self._check(lib.rnnc_sequence_set_ids(self._owner, addresses, lengths,
                                              len(arrays)))

    def set_padded(self, data: ArrayLike, lengths: Lengths = None, *,
                   layout: int = constants.BATCH_MAJOR) -> None:
        """Rows of floats from one padded array.

        Parameters
        ----------
        data : array_like
            [batch, time, features] or [time, batch, features]
        lengths : array_like, optional
            Steps of each sequence.
        layout : int
        """
        array = _array.floats(data)
        if array.ndim != 3:
            raise ShapeError(f"an array of {array.shape}, expected [batch, "
                             "time, features]")
        batch, time = _outer(array, layout)
        self._check(lib.rnnc_sequence_set_padded(
            self._owner, array, _lengths(lengths, batch), batch, time,
            array.shape[2], layout))

    def set_padded_ids(self, data: ArrayLike, lengths: Lengths = None, *,
                       layout: int = constants.BATCH_MAJOR) -> None:
        """Ids from one padded array.

        Parameters
        ----------
        data : array_like
            [batch, time] or [time, batch]
        lengths : array_like, optional
            Steps of each sequence.
        layout : int
        """
        array = _array.ids(data)
        if array.ndim != 2:
            raise ShapeError(f"an array of {array.shape}, expected [batch, "
                             "time]")
        batch, time = _outer(array, layout)
        self._check(lib.rnnc_sequence_set_padded_ids(
            self._owner, array, _lengths(lengths, batch), batch, time,
            layout))

    @property
    def batch(self) -> int:
        """Number of sequences."""
        return int(lib.rnnc_sequence_batch(self._owner))

    @property
    def features(self) -> int:
        """Columns; 0 for ids, or nothing yet."""
        return int(lib.rnnc_sequence_features(self._owner))

    @property
    def longest(self) -> int:
        """Steps of the longest sequence."""
        return int(lib.rnnc_sequence_longest(self._owner))

    @property
    def total(self) -> int:
        """Steps of all sequences together."""
        return int(lib.rnnc_sequence_total(self._owner))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Steps of each sequence."""
        return np.array([self.length(row) for row in range(self.batch)],
                        dtype=np.int64)

    def length(self, row: int) -> int:
        """Steps of one sequence.

        Parameters
        ----------
        row : int
            From 0.
        """
        length = int(lib.rnnc_sequence_length(self._owner, row))
        if length < 0:
            raise IndexError(f"row {row} of {self.batch}")
        return length

    def get_row(self, row: int) -> Array:
        """The rows or ids of one sequence, as a new array.

        Parameters
        ----------
        row : int
            From 0.
        """
        length = self.length(row)
        if self.features == 0:
            ids = np.empty(length, dtype=np.int32)
            self._check(lib.rnnc_sequence_get_row_ids(self._owner, row, ids))
            return ids
        rows = np.empty((length, self.features), dtype=np.float32)
        self._check(lib.rnnc_sequence_get_row(self._owner, row, rows))
        return rows

    def get_padded(self, *, layout: int = constants.BATCH_MAJOR,
                   padding: float = 0.0, out: Optional[Floats] = None
                   ) -> Floats:
        """The rows of all sequences as one padded array.

        Parameters
        ----------
        layout : int
        padding : float
            What stands beyond each length.
        out : array, optional
            Where to write.
        """
        shape = padded_shape(self.batch, self.longest, self.features, layout)
        values: Floats = _array.receiver(out, shape)
        self._check(lib.rnnc_sequence_get_padded(
            self._owner, values, self.longest, layout, padding))
        return values

    def __len__(self) -> int:
        return self.batch

    def __getitem__(self, row: int) -> Array:
        return self.get_row(row + self.batch if row < 0 else row)

    def __iter__(self) -> Iterator[Array]:
        for row in range(self.batch):
            yield self.get_row(row)

    def __repr__(self) -> str:
        if self.closed:
            return "<rnnc.Sequence, closed>"
        what = f"{self.features} features" if self.features else "ids"
        return (f"<rnnc.Sequence of {self.batch}, at most {self.longest} "
                f"steps, {what}>")


def padded_shape(batch: int, time: int, features: int, layout: int
                 ) -> tuple[int, int, int]:
    """Shape of a padded array."""
    if layout == constants.TIME_MAJOR:
        return time, batch, features
    return batch, time, features


def _outer(array: NDArray[Any], layout: int) -> tuple[int, int]:
    """(batch, time) of a padded array."""
    if layout == constants.TIME_MAJOR:
        return array.shape[1], array.shape[0]
    return array.shape[0], array.shape[1]


def _lengths(lengths: Lengths, batch: int) -> Optional[NDArray[np.int64]]:
    if lengths is None:
        return None
    array = np.asarray(lengths)
    if array.shape != (batch,) or not (_array.is_ids(array) or batch == 0):
        raise ArgumentError(f"lengths are an array of {array.shape} and "
                            f"{array.dtype}, expected {batch} whole numbers")
    return np.ascontiguousarray(array, dtype=np.int64)


def addresses_of(arrays: list[Any], kind: Any) -> tuple[Any, Any]:
    """C arrays of the addresses and lengths of NumPy arrays."""
    pointer = ctypes.POINTER(kind)
    addresses = (pointer * len(arrays))(
        *[array.ctypes.data_as(pointer) for array in arrays])
    lengths = np.array([len(array) for array in arrays], dtype=np.int64)
    return addresses, lengths
