# SPDX-License-Identifier: MIT
"""The training loop, with checkpoints that bring back every bit."""
from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Optional

from ._abi import constants, types
from ._average import Average
from ._dataset import Dataset
from ._error import ArgumentError, StateError
from ._graph import Node
from ._handle import Handle, Owner
from ._library import lib, struct_of, text_of
from ._optimizer import Optimizer
from ._plan import Plan
from ._record import Record
from ._run import Run
from ._schedule import Schedule
from ._weights import Path, Weights


class Progress(NamedTuple):
    """How far a training is.

    Attributes
    ----------
    event : int
        One of ``PROGRESS_``.
    epoch, epochs : int
        0 for the first; how many there are to be.
    step : int
        Steps so far, in all epochs.
    batch, batches : int
        Of this epoch, done and in all; 0 in all with `fill`.
    window : int
        Windows of the next batch that are done.
    loss : float
        Mean of the step, NaN after a resumption until one is made; of the
        epoch at its end.
    norm : float
        Of the gradients before they were clipped; NaN after a resumption
        until a step is made.
    rate : float
        Learning rate of the next step.
    held_out, best : float
        The last finite and the least loss on held-out data; NaN before the
        first.
    mass : int
        Steps or examples that went into `loss`.
    improved : bool
        Whether the last measurement is the best.
    """

    event: int
    epoch: int
    epochs: int
    step: int
    batch: int
    batches: int
    window: int
    loss: float
    norm: float
    rate: float
    held_out: float
    best: float
    mass: int
    improved: bool


Tell = Callable[[Progress], Optional[bool]]
Fill = Callable[[Run, int, int], bool]

# Handles and callbacks have parameters of their own.
_NUMBERS = {"order", "epochs", "steps", "batch", "window", "accumulate",
            "count_by", "clip_norm", "clip_value", "seed", "schedule_every",
            "patience", "least_gain", "validate_every", "checkpoint_keep",
            "checkpoint_steps", "checkpoint_seconds", "checkpoint_epochs"}


