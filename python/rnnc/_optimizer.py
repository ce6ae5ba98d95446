# SPDX-License-Identifier: MIT
"""Updating weights from their gradients."""
from __future__ import annotations

import ctypes
from typing import Union

from ._abi import constants
from ._error import ArgumentError, StateError, UnknownNameError, error
from ._handle import Handle
from ._library import lib, text_of
from ._record import Record
from ._weights import Weights


def number_of(prefix: str, name: Union[str, int]) -> int:
    """The number of an option by its name, as "learning_rate"."""
    if isinstance(name, int):
        return name
    number = getattr(constants, f"{prefix}_{name.upper()}", None)
    if number is None:
        known = sorted(key[len(prefix) + 1:].lower() for key in
                       vars(constants) if key.startswith(prefix + "_"))
        raise ArgumentError(f"there is no option '{name}'; there are "
                            + ", ".join(known))
    return int(number)


class Optimizer(Handle):
    """An algorithm, its options and its moving averages, as in PyTorch.

    ``adam["learning_rate"]`` reads and sets an option of all parameters, at
    any time.

    Parameters
    ----------
    weights : Weights
        What it updates.
    kind : int
        ``SGD``, ``RMSPROP``, ``ADAM``, ``ADAMW`` and so on.
    **options : float
        By the names of the ``OPT_`` constants in lower case.

    Attributes
    ----------
    weights : Weights
    """

    _noun = "optimizer"

    def __init__(self, weights: Weights, kind: int, **options: float) -> None:
        self._take(lib.rnnc_optimizer_create(weights._owner, kind),
                   weights._owner)
        self.weights = weights
        for name, value in options.items():
            self.set(name, value)

    def set(self, option: Union[str, int], value: float,
            group: int = 0) -> None:
        """Set an option.

        Parameters
        ----------
        option : str or int
            Its name, or one of ``OPT_``.
        value : float
        group : int
            Of these parameters alone; 0: all whose group has not its own.
        """
        number = number_of("OPT", option)
        self._check(
            lib.rnnc_optimizer_set(self._owner, number, value) if group == 0
            else lib.rnnc_optimizer_set_in_group(self._owner, group, number,
                                                 value))

    def get(self, option: Union[str, int], group: int = 0) -> float:
        """Read an option.

        Parameters
        ----------
        option : str or int
            Its name, or one of ``OPT_``.
        group : int
        """
        value, number = ctypes.c_double(), number_of("OPT", option)
        there = ctypes.byref(value)
        status = (
            lib.rnnc_optimizer_get(self._owner, number, there) if group == 0
            else lib.rnnc_optimizer_get_in_group(self._owner, group, number,
                                                 there))
        if status:
            raise error(status, self._message() or
                        f"group {group} of this optimizer has no option "
                        f"'{option}'")
        return value.value

    def __setitem__(self, option: Union[str, int], value: float) -> None:
        self.set(option, value)

    def __getitem__(self, option: Union[str, int]) -> float:
        return self.get(option)

    def add_group(self, pattern: str, **options: float) -> int:
        """Make a group of parameters that may have options of their own.

        Parameters
        ----------
        pattern : str
            Of their names: ``*`` stands for any characters, ``?`` for one.
        **options : float

        Returns
        -------
        int
            its number, 1 for the first
        """
        group = ctypes.c_int32()
        self._check(lib.rnnc_optimizer_add_group(self._owner, pattern,
                                                 ctypes.byref(group)))
        for name, value in options.items():
            self.set(name, value, group.value)
        return group.value

    def add_to_group(self, group: int, pattern: str) -> None:
        """Move more parameters from group 0 into a group.

        Parameters
        ----------
        group : int
        pattern : str
        """
        self._check(lib.rnnc_optimizer_add_to_group(self._owner, group,
                                                    pattern))

    @property
    def groups(self) -> int:
        """How many groups it has, group 0 among them."""
        return int(lib.rnnc_optimizer_groups(self._owner))

    def group_of(self, name: str) -> int:
        """The group of a parameter.

        Parameters
        ----------
        name : str
        """
        group = int(lib.rnnc_optimizer_group_of(self._owner, name))
        if group < 0:
            raise UnknownNameError(f"there is no parameter '{name}'")
        return group

    def observe(self, loss: float) -> bool:
        """NT-ASGD's switch: tell ASGD the loss on held-out data.

        Parameters
        ----------
        loss : float

        Returns
        -------
        bool
            whether averaging has begun
        """
        averaging = ctypes.c_int32()
        self._check(lib.rnnc_optimizer_observe(self._owner, loss,
                                               ctypes.byref(averaging)))
        return bool(averaging.value)

    def swap_average(self) -> None:
        """Exchange the values of the weights and ASGD's averages."""
        self._check(lib.rnnc_optimizer_swap_average(self._owner))

    def save(self, record: Record) -> None:
        """Write all that later steps depend on into a record.

        Parameters
        ----------
        record : Record
        """
        self._check(lib.rnnc_optimizer_save(self._owner, record._owner))

    def restore(self, record: Record) -> None:
        """Take back what `save` wrote.

        Parameters
        ----------
        record : Record
        """
        self._check(lib.rnnc_optimizer_restore(self._owner, record._owner))

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


def scale_gradients(weights: Weights, factor: float) -> None:
    """Multiply all gradients, after a batch done in parts.

    Parameters
    ----------
    weights : Weights
    factor : float
    """
    _check_clip(weights, lib.rnnc_scale_gradients(weights._owner, factor))


def _check_clip(weights: Weights, status: int) -> None:
    if status == StateError.status:
        raise StateError("no backward pass has made gradients yet")
    if status:
        raise error(status, text_of(lib.rnnc_weights_message(weights._owner)))
