# SPDX-License-Identifier: MIT
"""A training loop of a few lines."""
from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Optional, Union

from ._error import DataError
from ._graph import Node
from ._optimizer import Optimizer, clip_norm
from ._run import Run
from ._schedule import Schedule

Batch = Mapping[Union[Node, str], Any]


def _progress(batches: Iterable[Batch], show: Optional[bool], epoch: int,
              epochs: int) -> Any:
    """The batches behind a bar of tqdm, or as they are."""
    if show is None:
        show = sys.stderr.isatty() or "ipykernel" in sys.modules
    if show:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            return batches
        return tqdm(batches, desc=f"epoch {epoch + 1}/{epochs}")
    return batches


def _feed(run: Run, batch: Batch) -> None:
    for input, values in batch.items():
        if isinstance(input, str):
            input = run.plan.graph.node(input)
        run.input(input, values)


def train_step(run: Run, optimizer: Optimizer, clip: Optional[float] = None
               ) -> float:
    """One step: forward, backward, clip, update.

    Parameters
    ----------
    run : Run
        Of a plan for ``TRAIN``, with its inputs set.
    optimizer : Optimizer
    clip : float, optional
        The largest norm of the gradients.

    Returns
    -------
    float
        the loss before the update

    Raises
    ------
    DataError
        The loss is not finite; nothing has been updated.
    """
    run.weights.zero_gradients()
    run.forward()
    loss = run.loss()
    if not math.isfinite(loss):
        raise DataError(f"the loss is {loss}")
    run.backward()
    if clip is not None:
        clip_norm(run.weights, clip)
    optimizer.step()
    return loss


def fit(run: Run, optimizer: Optimizer, batches: Iterable[Batch], *,
        epochs: int = 1, clip: Optional[float] = None,
        schedule: Optional[Schedule] = None,
        progress: Optional[bool] = None,
        callback: Optional[Callable[[int, float], Optional[bool]]] = None
        ) -> list[float]:
    """Train over batches, with a progress bar where tqdm is installed.

    Ctrl-C stops it between two calls of the library: weights are then those
    of the last whole step.

    Parameters
    ----------
    run : Run
        Of a plan for ``TRAIN``.
    optimizer : Optimizer
    batches : iterable of mappings
        Each from input nodes, or their names, to values as ``Run.input``
        takes them. Gone through once an epoch.
    epochs : int
    clip : float, optional
        The largest norm of the gradients.
    schedule : Schedule, optional
        Goes on by one step after each step of the optimizer.
    progress : bool, optional
        Whether to show a bar; in a terminal or a notebook if not said.
    callback : callable, optional
        ``callback(step, loss)`` after each step; True ends the training.

    Returns
    -------
    list of float
        the loss of each step
    """
    losses: list[float] = []
    for epoch in range(epochs):
        bar = _progress(batches, progress, epoch, epochs)
        for batch in bar:
            _feed(run, batch)
            losses.append(train_step(run, optimizer, clip))
            if schedule is not None:
                schedule.step()
            if hasattr(bar, "set_postfix"):
                bar.set_postfix(loss=f"{losses[-1]:.4f}")
            if callback is not None and callback(len(losses), losses[-1]):
                return losses
    return losses
