# SPDX-License-Identifier: MIT
"""200 training steps of a character model beside PyTorch's.

check_training.py [STEPS]

Embedding, two layers of LSTM and a linear layer read tiny Shakespeare
(text/tinyshakespeare.txt in the folder that RNNC_DATA names; skipped without
it) in windows, the state carried from one to the next, with Adam and clipping
by norm. Both begin with the same weights; each loss stays within 1e-3 of
PyTorch's.
"""
from __future__ import annotations

import os
import pathlib
import sys
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

import rnnc

BOUND, BATCH, WINDOW, HIDDEN, RATE, CLIP = 1e-3, 32, 50, 64, 2e-3, 1.0


def windows(text: bytes, steps: int) -> Iterator[tuple[np.ndarray,
                                                       np.ndarray]]:
    """(ids, the ids after them), each [batch, window]."""
    known = np.unique(np.frombuffer(text, np.uint8))
    ids = np.searchsorted(known, np.frombuffer(text, np.uint8))
    row = (len(ids) - 1) // BATCH
    before = ids[:row * BATCH].reshape(BATCH, row)
    after = ids[1:row * BATCH + 1].reshape(BATCH, row)
    for step in range(steps):
        part = slice(step * WINDOW, (step + 1) * WINDOW)
        yield before[:, part], after[:, part]


def theirs(module: nn.Sequential, text: bytes, steps: int) -> list[float]:
    """PyTorch's losses."""
    embed, lstm, out = module
    adam = torch.optim.Adam(module.parameters(), RATE)
    losses, state = [], None
    for ids, after in windows(text, steps):
        adam.zero_grad()
        h, state = lstm(embed(torch.from_numpy(ids)), state)
        state = tuple(part.detach() for part in state)
        loss = nn.functional.cross_entropy(
            out(h).flatten(0, 1), torch.from_numpy(after).flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(module.parameters(), CLIP)
        adam.step()
        losses.append(loss.item())
    return losses


def ours(net: rnnc.Network, classes: int, text: bytes, steps: int
         ) -> list[float]:
    """The library's losses."""
    after = rnnc.input_ids(net.graph, "after", classes)
    loss = rnnc.cross_entropy(net.output, after)
    run = rnnc.Run(rnnc.Plan(net.graph, rnnc.TRAIN, loss=loss), net.weights)
    adam = rnnc.Optimizer(net.weights, rnnc.ADAM, learning_rate=RATE)
    losses: list[float] = []
    for before, next_ids in windows(text, steps):
        run.input(net.input, before)
        run.input(after, next_ids)
        if losses:
            run.carry(True)
        losses.append(rnnc.train_step(run, adam, CLIP))
    return losses


def main() -> int:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    path = pathlib.Path(os.environ.get("RNNC_DATA", ""),
                        "text/tinyshakespeare.txt")
    if "RNNC_DATA" not in os.environ or not path.is_file():
        print("skipped: RNNC_DATA names no folder with "
              "text/tinyshakespeare.txt")
        return 77
    text = path.read_bytes()
    classes = len(set(text))
    torch.manual_seed(1)
    module = nn.Sequential(nn.Embedding(classes, 64),
                           nn.LSTM(64, HIDDEN, 2, batch_first=True),
                           nn.Linear(HIDDEN, classes))
    net = rnnc.from_torch(module)
    found = ours(net, classes, text, steps)
    right = theirs(module, text, steps)
    apart = [abs(a - b) / abs(b) for a, b in zip(found, right)]
    print(f"losses {right[0]:.4f} to {right[-1]:.4f}, ours {found[-1]:.4f}; "
          f"apart by {max(apart):.1e} at most, bound {BOUND:.0e}")
    return 0 if max(apart) <= BOUND else 1


if __name__ == "__main__":
    sys.exit(main())
