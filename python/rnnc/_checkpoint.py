# SPDX-License-Identifier: MIT
"""A folder of checkpoints, for training loops of one's own."""
from __future__ import annotations

import ctypes
import os
from typing import Optional

from ._context import Context
from ._handle import Handle
from ._library import lib, text_of
from ._record import Record
from ._weights import Path, Weights

_LAST = 2 ** 63 - 1


class Checkpoints(Handle):
    """A folder of checkpoints, of which one is whole at any moment.

    `Trainer` has one by itself.

    Parameters
    ----------
    folder : path_like
        Made at the first save where it is not there.
    keep : int
        How many checkpoints stay.
    context : Context, optional
        Memory and limits of files.
    """

    _noun = "checkpoints"

    def __init__(self, folder: Path, keep: int = 3,
                 context: Optional[Context] = None) -> None:
        owner = None if context is None else context._owner
        self._take(lib.rnnc_checkpoints_create(owner, os.fspath(folder), keep),
                   owner)

    def save(self, step: int, weights: Weights, record: Record) -> None:
        """Write a checkpoint, and then remove those that are too old.

        Parameters
        ----------
        step : int
            Of training; a file of the same step is replaced.
        weights : Weights
        record : Record
            What else there is to keep.

        Raises
        ------
        StateError
            The folder has checkpoints that were neither loaded nor written
            here: those of another training.
        """
        self._check(lib.rnnc_checkpoints_save(
            self._owner, step, weights._owner, record._owner))

    def load(self, weights: Weights, record: Record) -> Optional[int]:
        """Read the newest checkpoint that is whole.

        Parameters
        ----------
        weights : Weights
            Receive the values of all parameters.
        record : Record
            Receives all entries.

        Returns
        -------
        int or None
            its step; None where there is no checkpoint

        Raises
        ------
        FormatError
            There are checkpoints, and none is whole.
        """
        step = ctypes.c_int64()
        self._check(lib.rnnc_checkpoints_load(
            self._owner, weights._owner, record._owner, ctypes.byref(step)))
        return None if step.value < 0 else step.value

    @property
    def notice(self) -> str:
        """What the last `load` had to pass over, "" for nothing."""
        return text_of(lib.rnnc_checkpoints_notice(self._owner))

    def path(self, step: int) -> str:
        """The file of a step, whether it is there or not.

        Parameters
        ----------
        step : int
            0 or more; "" for others.
        """
        return text_of(lib.rnnc_checkpoints_path(self._owner, step))

    def newest(self, before: Optional[int] = None) -> Optional[int]:
        """The newest checkpoint, whole or not.

        Parameters
        ----------
        before : int, optional
            Of a step before this one.

        Returns
        -------
        int or None
            its step; None where there is none, or the folder cannot be read
        """
        step = int(lib.rnnc_checkpoints_newest(
            self._owner, _LAST if before is None else before))
        return None if step < 0 else step
