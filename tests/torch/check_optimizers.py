# SPDX-License-Identifier: MIT
"""Every optimizer beside PyTorch's: 50 steps with given gradients.

Each trial is an algorithm with options, in the names of PyTorch, and perhaps
other options for the biases. After each step the parameters stay within 1e-6
of PyTorch's, after the last one the moving averages within 3e-6 (they are of
squares, and Adadelta's feed back into themselves), as a share of the largest
number of the tensor.
"""
from __future__ import annotations

import sys
from typing import Any, NamedTuple, Optional

import numpy as np
import torch

from beside import SHAPES, Ours, Theirs, apart

BOUND, BOUND_OF_AVERAGES, STEPS = 1e-6, 3e-6, 50


class Trial(NamedTuple):
    name: str
    options: dict[str, Any] = {}
    of_biases: Optional[dict[str, Any]] = None


TRIALS = [
    Trial("SGD"),
    Trial("SGD", {"lr": 0.05, "weight_decay": 0.1}),
    Trial("SGD", {"lr": 0.01, "momentum": 0.9}),
    Trial("SGD", {"lr": 0.01, "momentum": 0.9, "dampening": 0.3,
                  "weight_decay": 0.01}, {"weight_decay": 0.0}),
    Trial("SGD", {"lr": 0.01, "momentum": 0.9, "nesterov": True}),
    Trial("SGD", {"lr": 0.01, "momentum": 0.5, "maximize": True,
                  "weight_decay": 0.1}, {"lr": 0.1, "momentum": 0.0}),
    Trial("Adagrad"),
    Trial("Adagrad", {"lr": 0.1, "lr_decay": 0.05, "weight_decay": 0.01,
                      "initial_accumulator_value": 0.5}),
    Trial("Adagrad", {"eps": 1e-3, "maximize": True}, {"lr": 0.002}),
    Trial("Adadelta"),
    Trial("Adadelta", {"lr": 0.5, "rho": 0.95, "eps": 1e-4,
                       "weight_decay": 0.1}, {"weight_decay": 0.0}),
    Trial("Adadelta", {"maximize": True}),
    Trial("RMSprop"),
    Trial("RMSprop", {"alpha": 0.95, "eps": 1e-6, "weight_decay": 0.01}),
    Trial("RMSprop", {"momentum": 0.5}, {"momentum": 0.9, "lr": 1e-3}),
    Trial("RMSprop", {"lr": 2e-3, "centered": True, "momentum": 0.9}),
    Trial("RMSprop", {"centered": True, "maximize": True, "eps": 1e-4}),
    Trial("Adam"),
    Trial("Adam", {"lr": 0.02, "betas": (0.8, 0.99), "eps": 1e-3,
                   "weight_decay": 0.1}, {"weight_decay": 0.0}),
    Trial("Adam", {"amsgrad": True, "betas": (0.9, 0.9)}),
    Trial("Adam", {"decoupled_weight_decay": True, "weight_decay": 0.3,
                   "maximize": True}),
    Trial("AdamW"),
    Trial("AdamW", {"lr": 0.01, "weight_decay": 0.5}, {"weight_decay": 0.0}),
    Trial("AdamW", {"amsgrad": True, "betas": (0.5, 0.8), "maximize": True}),
    Trial("NAdam"),
    Trial("NAdam", {"lr": 0.01, "momentum_decay": 0.1, "weight_decay": 0.1},
          {"betas": (0.8, 0.99)}),
    Trial("NAdam", {"decoupled_weight_decay": True, "weight_decay": 0.2,
                    "maximize": True}),
    Trial("RAdam"),
    Trial("RAdam", {"lr": 0.01, "betas": (0.9, 0.9), "weight_decay": 0.1}),
    Trial("RAdam", {"betas": (0.8, 0.7), "decoupled_weight_decay": True,
                    "weight_decay": 0.2, "maximize": True}, {"lr": 0.01}),
    Trial("Adamax"),
    Trial("Adamax", {"lr": 0.01, "betas": (0.8, 0.9), "eps": 1e-3,
                     "weight_decay": 0.1}),
    Trial("Adamax", {"maximize": True}, {"weight_decay": 0.3}),
    Trial("ASGD"),
    Trial("ASGD", {"lr": 0.05, "lambd": 0.01, "alpha": 0.5, "t0": 10,
                   "weight_decay": 0.01}),
    Trial("ASGD", {"lambd": 0.0, "t0": 0, "maximize": True}, {"lr": 0.1}),
]

NAMES = {"lr": "learning_rate", "eps": "epsilon", "lambd": "lambda",
         "initial_accumulator_value": "initial_accumulator",
         "decoupled_weight_decay": "decoupled"}


def translated(options: Optional[dict[str, Any]]
               ) -> Optional[dict[str, float]]:
    """Options in the library's names."""
    if options is None:
        return None
    found: dict[str, float] = {}
    for name, value in options.items():
        if name == "betas":
            found["beta1"], found["beta2"] = value
        else:
            found[NAMES.get(name, name)] = float(value)
    return found


def gradients(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {name: rng.normal(0.1, 1, shape).astype(np.float32)
            for name, shape in SHAPES.items()}


def run(trial: Trial, seed: int) -> tuple[float, float]:
    """How far parameters and averages are apart."""
    rng = np.random.default_rng(seed)
    own = translated(trial.options) or {}
    ours = Ours(trial.name, own, translated(trial.of_biases))
    theirs = Theirs(getattr(torch.optim, trial.name), trial.options,
                    trial.of_biases)
    for name, shape in SHAPES.items():
        values = rng.normal(0, 1, shape).astype(np.float32)
        ours.write(name, values)
        theirs.write(name, values)
    most = 0.0
    for _ in range(STEPS):
        given = gradients(rng)
        ours.step(given)
        theirs.step(given)
        most = max([most] + [apart(ours.read(name), theirs.read(name))
                             for name in SHAPES])
    mine, other = ours.state(), theirs.state()
    missing = other.keys() - mine.keys()
    assert not missing, f"{trial.name} keeps no {sorted(missing)}"
    averages = max((apart(mine[key], other[key]) for key in other),
                   default=0.0)
    ours.close()
    return most, averages


def main() -> int:
    bad = 0
    for seed, trial in enumerate(TRIALS):
        values, averages = run(trial, seed)
        good = values <= BOUND and averages <= BOUND_OF_AVERAGES
        bad += not good
        print(f"{'ok  ' if good else 'FAR '} {trial.name:8} values "
              f"{values:.1e} averages {averages:.1e}  {trial.options} "
              f"{trial.of_biases or ''}")
    print(f"{len(TRIALS)} trials of {STEPS} steps, {bad} too far apart")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
