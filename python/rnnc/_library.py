# SPDX-License-Identifier: MIT
"""Finds the shared library and binds its functions.

Arguments are converted by what the table says of them: whole numbers are
checked against the range of their C type, text becomes bytes, and NumPy
arrays are handed over by address once their type and layout are right.
"""
from __future__ import annotations

import ctypes
import ctypes.util
import operator
import os
import pathlib
import types
from collections.abc import Iterator
from typing import Any, Optional

import numpy as np

from ._abi import constants
from ._abi.functions import FUNCTIONS


def _whole(kind: Any) -> type:
    """An argument type for whole numbers that fit into `kind`."""
    bits = 8 * ctypes.sizeof(kind)
    low = -(1 << (bits - 1)) if kind(-1).value < 0 else 0
    high = low + (1 << bits) - 1

    class Whole:
        @classmethod
        def from_param(cls, value: Any) -> Any:
            if isinstance(value, kind):
                return value
            number = operator.index(value)
            if not low <= number <= high:
                raise OverflowError(
                    f"{number} is not within {low} to {high}")
            return kind(number)

    return Whole


def _real(kind: Any) -> type:
    """An argument type for real numbers."""

    class Real:
        @classmethod
        def from_param(cls, value: Any) -> Any:
            return kind(float(value))

    return Real


def encoded(value: Any) -> Any:
    """Text as bytes; what is no text as it is."""
    if not isinstance(value, str):
        return value
    if "\0" in value:
        raise ValueError("text with a zero byte in it")
    return value.encode()


class _Text:
    """Text, or a buffer that receives text."""

    @classmethod
    def from_param(cls, value: Any) -> Any:
        return ctypes.c_char_p.from_param(encoded(value))


def _array(pointer: Any) -> type:
    """An argument type for dense arrays of what `pointer` points to."""
    dtype = np.dtype(pointer._type_)

    class Array:
        @classmethod
        def from_param(cls, value: Any) -> Any:
            if not isinstance(value, np.ndarray):
                return pointer.from_param(value)
            if value.dtype != dtype or not value.flags.c_contiguous:
                raise TypeError(f"expected a dense array of {dtype}")
            return value.ctypes

    return Array


_SCALARS: dict[Any, type] = {
    **{kind: _whole(kind)
       for kind in (ctypes.c_uint8, ctypes.c_int32, ctypes.c_uint32,
                    ctypes.c_int64, ctypes.c_uint64, ctypes.c_size_t)},
    **{kind: _real(kind) for kind in (ctypes.c_float, ctypes.c_double)},
    ctypes.c_char_p: _Text,
}


def _argument(kind: Any) -> Any:
    if kind in _SCALARS:
        return _SCALARS[kind]
    if getattr(kind, "_type_", None) in _SCALARS and kind._type_ not in (
            ctypes.c_char_p,):
        return _array(kind)
    return kind


def struct_of(kind: Any, **values: Any) -> Any:
    """An option struct with its size, its whole numbers within range."""
    made = kind(struct_size=ctypes.sizeof(kind))
    fields = dict(kind._fields_)
    for name, value in values.items():
        checked: Any = _SCALARS.get(fields[name])
        try:
            if checked is not None and checked is not _Text:
                value = checked.from_param(value)
            setattr(made, name, encoded(value))
        except (OverflowError, TypeError, ValueError) as failure:
            raise _refusal(f"{name}: {failure}") from None
    return made


def _candidates() -> Iterator[str]:
    named = os.environ.get("RNNC_LIBRARY")
    if named:
        yield named
        return
    here = pathlib.Path(__file__).parent
    for pattern in ("librnnc.so*", "librnnc*.dylib"):
        yield from sorted(map(str, here.glob(pattern)))
    installed = ctypes.util.find_library("rnnc")
    if installed:
        yield installed


def _load() -> Any:
    for path in _candidates():
        return _bind(ctypes.CDLL(path), path)
    raise ImportError(
        "librnnc is not beside the package and not installed; the "
        "environment variable RNNC_LIBRARY may name it")


def _bind(library: ctypes.CDLL, path: str) -> Any:
    """The functions of a library by name."""
    bound = types.SimpleNamespace()
    for name, (result, arguments) in FUNCTIONS.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise ImportError(f"{path} has no {name}: it is of another "
                              "version than the package") from None
        function.restype = result
        function.argtypes = [_argument(kind) for kind in arguments]
        setattr(bound, name, _guarded(function, name))
    found = library.rnnc_abi_version()
    if found != constants.ABI_VERSION:
        raise ImportError(f"{path} has the binary interface {found}, "
                          f"expected {constants.ABI_VERSION}")
    return bound


def _guarded(function: Any, name: str) -> Any:
    """The function, whose refused arguments are errors of this package."""

    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except ctypes.ArgumentError as failure:
            raise _refusal(f"{name}: {failure}") from None

    return call


def _refusal(message: str) -> Exception:
    from ._error import ArgumentError
    return ArgumentError(message)


lib = _load()


def text_of(value: Optional[bytes]) -> str:
    """What a C string says, "" for NULL."""
    return "" if value is None else value.decode(errors="replace")


def text_from(function: Any, *arguments: Any) -> str:
    """Text of a function that ends in (char *text, size_t size)."""
    size = function(*arguments, None, 0) + 1
    buffer = ctypes.create_string_buffer(size)
    function(*arguments, buffer, size)
    return text_of(buffer.value)
