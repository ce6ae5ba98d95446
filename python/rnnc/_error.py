# SPDX-License-Identifier: MIT
"""Errors as exceptions, each with the message of the library."""
from __future__ import annotations

from ._abi import constants
from ._library import lib, text_of


class Error(Exception):
    """What went wrong, in the words of the library.

    Attributes
    ----------
    status : int
        One of ``rnnc.E_ARGUMENT`` and so on.
    """

    status: int = constants.OK


class ArgumentError(Error, ValueError):
    """An argument makes no sense by itself (``E_ARGUMENT``)."""

    status = constants.E_ARGUMENT


class ShapeError(Error, ValueError):
    """Shapes, kinds, types or axes do not fit (``E_SHAPE``)."""

    status = constants.E_SHAPE


class OutOfMemoryError(Error, MemoryError):
    """Memory ran out, or a size overflows (``E_MEMORY``)."""

    status = constants.E_MEMORY


class StateError(Error, RuntimeError):
    """The call came in the wrong order (``E_STATE``)."""

    status = constants.E_STATE


class UnknownNameError(Error, LookupError):
    """A name is unknown, or taken (``E_NAME``)."""

    status = constants.E_NAME


class DataError(Error, ValueError):
    """Data out of range: an id, a length (``E_VALUE``)."""

    status = constants.E_VALUE


class LimitError(Error, OverflowError):
    """A limit of the context or the format (``E_LIMIT``)."""

    status = constants.E_LIMIT


class FileError(Error, OSError):
    """The operating system refused a file operation (``E_IO``)."""

    status = constants.E_IO


class FormatError(Error, ValueError):
    """A file is damaged or not of this format (``E_FORMAT``)."""

    status = constants.E_FORMAT


class UnsupportedError(Error, NotImplementedError):
    """Well formed, but not possible here (``E_UNSUPPORTED``)."""

    status = constants.E_UNSUPPORTED


_KINDS = {kind.status: kind for kind in Error.__subclasses__()}


def error(status: int, message: str) -> Error:
    """The exception of a status."""
    if not message:
        message = text_of(lib.rnnc_status_string(status))
    made = _KINDS.get(status, Error)(message)
    made.status = status
    return made
