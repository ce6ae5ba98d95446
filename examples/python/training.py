# SPDX-License-Identifier: MIT
"""A training that can be stopped and gone on with, on data that lie ready."""
import tempfile
from pathlib import Path

import numpy as np

import rnnc

EXAMPLES, STEPS, KINDS = 60, 8, 3
folder = tempfile.TemporaryDirectory()
checkpoints = Path(folder.name) / "run-7"
best = Path(folder.name) / "best.safetensors"

# Waves of three speeds; which one it is has to be told.
draw = np.random.default_rng(3)
labels = draw.integers(0, KINDS, EXAMPLES).astype(np.int32)
rows = [np.sin((0.4 + 0.5 * kind) * np.arange(STEPS + k % 4)
               + draw.random()).astype(np.float32)[:, None]
        for k, kind in enumerate(labels)]

graph = rnnc.Graph()
x = rnnc.input_rows(graph, "x", 1)
label = rnnc.input_batch_ids(graph, "label", KINDS)
h = rnnc.pool(rnnc.unroll(rnnc.cell_gru(graph, "gru", 1, 12), x),
              rnnc.POOL_LAST)
loss = rnnc.cross_entropy(rnnc.linear(h, "out", KINDS), label)
weights = rnnc.Weights(graph, seed=1)
adam = rnnc.Optimizer(weights, rnnc.ADAM, learning_rate=0.02)
others = rnnc.Dataset(graph)
others.set(x, rows[:10])
others.set(label, labels[:10])

# [trainer]
data = rnnc.Dataset(graph)
data.set(x, rows[10:])         # an array [time, features] per example
data.set(label, labels[10:])   # an id per example
trainer = rnnc.Trainer(adam, loss, data=data, held_out=others, epochs=20,
                       batch=10, patience=5, clip_norm=1,
                       checkpoints=str(checkpoints))
trainer.resume()
trainer.train()
rnnc.model_save(trainer.best, str(best))
# [trainer]
print(f"loss on held-out data: {trainer.best_loss:.3f}")
assert trainer.best_loss < 1 and best.exists() and any(checkpoints.iterdir())
