# SPDX-License-Identifier: MIT
"""Every schedule beside PyTorch's: rates and momenta of 50 steps.

Each trial is an optimizer of two groups with a schedule, or several of them.
Before the first step and after each one the learning rate and the momentum of
both groups stay within 1e-9 of PyTorch's, as a share of the larger, and the
parameters that are trained meanwhile within 1e-6.
"""
from __future__ import annotations

import ctypes
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Union

import numpy as np
import torch
from torch.optim import lr_scheduler

import rnnc
from rnnc._abi.types import rnnc_schedule_factor, rnnc_schedule_setting
from rnnc._library import lib

from beside import SHAPES, Failure, Ours, Theirs, apart, message_of

BOUND, BOUND_OF_VALUES, STEPS = 1e-9, 1e-6, 50

# (option, value) of all groups, or (option, value, group).
Settings = Sequence[tuple[Any, ...]]


class Own(NamedTuple):
    """A schedule of the library: a kind with settings, or one of parts."""
    kind: str
    settings: Settings = ()
    parts: tuple["Own", ...] = ()
    milestones: tuple[int, ...] = ()


class Trial(NamedTuple):
    optimizer: str
    own: Own
    other: Callable[[Any], Any]


def factor(t: int) -> float:
    return 1.0 / (1.0 + 0.3 * t) + 0.01 * (t % 7)


def metric(t: int) -> float:
    """Falls, stays, falls again: what a plateau is told."""
    return 5.0 - 0.3 * min(t, 8) - (0.4 if t > 30 else 0.0) + 0.001 * (t % 3)


def one(name: str, **options: Any) -> Callable[[Any], Any]:
    return lambda optimizer: getattr(lr_scheduler, name)(optimizer, **options)


