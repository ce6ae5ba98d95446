# SPDX-License-Identifier: MIT
"""Updating weights from their gradients."""
from __future__ import annotations

import ctypes
from typing import Union

from ._abi import constants
from ._error import ArgumentError, StateError, error
from ._handle import Handle
from ._library import lib, text_of
from ._weights import Weights


def _option(name: Union[str, int]) -> int:
    """The number of an option by its name, as "learning_rate"."""
    if isinstance(name, int):
        return name
    number = getattr(constants, f"OPT_{name.upper()}", None)
    if number is None:
        known = sorted(key[4:].lower() for key in vars(constants)
                       if key.startswith("OPT_"))
        raise ArgumentError(f"there is no option '{name}'; there are "
                            + ", ".join(known))
    return int(number)


class Optimizer(Handle):
    """An algorithm, its options and its moving averages.

    Options are ``adam["learning_rate"]``, may be set between any two steps,
    and bear PyTorch's meaning.

    Parameters
    ----------
    weights : Weights
        What it updates.
    kind : int
        ``SGD``, ``RMSPROP``, ``ADAM`` and so on.
    **options : float
        By the names of the ``OPT_`` constants in lower case.
    """

    _noun = "optimizer"

    def __init__(self, weights: Weights, kind: int, **options: float) -> None:
        self._take(lib.rnnc_optimizer_create(weights._owner, kind),
                   weights._owner)
        self.weights = weights
        for name, value in options.items():
            self.set(name, value)

    def set(self, option: Union[str, int], value: float) -> None:
        """Set an option.

        Parameters
        ----------
        option : str or int
            Its name, or one of ``OPT_``.
        value : float
        """
        self._check(lib.rnnc_optimizer_set(self._owner, _option(option),
                                           value))

    def get(self, option: Union[str, int]) -> float:
        """Read an option.

        Parameters
        ----------
        option : str or int
            Its name, or one of ``OPT_``.
        """
        value = ctypes.c_double()
        status = lib.rnnc_optimizer_get(self._owner, _option(option),
                                        ctypes.byref(value))
        if status:
            raise error(status, self._message() or
                        f"this optimizer has no option '{option}'")
        return value.value

    def __setitem__(self, option: Union[str, int], value: float) -> None:
        self.set(option, value)

    def __getitem__(self, option: Union[str, int]) -> float:
        return self.get(option)

    def step(self) -> None:
        """Update every parameter that is not frozen from its gradient."""
        self._check(lib.rnnc_optimizer_step(self._owner))


def clip_norm(weights: Weights, most: float) -> float:
    """Scale gradients so that their norm is at most `most`.

    Parameters
    ----------
    weights : Weights
    most : float

    Returns
    -------
    float
        the norm before
    """
    norm = ctypes.c_float()
    status = lib.rnnc_clip_norm(weights._owner, most, ctypes.byref(norm))
    _check_clip(weights, status)
    return norm.value


def clip_value(weights: Weights, most: float) -> None:
    """Clip every gradient to -most..most.

    Parameters
    ----------
    weights : Weights
    most : float
    """
    _check_clip(weights, lib.rnnc_clip_value(weights._owner, most))


def _check_clip(weights: Weights, status: int) -> None:
    if status == StateError.status:
        raise StateError("no backward pass has made gradients yet")
    if status:
        raise error(status, text_of(lib.rnnc_weights_message(weights._owner)))