class Trainer(Handle):
    """The loop over batches, windows and epochs.

    What a callback raises, Ctrl-C among it, ends the training after a whole
    step and is raised by `train`, which may be called again to go on.
    Callbacks may ask the trainer, but not train, save or restore.

    Parameters
    ----------
    optimizer : Optimizer
        Updates its weights.
    loss : Node
        A static [1, 1] value of the weights' graph.
    data : Dataset, optional
        What is learnt from; this or `fill`.
    held_out : Dataset, optional
        What the loss is measured on.
    schedule : Schedule, optional
        Any but a plateau.
    plateau : Schedule, optional
        A plateau: told the loss on held-out data.
    average : Average, optional
        Of the weights, updated after each step.
    plan : Plan, optional
        For ``TRAIN``, of `loss`, where memory is to be saved.
    fill : callable, optional
        ``fill(run, epoch, batch)`` sets the inputs of a batch and returns
        True, or False where the epoch is over. Resumed trainings have the
        same bits if the data are a function of epoch and batch.
    fill_held_out : callable, optional
        The same in place of `held_out`.
    progress : callable, optional
        ``progress(how_far)`` with a `Progress` after each step, measurement
        and epoch; True ends the training.
    checkpoints : path_like, optional
        A folder for checkpoints.
    **options : float
        The numbers of ``rnnc_trainer_options``, 0 for their default:
        ``epochs``, ``steps``, ``batch``, ``window``, ``accumulate``,
        ``clip_norm``, ``clip_value``, ``seed``, ``patience``,
        ``least_gain``, ``validate_every``, ``order`` (one of ``ORDER_``),
        ``count_by`` (``COUNT_``), ``schedule_every`` (``EVERY_``),
        ``checkpoint_keep``, ``checkpoint_steps``, ``checkpoint_seconds``
        and ``checkpoint_epochs``.
    """

    _noun = "trainer"

    def __init__(self, optimizer: Optimizer, loss: Node, *,
                 data: Optional[Dataset] = None,
                 held_out: Optional[Dataset] = None,
                 schedule: Optional[Schedule] = None,
                 plateau: Optional[Schedule] = None,
                 average: Optional[Average] = None,
                 plan: Optional[Plan] = None, fill: Optional[Fill] = None,
                 fill_held_out: Optional[Fill] = None,
                 progress: Optional[Tell] = None,
                 checkpoints: Optional[Path] = None,
                 **options: float) -> None:
        unknown = sorted(set(options) - _NUMBERS)
        if unknown:
            raise ArgumentError(f"there is no option '{unknown[0]}'; there "
                                "are " + ", ".join(sorted(_NUMBERS)))
        if plan is None:
            plan = Plan(loss.graph, constants.TRAIN, loss=loss)
        self._failures: list[BaseException] = []
        self._runs: tuple[Optional[Run], ...] = (None, None)
        self._schedules = [part for part in (schedule, plateau) if part]
        self._fills, self._tell = (fill, fill_held_out), progress
        parts = {"data": data, "held_out": held_out, "schedule": schedule,
                 "plateau": plateau, "average": average, "plan": plan}
        owners = {name: part._owner for name, part in parts.items()
                  if part is not None}
        calls = self._callbacks()
        addresses = {name: owner._as_parameter_
                     for name, owner in owners.items()}
        folder = None if checkpoints is None else os.fspath(checkpoints)
        made = struct_of(types.rnnc_trainer_options, checkpoints=folder,
                         **addresses, **calls, **options)
        inputs: list[dict[Node, Owner]] = [{}, {}]
        self._take(lib.rnnc_trainer_create(optimizer._owner, loss,
                                           ctypes.byref(made)),
                   optimizer._owner, loss._owner, owners, calls, inputs)
        self._runs = tuple(
            self._run_of(call(self._owner), optimizer.weights, plan, own)
            for call, own in zip((lib.rnnc_trainer_run,
                                  lib.rnnc_trainer_held_out_run), inputs))

    def _run_of(self, address: Optional[int], weights: Weights, plan: Plan,
                inputs: dict[Node, Owner]) -> Optional[Run]:
        return (None if address is None else
                Run._of(address, plan, weights, inputs, self._owner))

    def _callbacks(self) -> dict[str, Any]:
        """What the library calls; the trainer is there while it does."""
        here = weakref.ref(self)

        def tell(_: Optional[int], progress: Any) -> int:
            trainer = here()
            return 1 if trainer is None else trainer._told(progress[0])

        def fill(_: Optional[int], request: Any) -> int:
            trainer = here()
            return -1 if trainer is None else trainer._filled(request[0])

        calls: dict[str, Any] = {
            "progress": types.rnnc_progress_callback(tell)}
        for name, given in zip(("fill", "fill_held_out"), self._fills):
            if given is not None:
                calls[name] = types.rnnc_fill(fill)
        return calls

    def _told(self, progress: Any) -> int:
        """Whether to end after a step, measurement or epoch."""
        try:
            if self._tell is not None and not self._failures:
                values = {name: getattr(progress, name)
                          for name in Progress._fields}
                values["improved"] = bool(values["improved"])
                return int(bool(self._tell(Progress(**values)))
                           or bool(self._failures))
        except BaseException as failure:
            self._failures.append(failure)
        return int(bool(self._failures))

    def _filled(self, request: Any) -> int:
        """1: inputs are set, 0: the epoch is over, -1: it failed."""
        fill = self._fills[request.held_out]
        run = self._runs[1 if request.held_out else 0]
        try:
            assert fill is not None and run is not None
            return int(bool(fill(run, request.epoch, request.batch)))
        except BaseException as failure:
            self._failures.append(failure)
            return -1

    @contextlib.contextmanager
    def _deferred_interrupt(self) -> Iterator[None]:
        """Keeps what a handler of Ctrl-C raises until the call is over.

        Python runs handlers where a callback begins: raised there, it would
        be lost."""
        previous = signal.getsignal(signal.SIGINT)
        if (threading.current_thread() is not threading.main_thread()
                or not callable(previous)):
            yield
            return

        def handle(number: int, frame: Any) -> None:
            try:
                previous(number, frame)
            except BaseException as failure:
                self._failures.append(failure)

        signal.signal(signal.SIGINT, handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, previous)

    def _call(self, function: Any, *arguments: Any) -> None:
        """A call that calls back."""
        self._failures.clear()
        with self._deferred_interrupt():
            status = function(self._owner, *arguments)
        if self._failures:
            failure = self._failures[0]
            self._failures.clear()
            raise failure
        for schedule in self._schedules:
            schedule._raise_of_callbacks()
        self._check(status)

    def close(self) -> None:
        """Let go of it; safe to call twice."""
        super().close()
        self._runs, self._schedules = (None, None), []

    @property
    def run(self) -> Run:
        """The run that trains, for static inputs or a budget of memory."""
        run = self._runs[0]
        if run is None:
            raise StateError("this Trainer is closed")
        return run

    @property
    def held_out_run(self) -> Optional[Run]:
        """The run that measures, if there is one.

        Its `plan` attribute is that of `run`.
        """
        return self._runs[1]

    def train(self) -> int:
        """Train until the end, from where the trainer stands.

        Returns
        -------
        int
            one of ``ENDED_``

        Raises
        ------
        DataError
            A loss or gradient is not finite; the weights are those before
            the step, or after it where the loss is that of held-out data.
        StateError
            The folder has checkpoints that were not resumed.
        """
        self._call(lib.rnnc_trainer_train)
        return self.ended

    @property
    def ended(self) -> int:
        """How the training ended: one of ``ENDED_``."""
        return int(lib.rnnc_trainer_ended(self._owner))

    @property
    def steps(self) -> int:
        """Steps so far, those before a resumption among them."""
        return int(lib.rnnc_trainer_steps(self._owner))

    @property
    def epochs(self) -> int:
        """Epochs that are over."""
        return int(lib.rnnc_trainer_epochs(self._owner))

    @property
    def best(self) -> Weights:
        """The best weights so far, which keep the trainer alive.

        Those that are trained while nothing has been measured.
        """
        return Weights._of(lib.rnnc_trainer_best(self._owner), self._owner)

    @property
    def best_loss(self) -> float:
        """The loss of `best`; NaN while nothing has been measured."""
        return float(lib.rnnc_trainer_best_loss(self._owner))

    def measure(self) -> float:
        """The loss on the held-out data, now and without any effect."""
        loss = ctypes.c_double()
        self._call(lib.rnnc_trainer_measure, ctypes.byref(loss))
        return loss.value

    def resume(self) -> int:
        """Go on from the newest whole checkpoint, if there is one.

        Returns
        -------
        int
            steps so far, 0 where there is no checkpoint

        Raises
        ------
        UnknownNameError, ShapeError, DataError
            It is one of another training.
        """
        self._check(lib.rnnc_trainer_resume(self._owner))
        return self.steps

    @property
    def notice(self) -> str:
        """What `resume` had to pass over, "" for nothing."""
        return text_of(lib.rnnc_trainer_notice(self._owner))

    def checkpoint(self) -> None:
        """Write a checkpoint now."""
        self._check(lib.rnnc_trainer_checkpoint(self._owner))

    def save(self, record: Record) -> None:
        """Write all that later steps depend on, but for the weights.

        Parameters
        ----------
        record : Record
            Without entries.
        """
        self._check(lib.rnnc_trainer_save(self._owner, record._owner))

    def restore(self, record: Record) -> None:
        """Take back what `save` wrote; weights are to be set by the caller.

        Parameters
        ----------
        record : Record
        """
        self._check(lib.rnnc_trainer_restore(self._owner, record._owner))
