# SPDX-License-Identifier: MIT
"""The drawing of bench/drawn.c, for values of any library."""
import fill

GATES, JOINS, MERGES = 4, 5, 3


class Drawing:
    """Draws anew, and so the same, for each step."""

    def __init__(self, label, sigmoid, tanh):
        self.numbers = fill.bits(label, 64).tolist()
        self.squashers = sigmoid, tanh

    def draw(self, below):
        self.drawn += 1
        return self.numbers[self.drawn - 1] % below

    def keep(self, value):
        self.values.append(value)
        return value

    def squash(self, value):
        return self.keep(self.squashers[self.draw(2)](value))

    def join(self, a, b):
        kind = self.draw(3)
        return self.keep(a * b if kind == 0 else a + b if kind == 1 else a - b)

    def take(self, waiting):
        place = self.draw(len(waiting))
        waiting[place], waiting[-1] = waiting[-1], waiting[place]
        return waiting.pop()

    def step(self, gates, h, c):
        """(next h, next c) from four pre-activations"""
        self.drawn, self.values, merges = 0, [h, c], MERGES
        waiting = [self.squash(gate) for gate in gates] + [c]
        for left in range(JOINS, 0, -1):
            merge = self.draw(left) < merges
            merges -= merge
            a = self.take(waiting)
            b = (self.take(waiting) if merge else
                 self.values[self.draw(len(self.values))])
            waiting.append(self.join(a, h if b is a else b))
        c = self.squash(waiting[0])
        return self.squash(self.join(waiting[1], c)), c
