# SPDX-License-Identifier: MIT
"""The rows of the benchmark, and who takes part in each."""
from collections import namedtuple

WORDS, LAYERS, LETTERS = 10000, 2, 64
GATES = {"lstm": 4, "gru": 3, "rnn": 1}  # 4 of others
NAMES = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN",
         "peephole": "own peephole LSTM"}
KINDS = {"train": "training step",
         "first": "training step of a first layer",
         "ragged": "training step, ragged batch",
         "stream": "stream step", "sequence": "inference over a sequence",
         "words": "language model, training step",
         "letters": "letters, training step"}

SHAPES = [(20, 20, 200), (20, 35, 650), (20, 35, 1500), (64, 50, 128),
          (64, 50, 512)]
SMALL = [SHAPES[0], SHAPES[3]]
RAGGED = [(20, 35, 200), (32, 100, 128)]
STREAMS = (16, 64, 256, 1024)
SEQUENCES = (64, 256, 1024)
AUDIO = (64, 128)  # inputs and hidden of RTNeural's figures
CHEAP = 4e9        # operations of a row where all may take part


class Row(namedtuple("Row", "kind cell batch steps inputs hidden")):
    """One line of the table."""

    @property
    def size(self):
        sides = (f"H{self.hidden}" if self.inputs == self.hidden
                 else f"{self.inputs}->{self.hidden}")
        return sides if self.kind == "stream" else (
            f"B{self.batch} T{self.steps} {sides}")

    @property
    def name(self):
        cell = NAMES.get(self.cell, f"{self.cell[:5]} cell {self.cell[5:]}")
        return f"{KINDS[self.kind]}, {cell} {self.size}"

    def line(self, subject):
        """What a worker is told to open."""
        return " ".join(map(str, (
            self.kind, subject.cell or self.cell, self.batch, self.steps,
            self.inputs, self.hidden, subject.form or "-")))

    @property
    def own(self):
        """Whether its cell is made by a user's calls."""
        return self.cell not in GATES

    @property
    def tokens(self):
        """Real steps of all sequences together."""
        if self.kind != "ragged":
            return self.batch * self.steps
        return sum(-(-self.steps * rank // self.batch)
                   for rank in range(1, self.batch + 1))

    @property
    def weights(self):
        """Numbers that the products of a step read."""
        return (GATES.get(self.cell, 4) * self.hidden
                * (self.inputs + self.hidden))

    @property
    def read_each_step(self):
        """Of these, what cannot be read once for many steps; 0: batches of
        rows use each number many times."""
        if self.kind == "stream":
            return self.weights
        if self.kind == "sequence":
            return (self.weights * self.hidden
                    // (self.inputs + self.hidden))
        return 0

    @property
    def work(self):
        """Operations of its products."""
        forward = 2 * self.tokens * self.weights
        if self.kind in ("words", "letters"):
            words = self.kind == "words"
            head = 2 * self.tokens * self.hidden * (
                WORDS if words else LETTERS)
            return 3 * ((LAYERS if words else 1) * forward + head)
        return forward * (3 if self.kind in ("train", "first", "ragged")
                          else 1)


def square(kind, cell, batch, steps, hidden):
    """A row with inputs as wide as hidden."""
    return Row(kind, cell, batch, steps, hidden, hidden)


def stream(cell, hidden, inputs=None):
    return Row("stream", cell, 1, 1, inputs or hidden, hidden)


def train(cell, shape):
    return square("train", cell, *shape)


def cut(row):
    """The same row, small: to see whether everything works."""
    return row._replace(steps=min(row.steps, 6),
                        inputs=min(row.inputs, 16 + row.inputs // 32),
                        hidden=min(row.hidden, 16 + row.hidden // 32))


# Who is measured: a program, which may do the row in a form of its own or with
# another cell, and how far its results may lie from ours, as a share of the
# largest; None: another cell, nothing to compare. `bytes` of a weight.
Subject = namedtuple("Subject", "label program form cell tolerance bytes",
                     defaults=["", "", 1e-4, 4])
OURS = Subject("librnnc", "rows")
OUR_LSTM = Subject("librnnc LSTM", "rows", "", "lstm", None)
REFERENCE = Subject("librnnc, reference BLAS", "reference")
BF16 = Subject("librnnc, bf16 weights", "rows", "bf16", "", 0.03, 2)
INT8 = Subject("librnnc, int8 weights", "rows", "int8", "", 0.1, 1)
TORCH = Subject("PyTorch", "pytorch")
TORCH_CELL = Subject("PyTorch cell", "pytorch", "cell")
PACKED = Subject("PyTorch packed", "pytorch", "packed")
PADDED = Subject("PyTorch padded", "pytorch", "padded")
COMPILED = Subject("torch.compile", "pytorch", "compiled")
JAX = Subject("JAX scan", "jax_scan")
KERAS = Subject("Keras, TensorFlow", "keras_layers")
ONNX = Subject("ONNX Runtime", "onnx_runtime")
RTNEURAL = Subject("RTNeural", "rtneural")
ONEDNN = Subject("oneDNN", "onednn")


def is_cheap(row):
    return row.work < CHEAP


TAKING_PART = [
    (OUR_LSTM, lambda row: row.kind == "train" and row.own),
    (REFERENCE, lambda row: row.kind == "words" or (
        row.kind, row.cell) == ("train", "lstm")),
    (BF16, lambda row: row.kind == "stream" and row.hidden >= 256),
    (INT8, lambda row: row.kind == "stream" and row.hidden >= 256),
    (TORCH, lambda row: row.kind != "ragged" and (
        is_cheap(row) or not row.cell.startswith("drawn"))),
    (PACKED, lambda row: row.kind == "ragged"),
    (PADDED, lambda row: row.kind == "ragged"),
    (TORCH_CELL, lambda row: row.kind == "stream"),
    (COMPILED, lambda row: row.cell == "peephole" and is_cheap(row)),
    (JAX, lambda row: row.kind == "train" and (
        row.cell in ("lstm", "peephole") or row.cell in GATES
        and is_cheap(row))),
    (KERAS, lambda row: row.kind in ("train", "sequence") and is_cheap(row)
     and not row.own),
    (ONNX, lambda row: row.kind in ("stream", "sequence")),
    (RTNEURAL, lambda row: row.kind == "stream"
     and (row.inputs, row.hidden) == AUDIO),
    (ONEDNN, lambda row: row.cell == "lstm"
     and row.kind in ("train", "stream", "sequence")),
]


def subjects(row, programs):
    """Ours first. `programs`: those that are here."""
    return [OURS] + [subject for subject, takes_part in TAKING_PART
                     if subject.program in programs and takes_part(row)]


def train_rows(quick):
    """Quick leaves out the largest shapes of all but the LSTM."""
    for cell in ("lstm", "gru", "rnn", "peephole", "drawn1"):
        for shape in SHAPES:
            row = train(cell, shape)
            if not quick or cell == "lstm" or row.work < 2e10:
                yield row
    for cell in ("drawn2", "drawn3"):
        yield train(cell, SHAPES[0])


def step_rows():
    for cell in ("lstm", "gru"):
        for hidden in STREAMS:
            yield stream(cell, hidden)
        yield stream(cell, AUDIO[1], AUDIO[0])
    for cell in ("lstm", "gru"):
        for hidden in SEQUENCES:
            yield square("sequence", cell, 1, 100, hidden)


def all_rows(quick):
    yield from train_rows(quick)
    for cell in ("lstm", "gru"):
        for shape in RAGGED:
            yield square("ragged", cell, *shape)
    yield from step_rows()
    yield square("words", "lstm", 20, 20, 200)
    if not quick:
        yield square("words", "lstm", 20, 35, 650)
