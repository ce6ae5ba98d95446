# SPDX-License-Identifier: MIT
"""How long things of the library live.

An `Owner` holds an address and frees it when nobody holds the `Owner` any
more. Whatever reads memory of a handle holds its owner: handles made from it,
nodes, views, and every call while it runs. So closing a handle, in any order
and from any thread, never takes memory from under somebody's feet.
"""
from __future__ import annotations

from types import TracebackType
from typing import Any, ClassVar, Optional, TypeVar

from ._error import OutOfMemoryError, StateError, error
from ._library import lib, text_of

Self = TypeVar("Self", bound="Handle")


class Owner:
    """An address, and how to free it; holds what it depends on."""

    __slots__ = ("_as_parameter_", "_destroy", "_keep")

    def __init__(self, address: int, destroy: Any, *keep: Any) -> None:
        self._as_parameter_ = address
        self._destroy = destroy
        self._keep = keep

    def __del__(self) -> None:
        destroy = getattr(self, "_destroy", None)
        if destroy is not None:
            destroy(self._as_parameter_)


class Handle:
    """A thing of the library that can be closed, and is a context manager.

    What was made from it stays usable after it is closed.
    """

    _noun: ClassVar[str] = ""
    _owned: Optional[Owner]

    def _take(self, address: Optional[int], *keep: Any) -> None:
        """Owns a new handle, or raises what the handle says of itself."""
        if address is None:
            self._owned = None
            raise OutOfMemoryError(f"no memory for a {self._noun}")
        self._owned = Owner(
            address, getattr(lib, f"rnnc_{self._noun}_destroy"), *keep)
        status = getattr(lib, f"rnnc_{self._noun}_status")(self._owned)
        if status:
            failure = error(status, self._message())
            self._owned = None
            raise failure

    def _borrow(self, address: int, *keep: Any) -> None:
        """Holds a handle that lives as long as what is kept."""
        self._owned = Owner(address, None, *keep)

    @property
    def _owner(self) -> Owner:
        if self._owned is None:
            raise StateError(f"this {type(self).__name__} is closed")
        return self._owned

    def _message(self) -> str:
        return text_of(getattr(lib, f"rnnc_{self._noun}_message")(
            self._owner))

    def _check(self, status: int) -> None:
        if status:
            raise error(status, self._message())

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._owned is None

    def close(self) -> None:
        """Let go of it; safe to call twice."""
        self._owned = None

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, kind: Optional[type[BaseException]],
                 value: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()
