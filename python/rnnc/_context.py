# SPDX-License-Identifier: MIT
"""Where memory and threads come from."""
from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, Optional

from ._abi import types
from ._handle import Handle
from ._library import lib, struct_of, text_of


class Context(Handle):
    """Memory, threads and limits shared by the handles made with it.

    Parameters
    ----------
    threads : int
        At most so many work together, the caller included; 0 stands for 1.
    file_limit : int
        Bytes of a model file at most; 0 stands for 16 GiB.
    node_limit : int
        Nodes of a loaded graph at most; 0 stands for 1,000,000.
    depth_limit : int
        Levels of a file's JSON at most; 0 stands for 16.
    name_limit : int
        Bytes of a name in a file at most; 0 stands for 1,024.
    allocate, release : callable, optional
        ``allocate(bytes)`` gives an address or None, ``release(address)``
        takes it back. Given together or not at all.

    Raises
    ------
    ArgumentError
        Threads outside 0 to 256, or only one of the two functions.
    """

    _noun = "context"

    def __init__(self, threads: int = 0, *, file_limit: int = 0,
                 node_limit: int = 0, depth_limit: int = 0,
                 name_limit: int = 0,
                 allocate: Optional[Callable[[int], Optional[int]]] = None,
                 release: Optional[Callable[[int], None]] = None) -> None:
        options = struct_of(
            types.rnnc_context_options, threads=threads,
            file_limit=file_limit, node_limit=node_limit,
            depth_limit=depth_limit, name_limit=name_limit)
        calls: list[Any] = []
        if allocate is not None:
            give = allocate
            calls.append(types.rnnc_allocate(lambda _, size: give(size)))
            options.allocate = calls[-1]
        if release is not None:
            take = release
            calls.append(types.rnnc_release(lambda _, block: take(block)))
            options.release = calls[-1]
        self._take(lib.rnnc_context_create(ctypes.byref(options)), calls)


def isa() -> str:
    """The instruction set that the kernels of new runs use.

    Returns
    -------
    str
        "scalar", "sse2", "avx2", "avx512" or "neon": the best of this
        machine, capped by the environment variable ``RNNC_ISA``.
    """
    return text_of(lib.rnnc_isa())
