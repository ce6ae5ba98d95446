# SPDX-License-Identifier: MIT
"""The Python side of a peer: obeys the lines that bench/rows.c describes.

A peer's program calls serve(about, make): about() says in words what runs,
make(row) gives a Work or raises Absent.
"""
import sys
import time
from collections import namedtuple
from contextlib import nullcontext

import fill

Row = namedtuple("Row", "kind cell batch steps inputs hidden form")
GATES = {"lstm": 4, "gru": 3, "rnn": 1, "peephole": 4}


class Absent(Exception):
    """This peer cannot do the row."""


class Work(namedtuple("Work", "act show scope", defaults=[nullcontext])):
    """act() is one unit of work; show() gives {name: array}; both are called
    within a scope()."""


def threads():
    return int(sys.argv[1]) if len(sys.argv) > 1 else 1


def read_row(words):
    kind, cell, *sizes, form = words
    return Row(kind, cell, *map(int, sizes), form if form != "-" else "")


def measure(work, count):
    act = work.act
    with work.scope():
        start = time.perf_counter()
        for _ in range(count):
            act()
        return (time.perf_counter() - start) / count


def show(work):
    with work.scope():
        return [" ".join([name, *(f"{v:.9g}" for v in fill.sample(array))])
                for name, array in work.show().items()]


def answer(command, words, work, about, make):
    """(the work that is open afterwards, lines)"""
    if command == "about":
        return work, ["ok " + about()]
    if command == "open":
        try:
            return make(read_row(words)), ["ok"]
        except Absent as why:
            return None, [f"absent {why}"]
    if command == "show":
        return work, show(work) + ["ok"]
    if command == "time":
        return work, [f"ok {measure(work, int(words[0])):.9g}"]
    if command == "close":
        return None, ["ok"]
    raise ValueError(f"no such command: {command}")


def serve(about, make):
    work = None
    for line in sys.stdin:
        command, *words = line.split()
        work, lines = answer(command, words, work, about, make)
        print("\n".join(lines), flush=True)
