# SPDX-License-Identifier: MIT
"""bench/start/start.c in PyTorch. Usage: pytorch_start.py PATH SECONDS"""
import json
import struct
import sys
import time

import torch
from torch import nn


def tensors(path):
    """Of a safetensors file, which is simple enough to need no package."""
    with open(path, "rb") as file:
        size, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = bytearray(file.read())
    header.pop("__metadata__", None)
    return {name: torch.frombuffer(
        data, dtype=torch.float32, offset=entry["data_offsets"][0],
        count=torch.Size(entry["shape"]).numel()).reshape(entry["shape"])
            for name, entry in header.items()}


class Model(nn.Module):
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.lstm = nn.LSTM(inputs, hidden)
        self.out = nn.Linear(hidden, outputs)

    def forward(self, x, state):
        h, state = self.lstm(x, state)
        return self.out(h), state


def main():
    torch.set_num_threads(1)
    values = tensors(sys.argv[1])
    hidden, inputs = values["lstm.weight_ih_l0"].shape
    model = Model(inputs, hidden // 4, len(values["out.weight"])).eval()
    model.load_state_dict(values)
    with torch.inference_mode():
        y, _ = model(torch.ones(1, 1, inputs), None)
    seconds = time.clock_gettime(time.CLOCK_MONOTONIC) - float(sys.argv[2])
    print(seconds, *y.flatten()[:4].tolist())


if __name__ == "__main__":
    main()
