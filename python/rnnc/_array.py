# SPDX-License-Identifier: MIT
"""NumPy arrays on their way in and out."""
from __future__ import annotations

import ctypes
from typing import Any, Optional, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._error import ArgumentError, DataError, ShapeError

Floats = NDArray[np.float32]
Ids = NDArray[np.int32]
Array = Union[Floats, Ids]

_IDS = np.iinfo(np.int32)


def is_ids(values: NDArray[Any]) -> bool:
    """Whether an array holds whole numbers."""
    return values.dtype.kind in "iu"


def floats(values: Any) -> Floats:
    """Dense float32; the array itself where it is that already."""
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise ArgumentError(f"an array of {array.dtype}, expected numbers")
    return np.ascontiguousarray(array, dtype=np.float32)


def ids(values: Any) -> Ids:
    """Dense int32; the array itself where it is that already."""
    array = np.asarray(values)
    if array.size == 0:
        return np.ascontiguousarray(array, dtype=np.int32)
    if not is_ids(array):
        raise ArgumentError(f"an array of {array.dtype}, expected ids")
    if array.dtype.itemsize >= 4 and array.dtype != np.int32:
        low, high = array.min(), array.max()
        if low < _IDS.min or high > _IDS.max:
            raise DataError(f"ids from {low} to {high} do not fit int32")
    return np.ascontiguousarray(array, dtype=np.int32)


def flags(values: ArrayLike) -> NDArray[np.uint8]:
    """Dense uint8, 1 where an element is true."""
    return np.ascontiguousarray(np.asarray(values, dtype=bool),
                                dtype=np.uint8)


def shaped(values: Floats, shape: tuple[int, ...], what: str) -> Floats:
    """The array, which must have a shape; a vector goes for one row."""
    if values.shape == shape or (1,) + values.shape == shape:
        return values
    raise ShapeError(f"{what}: an array of {values.shape}, expected {shape}")


def receiver(out: Optional[Floats], shape: tuple[int, ...],
             dtype: Any = np.float32) -> Any:
    """The array to write to: a new one, or `out` if it is fit for it."""
    if out is None:
        return np.empty(shape, dtype=dtype)
    if (out.shape != shape or out.dtype != dtype
            or not out.flags.c_contiguous or not out.flags.writeable):
        raise ShapeError(f"out must be a dense, writable array of {shape} "
                         f"and {np.dtype(dtype)}")
    return out


def view(address: int, kind: Any, shape: tuple[int, ...], owner: Any,
         writable: bool) -> Any:
    """An array over memory of `owner`, which lives as long as the array."""
    count = 1
    for size in shape:
        count *= size
    if count == 0:
        return np.empty(shape, dtype=np.dtype(kind))
    memory = (kind * count).from_address(address)
    memory._owner = owner
    array = np.frombuffer(memory, dtype=np.dtype(kind)).reshape(shape)
    array.flags.writeable = writable
    return array


def pointers(nodes: Any) -> Any:
    """A C array of addresses; None stands for NULL."""
    made = (ctypes.c_void_p * len(nodes))(
        *[None if node is None else node._as_parameter_ for node in nodes])
    return made