def chained(*parts: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda optimizer: lr_scheduler.ChainedScheduler(
        [part(optimizer) for part in parts])


def sequential(milestones: list[int], *parts: Callable[[Any], Any]
               ) -> Callable[[Any], Any]:
    return lambda optimizer: lr_scheduler.SequentialLR(
        optimizer, [part(optimizer) for part in parts], milestones)


WARM = Own("linear", [("start_factor", 0.1), ("iterations", 10)])
WARM_TORCH = one("LinearLR", start_factor=0.1, total_iters=10)
FALL = Own("cosine", [("period", 40), ("min_rate", 1e-4)])
FALL_TORCH = one("CosineAnnealingLR", T_max=40, eta_min=1e-4)

TRIALS = [
    Trial("SGD", Own("step", [("period", 7)]), one("StepLR", step_size=7)),
    Trial("ASGD", Own("step", [("period", 3), ("gamma", 0.8)]),
          one("StepLR", step_size=3, gamma=0.8)),
    Trial("Adam", Own("multi_step", [("milestone", 30), ("milestone", 11),
                                     ("milestone", 30), ("gamma", 0.5)]),
          one("MultiStepLR", milestones=[30, 11, 30], gamma=0.5)),
    Trial("SGD", Own("multi_step", [("milestone", 5)]),
          one("MultiStepLR", milestones=[5])),
    Trial("Adagrad", Own("exponential", [("gamma", 0.93)]),
          one("ExponentialLR", gamma=0.93)),
    Trial("SGD", Own("constant"), one("ConstantLR")),
    Trial("NAdam", Own("constant", [("factor", 0.25), ("iterations", 9)]),
          one("ConstantLR", factor=0.25, total_iters=9)),
    Trial("SGD", Own("linear"), one("LinearLR")),
    Trial("AdamW", Own("linear", [("start_factor", 0.05), ("end_factor", 0.7),
                                  ("iterations", 33)]),
          one("LinearLR", start_factor=0.05, end_factor=0.7, total_iters=33)),
    Trial("Adam", Own("cosine", [("period", 20)]),
          one("CosineAnnealingLR", T_max=20)),
    Trial("RMSprop", Own("cosine", [("period", 17), ("min_rate", 1e-3)]),
          one("CosineAnnealingLR", T_max=17, eta_min=1e-3)),
    Trial("Adamax", Own("cosine", [("period", 1000)]),
          one("CosineAnnealingLR", T_max=1000)),
    Trial("SGD", Own("warm_restarts", [("period", 9)]),
          one("CosineAnnealingWarmRestarts", T_0=9)),
    Trial("Adam", Own("warm_restarts", [("period", 5), ("multiplier", 2),
                                        ("min_rate", 1e-5)]),
          one("CosineAnnealingWarmRestarts", T_0=5, T_mult=2, eta_min=1e-5)),
    Trial("SGD", Own("polynomial"), one("PolynomialLR")),
    Trial("RAdam", Own("polynomial", [("iterations", 40), ("power", 2.5)]),
          one("PolynomialLR", total_iters=40, power=2.5)),
    Trial("SGD", Own("cyclic", [("base_rate", 1e-3), ("max_rate", 0.1),
                                ("steps_up", 8)]),
          one("CyclicLR", base_lr=1e-3, max_lr=0.1, step_size_up=8)),
    Trial("Adam", Own("cyclic", [("base_rate", 1e-3), ("max_rate", 0.1),
                                 ("max_rate", 0.02, 1), ("steps_up", 4),
                                 ("steps_down", 9), ("mode", 1),
                                 ("base_momentum", 0.6),
                                 ("max_momentum", 0.95)]),
          one("CyclicLR", base_lr=1e-3, max_lr=[0.1, 0.02], step_size_up=4,
              step_size_down=9, mode="triangular2", base_momentum=0.6,
              max_momentum=0.95)),
    Trial("Adagrad", Own("cyclic", [("base_rate", 1e-3),
                                    ("base_rate", 1e-4, 1),
                                    ("max_rate", 0.1), ("steps_up", 6),
                                    ("mode", 2), ("gamma", 0.97),
                                    ("cycle_momentum", 0)]),
          one("CyclicLR", base_lr=[1e-3, 1e-4], max_lr=0.1, step_size_up=6,
              mode="exp_range", gamma=0.97, cycle_momentum=False)),
    Trial("SGD", Own("one_cycle", [("max_rate", 0.1), ("iterations", 50)]),
          one("OneCycleLR", max_lr=0.1, total_steps=50)),
    Trial("Adam", Own("one_cycle", [("max_rate", 0.1), ("max_rate", 0.03, 1),
                                    ("iterations", 60), ("rise", 0.45),
                                    ("three_phases", 1), ("divisor", 10),
                                    ("final_divisor", 100),
                                    ("base_momentum", 0.5),
                                    ("max_momentum", 0.9)]),
          one("OneCycleLR", max_lr=[0.1, 0.03], total_steps=60,
              pct_start=0.45, three_phase=True, div_factor=10,
              final_div_factor=100, base_momentum=0.5, max_momentum=0.9)),
    Trial("RMSprop", Own("one_cycle", [("max_rate", 0.01),
                                       ("iterations", 51), ("linear", 1),
                                       ("cycle_momentum", 0)]),
          one("OneCycleLR", max_lr=0.01, total_steps=51,
              anneal_strategy="linear", cycle_momentum=False)),
    Trial("SGD", Own("plateau", [("patience", 2)]),
          one("ReduceLROnPlateau", patience=2)),
    Trial("Adam", Own("plateau", [("factor", 0.5), ("patience", 1),
                                  ("cooldown", 3), ("min_rate", 1e-4),
                                  ("min_rate", 1e-3, 1), ("threshold", 0.2),
                                  ("absolute", 1)]),
          one("ReduceLROnPlateau", factor=0.5, patience=1, cooldown=3,
              min_lr=[1e-4, 1e-3], threshold=0.2, threshold_mode="abs")),
    Trial("SGD", Own("plateau", [("factor", 0.3), ("patience", 3),
                                 ("maximize", 1), ("threshold", 0.01)]),
          one("ReduceLROnPlateau", factor=0.3, patience=3, mode="max",
              threshold=0.01)),
    Trial("Adam", Own("lambda"), one("LambdaLR", lr_lambda=factor)),
    Trial("SGD", Own("chain", (), (WARM, Own("exponential",
                                             [("gamma", 0.95)]))),
          chained(WARM_TORCH, one("ExponentialLR", gamma=0.95))),
    Trial("Adam", Own("sequence", (), (WARM, FALL), (10,)),
          sequential([10], WARM_TORCH, FALL_TORCH)),
    Trial("AdamW", Own("sequence", (),
                       (Own("constant", [("factor", 0.5), ("iterations", 3)]),
                        Own("warm_restarts", [("period", 6)]),
                        Own("polynomial", [("iterations", 20)])), (7, 25)),
          sequential([7, 25], one("ConstantLR", factor=0.5, total_iters=3),
                     one("CosineAnnealingWarmRestarts", T_0=6),
                     one("PolynomialLR", total_iters=20))),
]

ADAMS = ("Adam", "AdamW", "NAdam", "RAdam", "Adamax")
SGD = {"lr": 0.05, "momentum": 0.9}
RATES = {"SGD": SGD, "RMSprop": {"lr": 0.01, "momentum": 0.5}}


class Schedules:
    """Schedules of the library for an optimizer."""

    def __init__(self, ours: Ours, own: Own) -> None:
        self.ours = ours
        self.callback = rnnc_schedule_factor(lambda user, t: factor(t))
        self.made: list[int] = []
        self.address = self._make(own)

    def _make(self, own: Own) -> int:
        optimizer = self.ours.address
        parts = [self._make(part) for part in own.parts]
        handles = (ctypes.c_void_p * len(parts))(*parts)
        if own.kind == "chain":
            made = lib.rnnc_schedule_chain(handles, len(parts))
        elif own.kind == "sequence":
            made = lib.rnnc_schedule_sequence(
                handles, len(parts), np.array(own.milestones, np.int64))
        elif own.kind == "lambda":
            made = lib.rnnc_schedule_lambda(optimizer, self.callback, None)
        else:
            made = lib.rnnc_schedule_create(
                optimizer, getattr(rnnc, "SCHEDULE_" + own.kind.upper()),
                *self._settings(own.settings))
        if lib.rnnc_schedule_status(made):
            raise Failure(message_of("schedule", made))
        self.made.append(made)
        return made

    @staticmethod
    def _settings(settings: Settings) -> tuple[Any, int]:
        given = [rnnc_schedule_setting(
            getattr(rnnc, "SCHED_" + option.upper()),
            group[0] if group else 0, value)
            for option, value, *group in settings]
        return (rnnc_schedule_setting * len(given))(*given), len(given)

    def step(self, value: Union[float, None]) -> None:
        status = (lib.rnnc_schedule_step(self.address) if value is None else
                  lib.rnnc_schedule_observe(self.address, value))
        if status:
            raise Failure(message_of("schedule", self.address))

    def close(self) -> None:
        for made in self.made:
            lib.rnnc_schedule_destroy(made)


def moved(trial: Trial, ours: Ours, theirs: Theirs) -> float:
    """How far rates and momenta are apart."""
    pairs = []
    for number, group in enumerate(theirs.optimizer.param_groups):
        pairs.append((ours.get(number, "learning_rate"), group["lr"]))
        if trial.optimizer in ADAMS:
            pairs.append((ours.get(number, "beta1"), group["betas"][0]))
        elif trial.optimizer in RATES:
            pairs.append((ours.get(number, "momentum"), group["momentum"]))
    return max(abs(a - b) / max(abs(a), abs(b), 1e-12) for a, b in pairs)


def run(trial: Trial, seed: int) -> tuple[float, float]:
    """How far options and parameters are apart."""
    rng = np.random.default_rng(seed)
    options = RATES.get(trial.optimizer, {"lr": 0.02})
    own = {"learning_rate" if key == "lr" else key: value
           for key, value in options.items()}
    ours = Ours(trial.optimizer, own, {"learning_rate": 0.003})
    theirs = Theirs(getattr(torch.optim, trial.optimizer), options,
                    {"lr": 0.003})
    for name, shape in SHAPES.items():
        values = rng.normal(0, 1, shape).astype(np.float32)
        ours.write(name, values)
        theirs.write(name, values)
    schedules, other = Schedules(ours, trial.own), trial.other(
        theirs.optimizer)
    rates, values_apart = moved(trial, ours, theirs), 0.0
    for t in range(STEPS):
        given = {name: rng.normal(0.1, 1, shape).astype(np.float32)
                 for name, shape in SHAPES.items()}
        ours.step(given)
        theirs.step(given)
        value = metric(t) if trial.own.kind == "plateau" else None
        schedules.step(value)
        other.step(*([] if value is None else [value]))
        rates = max(rates, moved(trial, ours, theirs))
        values_apart = max([values_apart] + [
            apart(ours.read(name), theirs.read(name)) for name in SHAPES])
    schedules.close()
    ours.close()
    return rates, values_apart


def main() -> int:
    warnings.simplefilter("ignore")
    bad = 0
    for seed, trial in enumerate(TRIALS):
        rates, values = run(trial, seed)
        good = rates <= BOUND and values <= BOUND_OF_VALUES
        bad += not good
        print(f"{'ok  ' if good else 'FAR '} {trial.own.kind:13} rates "
              f"{rates:.1e} values {values:.1e}  {trial.optimizer} "
              f"{list(trial.own.settings)}")
    print(f"{len(TRIALS)} trials of {STEPS} steps, {bad} too far apart")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
