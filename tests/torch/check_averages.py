# SPDX-License-Identifier: MIT
"""Averages of weights beside torch.optim.swa_utils: 50 steps of SGD.

Every third step goes into the average, which stays within 1e-6 of PyTorch's as
a share of the largest number of the tensor.
"""
from __future__ import annotations

import sys
from typing import Any

import numpy as np
import torch
from torch.optim import swa_utils

import rnnc
from rnnc._library import lib

from beside import SHAPES, Ours, Theirs, apart, need

BOUND, STEPS, EVERY = 1e-6, 50, 3

TRIALS: list[tuple[int, float, Any]] = [
    (rnnc.AVERAGE_EQUAL, 0.0, None),
    (rnnc.AVERAGE_EXPONENTIAL, 0.999, swa_utils.get_ema_avg_fn()),
    (rnnc.AVERAGE_EXPONENTIAL, 0.6, swa_utils.get_ema_avg_fn(0.6)),
]


def read(weights: int, name: str) -> np.ndarray:
    values = np.empty(SHAPES[name], np.float32)
    need("weights", weights, lib.rnnc_weights_get(weights, name, values,
                                                  values.size))
    return values


def run(kind: int, decay: float, function: Any) -> float:
    """How far the averages are apart."""
    rng = np.random.default_rng(3)
    options = {"lr": 0.1, "momentum": 0.5}
    ours = Ours("SGD", {"learning_rate": 0.1, "momentum": 0.5}, None)
    theirs = Theirs(torch.optim.SGD, options, None)
    for name, shape in SHAPES.items():
        values = rng.normal(0, 1, shape).astype(np.float32)
        ours.write(name, values)
        theirs.write(name, values)
    module = torch.nn.ParameterList(theirs.parameters.values())
    mean = swa_utils.AveragedModel(module, avg_fn=function)
    average = lib.rnnc_average_create(ours.weights._owner, kind, decay)
    most = 0.0
    for step in range(STEPS):
        given = {name: rng.normal(0.1, 1, shape).astype(np.float32)
                 for name, shape in SHAPES.items()}
        ours.step(given)
        theirs.step(given)
        if step % EVERY:
            continue
        mean.update_parameters(module)
        need("average", average, lib.rnnc_average_update(average))
        weights = lib.rnnc_average_weights(average)
        most = max([most] + [
            apart(read(weights, name), value.detach().numpy())
            for name, value in zip(SHAPES, mean.module.parameters())])
    lib.rnnc_average_destroy(average)
    ours.close()
    return most


def main() -> int:
    bad = 0
    for kind, decay, function in TRIALS:
        most = run(kind, decay, function)
        bad += most > BOUND
        print(f"kind {kind}, decay {decay}: apart by {most:.1e}, bound "
              f"{BOUND:.0e}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
