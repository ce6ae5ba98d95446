# SPDX-License-Identifier: MIT
"""Numbers that every peer makes alike: bench/fill.c in numpy."""
import numpy as np

WORDS, LAYERS, SAMPLE = 10000, 2, 1024
STREAM_SHOWN, UPDATES_SHOWN = 10, 3


def bits(name, count):
    start = 2166136261
    for byte in name.encode():
        start = (start ^ byte) * 16777619 & 0xFFFFFFFF
    number = np.arange(count, dtype=np.uint32) * np.uint32(2654435769)
    number += np.uint32(start)
    number = (number ^ (number >> np.uint32(16))) * np.uint32(2246822507)
    number = (number ^ (number >> np.uint32(13))) * np.uint32(3266489909)
    return number ^ (number >> np.uint32(16))


def floats(name, shape, scale=1.0):
    top = (bits(name, int(np.prod(shape))) >> np.uint32(8)).astype(np.int32)
    unit = (top - 8388608).astype(np.float32) / np.float32(8388608)
    return (unit * np.float32(scale)).reshape(shape)


def weight(name, hidden, *shape):
    """A parameter of a row: +-1 / sqrt(hidden)."""
    return floats(name, shape, np.float32(1) / np.sqrt(np.float32(hidden)))


def ids(name, shape):
    number = bits(name, int(np.prod(shape))) % np.uint32(WORDS)
    return number.astype(np.int32).reshape(shape)


def lengths(row):
    """Steps of each sequence; about half of a ragged batch is filled."""
    if row.kind != "ragged":
        return [row.steps] * row.batch
    return [-(-row.steps * (b * 7 % row.batch + 1) // row.batch)
            for b in range(row.batch)]


def sample(array):
    flat = np.asarray(array, dtype=np.float32).reshape(-1)
    shown = min(flat.size, SAMPLE)
    return flat[np.arange(shown) * flat.size // shown]
