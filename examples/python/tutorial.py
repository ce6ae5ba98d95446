# SPDX-License-Identifier: MIT
"""Ten minutes in Python: the adding problem.

A network reads numbers, two of which are marked, and says the sum of the
marked ones. docs/python.md shows this program piece by piece.
"""
import tempfile
from pathlib import Path

# [import]
import numpy as np

import rnnc
# [import]

HIDDEN, BATCH, STEPS = 32, 32, 600


# [data]
def sequences(draw: np.random.Generator) -> tuple[list[np.ndarray],
                                                  np.ndarray]:
    """Sequences of 6 to 12 steps of (value, mark), and their sums."""
    rows, sums = [], []
    for length in draw.integers(6, 13, BATCH):
        row = np.zeros((length, 2), np.float32)
        row[:, 0] = draw.random(length)
        row[draw.choice(length, 2, replace=False), 1] = 1
        rows.append(row)
        sums.append([row[:, 0] @ row[:, 1]])
    return rows, np.array(sums, np.float32)
# [data]


# [describe]
graph = rnnc.Graph()
x = rnnc.input_rows(graph, "x", 2)
total = rnnc.input_batch(graph, "sum", 1)
h = rnnc.unroll(rnnc.cell_lstm(graph, "lstm", 2, HIDDEN), x)
guess = rnnc.name(rnnc.linear(rnnc.pool(h, rnnc.POOL_LAST), "out", 1), "guess")
error = rnnc.mse(guess, total)
# [describe]

# [plan]
weights = rnnc.Weights(graph, seed=1)
run = rnnc.Run(rnnc.Plan(graph, rnnc.TRAIN, loss=error), weights)
adam = rnnc.Optimizer(weights, rnnc.ADAM, learning_rate=5e-3)
# [plan]

# [train]
draw = np.random.default_rng(1)
for step in range(1, STEPS + 1):
    rows, sums = sequences(draw)
    run.input(x, rows)
    run.input(total, sums)
    loss = rnnc.train_step(run, adam, clip=1.0)
    if step % 150 == 0:
        print(f"step {step:4}: off by {loss ** 0.5:.3f}")
# [train]

# [save]
folder = tempfile.TemporaryDirectory()
path = Path(folder.name, "adding.safetensors")
rnnc.model_save(weights, path)
model = rnnc.Model(path)
# [save]

# [infer]
guess = model.graph.node("guess")
plan = rnnc.Plan(model.graph, outputs=[guess])
test = rnnc.Run(plan, model.weights)
rows, sums = sequences(np.random.default_rng(2))
test.input(model.graph.node("x"), rows)
test.forward()
print("off by", np.abs(test.get(guess) - sums).mean())
# [infer]

# [stream]
plan = rnnc.Plan(model.graph, rnnc.STREAM, outputs=[guess])
with rnnc.Stream(plan, model.weights) as stream:
    heard, said = stream.in_(model.graph.node("x")), stream.out(guess)
    for row in rows[0]:
        heard[:] = row
        stream.step()
        print(f"{row[0]:.2f}{' *' * int(row[1]):2} -> {said[0, 0]:.2f}")
# [stream]

# [cell]
own = rnnc.Graph()
leaky = rnnc.Cell(own, "leaky")
drive, state = leaky.input(2), leaky.state("s", HIDDEN)
weight = leaky.parameter("weight", HIDDEN, 2)
back = leaky.parameter("back", HIDDEN, HIDDEN, rnnc.INIT_ORTHOGONAL)
rate = rnnc.sigmoid(leaky.parameter_vector("rate", HIDDEN))
after = rnnc.tanh(rnnc.project(drive, weight) + rnnc.project(state, back))
leaky.next(state, (1 - rate) * state + rate * after)
leaky.output(state)
y = rnnc.unroll(leaky, rnnc.input_rows(own, "x", 2))
# [cell]

# [check]
loss = rnnc.total(y * y)
reference = rnnc.Reference(rnnc.Weights(own, seed=1))
reference.input(own.node("x"), rows[:2])
print("gradients off by", reference.check(loss))
# [check]

assert np.abs(test.get(guess) - sums).mean() < 0.15
folder.cleanup()
