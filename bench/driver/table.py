# SPDX-License-Identifier: MIT
"""The rows of the benchmark, and who takes part in each."""
from collections import namedtuple

WORDS, LAYERS = 10000, 2
GATES = {"lstm": 4, "gru": 3, "rnn": 1, "peephole": 4}
NAMES = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN",
         "peephole": "own peephole LSTM"}
KINDS = {"train": "training step", "ragged": "training step, ragged batch",
         "stream": "stream step", "sequence": "inference over a sequence",
         "words": "language model, training step"}

# Who is measured: a program of PROGRAMS, which may do the row in a form of its
# own, or with another cell.
Subject = namedtuple("Subject", "label program form cell",
                     defaults=["", ""])
OURS = Subject("librnnc", "rows")
OUR_LSTM = Subject("librnnc LSTM", "rows", "", "lstm")
TORCH = Subject("PyTorch", "pytorch")
COMPILED = Subject("torch.compile", "pytorch", "compiled")
JAX = Subject("JAX scan", "jax_scan")
ONNX = Subject("ONNX Runtime", "onnx_runtime")
ONEDNN = Subject("oneDNN", "onednn")
PEERS = {
    "train": [TORCH, JAX, ONEDNN],
    "ragged": [Subject("PyTorch packed", "pytorch", "packed"),
               Subject("PyTorch padded", "pytorch", "padded")],
    "stream": [TORCH, Subject("PyTorch cell", "pytorch", "cell"), ONNX,
               ONEDNN],
    "sequence": [TORCH, ONNX, ONEDNN],
    "words": [TORCH],
}
ONLY_LSTM = {"onednn"}

SHAPES = [(20, 20, 200), (20, 35, 650), (20, 35, 1500), (64, 50, 128),
          (64, 50, 512)]
RAGGED = [(20, 35, 200), (32, 100, 128)]


class Row(namedtuple("Row", "kind cell batch steps hidden")):
    """One line of the table."""

    @property
    def name(self):
        size = f"H{self.hidden}"
        if self.kind not in ("stream",):
            size = f"B{self.batch} T{self.steps} {size}"
        return f"{KINDS[self.kind]}, {NAMES[self.cell]} {size}"

    def line(self, subject):
        cell = subject.cell or self.cell
        return (f"{self.kind} {cell} {self.batch} {self.steps} {self.hidden} "
                f"{subject.form}").strip()

    @property
    def tokens(self):
        """Real steps of all sequences together."""
        if self.kind != "ragged":
            return self.batch * self.steps
        return sum(-(-self.steps * rank // self.batch)
                   for rank in range(1, self.batch + 1))

    @property
    def work(self):
        """Operations of its products, inputs as wide as hidden."""
        forward = GATES[self.cell] * 4 * self.tokens * self.hidden ** 2
        if self.kind == "words":
            head = 2 * self.tokens * self.hidden * WORDS
            return 3 * (LAYERS * forward + head)
        return forward * (3 if self.kind in ("train", "ragged") else 1)


def cut(row):
    """The same row, small: to see whether everything works."""
    return row._replace(steps=min(row.steps, 6),
                        hidden=min(row.hidden, 16 + row.hidden // 32))


def all_rows(quick):
    """Quick leaves out the largest shapes of all but the LSTM."""
    for cell in ("lstm", "gru", "rnn", "peephole"):
        for shape in SHAPES:
            large = shape[0] * shape[1] * shape[2] ** 2 > 5e8
            if not (quick and large and cell != "lstm"):
                yield Row("train", cell, *shape)
    for cell in ("lstm", "gru"):
        for shape in RAGGED:
            yield Row("ragged", cell, *shape)
    for cell in ("lstm", "gru"):
        for hidden in (16, 64, 256, 1024):
            yield Row("stream", cell, 1, 1, hidden)
    for cell in ("lstm", "gru"):
        for hidden in (64, 256, 1024):
            yield Row("sequence", cell, 1, 100, hidden)
    yield Row("words", "lstm", 20, 20, 200)
    if not quick:
        yield Row("words", "lstm", 20, 35, 650)


def subjects(row, programs, compiled):
    """Ours first. `programs`: the peers that are here."""
    taking_part = [OURS]
    if row.cell == "peephole":
        taking_part.append(OUR_LSTM)
        if compiled:
            taking_part.append(COMPILED)
    taking_part += PEERS[row.kind]
    return [s for s in taking_part
            if s.program == "rows" or s.program in programs
            and not (s.program in ONLY_LSTM and row.cell != "lstm")]
