# SPDX-License-Identifier: MIT
"""Learning rates, and momenta, that change while training goes on."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Optional, Union

import numpy as np

from . import _array
from ._abi import types
from ._error import ArgumentError
from ._handle import Handle
from ._library import lib
from ._optimizer import Optimizer, number_of
from ._record import Record

# A value, one for each group, or several of an option that may have them.
Setting = Union[float, Mapping[int, float], Sequence[float]]


class Schedule(Handle):
    """How the rates of an optimizer change, as in PyTorch.

    Call `step` after each step of the optimizer, or after each pass over the
    data.

    Parameters
    ----------
    optimizer : Optimizer
        What it moves.
    kind : int
        One of ``SCHEDULE_``.
    **settings : float, mapping or sequence
        By the names of the ``SCHED_`` constants in lower case. A mapping has
        a value for each group, 0 standing for all; the ``milestone`` of a
        multi-step schedule may be several.
    """

    _noun = "schedule"

    def __init__(self, optimizer: Optimizer, kind: int,
                 **settings: Setting) -> None:
        given = [types.rnnc_schedule_setting(*setting)
                 for name, value in settings.items()
                 for setting in _settings(name, value)]
        array = (types.rnnc_schedule_setting * len(given))(*given)
        self._hold(lib.rnnc_schedule_create(optimizer._owner, kind, array,
                                            len(given)), optimizer._owner)

    def _hold(self, address: Optional[int], *keep: Any) -> None:
        self._failures: list[BaseException] = []
        self._parts: tuple[Schedule, ...] = ()
        self._take(address, *keep)

    @classmethod
    def _of(cls) -> Schedule:
        return cls.__new__(cls)

    @classmethod
    def lambda_(cls, optimizer: Optimizer,
                factor: Callable[[int], float]) -> Schedule:
        """The base rate times a factor for each step.

        Parameters
        ----------
        optimizer : Optimizer
        factor : callable
            Of the step, 0 for the beginning. What it raises, `step` raises.
        """
        failures: list[BaseException] = []

        def call(_: Optional[int], step: int) -> float:
            try:
                return float(factor(step))
            except BaseException as failure:
                failures.append(failure)
                return float("nan")

        schedule = cls._of()
        function = types.rnnc_schedule_factor(call)
        address = lib.rnnc_schedule_lambda(optimizer._owner, function, None)
        if failures:
            lib.rnnc_schedule_destroy(address)
            raise failures.pop()
        schedule._hold(address, optimizer._owner, function)
        schedule._failures = failures
        return schedule

    @classmethod
    def chain(cls, parts: Sequence[Schedule]) -> Schedule:
        """Each step is a step of every part, in order.

        Parameters
        ----------
        parts : sequence of Schedule
            Of one optimizer; stepped through the chain alone.
        """
        return cls._over(parts, lib.rnnc_schedule_chain)

    @classmethod
    def sequence(cls, parts: Sequence[Schedule],
                 milestones: Sequence[int]) -> Schedule:
        """One part after the other, as PyTorch's ``SequentialLR``.

        Parameters
        ----------
        parts : sequence of Schedule
            Of one optimizer; stepped through the sequence alone.
        milestones : sequence of int
            Part i begins at milestone i - 1.
        """
        if len(milestones) + 1 != len(parts):
            raise ArgumentError(f"{len(parts)} parts take "
                                f"{len(parts) - 1} milestones, not "
                                f"{len(milestones)}")
        return cls._over(parts, lib.rnnc_schedule_sequence,
                         np.array(milestones, dtype=np.int64))

    @classmethod
    def _over(cls, parts: Sequence[Schedule], call: Any, *more: Any
              ) -> Schedule:
        owners = [part._owner for part in parts]
        schedule = cls._of()
        schedule._hold(call(_array.pointers(owners), len(owners), *more),
                       owners)
        schedule._parts = tuple(parts)
        return schedule

    def _raise_of_callbacks(self) -> None:
        if self._failures:
            raise self._failures.pop()
        for part in self._parts:
            part._raise_of_callbacks()

    def step(self) -> None:
        """Go on by one step."""
        status = lib.rnnc_schedule_step(self._owner)
        self._raise_of_callbacks()
        self._check(status)

    def observe(self, value: float) -> None:
        """Tell a plateau a value, usually the loss on held-out data.

        Parameters
        ----------
        value : float
        """
        self._check(lib.rnnc_schedule_observe(self._owner, value))

    @property
    def count(self) -> int:
        """Its steps, or the values observed."""
        return int(lib.rnnc_schedule_count(self._owner))

    def save(self, record: Record) -> None:
        """Write where it is into a record.

        Parameters
        ----------
        record : Record
        """
        self._check(lib.rnnc_schedule_save(self._owner, record._owner))

    def restore(self, record: Record) -> None:
        """Take back what `save` wrote, into a schedule made in the same way.

        Parameters
        ----------
        record : Record
        """
        self._check(lib.rnnc_schedule_restore(self._owner, record._owner))


def _settings(name: str, value: Setting) -> Iterator[tuple[int, int, float]]:
    """(option, group, value) for each value of an option."""
    option = number_of("SCHED", name)
    if isinstance(value, Mapping):
        for group, own in value.items():
            yield option, group, float(own)
    elif isinstance(value, (int, float)):
        yield option, 0, float(value)
    else:
        for own in value:
            yield option, 0, float(own)
