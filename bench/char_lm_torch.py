#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The recipe of examples/char_lm in PyTorch, to hold the two side by side.

Usage: char_lm_torch.py TEXT [EPOCHS] [SEED]
One-hot characters, two LSTM layers of 128, all parameters from +-0.08 and open
forget gates, 50 rows read in windows of 50 with the state carried, RMSprop
(alpha 0.95) at 2e-3, times 0.97 an epoch from the tenth on, gradients clipped
by value; the last 5 % held out and read in the same way.
"""
import sys
import time

import torch
from torch import nn

HIDDEN, LAYERS, BATCH, WINDOW, RATE, CLIP = 128, 2, 50, 50, 2e-3, 5.0


class Model(nn.Module):
    def __init__(self, characters):
        super().__init__()
        self.characters = characters
        self.lstm = nn.LSTM(characters, HIDDEN, LAYERS, batch_first=True)
        self.decoder = nn.Linear(HIDDEN, characters)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -0.08, 0.08)
        for layer in range(LAYERS):
            bias = getattr(self.lstm, f"bias_ih_l{layer}")
            nn.init.ones_(bias.data[HIDDEN:2 * HIDDEN])

    def forward(self, ids, state):
        x = nn.functional.one_hot(ids, self.characters).float()
        y, state = self.lstm(x, state)
        logits = self.decoder(y).flatten(0, 1)
        return logits, tuple(s.detach() for s in state)


def windows(ids):
    row = (len(ids) - 1) // BATCH
    rows = ids[:row * BATCH].view(BATCH, row)
    after = ids[1:row * BATCH + 1].view(BATCH, row)
    for at in range(0, row - WINDOW + 1, WINDOW):
        yield rows[:, at:at + WINDOW], after[:, at:at + WINDOW].flatten()


def validate(model, ids):
    losses, state = [], None
    with torch.no_grad():
        for x, y in windows(ids):
            logits, state = model(x, state)
            losses.append(nn.functional.cross_entropy(logits, y).item())
    return sum(losses) / len(losses)


def main():
    text = open(sys.argv[1], "rb").read()
    epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    torch.manual_seed(int(sys.argv[3]) if len(sys.argv) > 3 else 123)
    torch.set_num_threads(1)
    known = {byte: i for i, byte in enumerate(sorted(set(text)))}
    ids = torch.tensor([known[byte] for byte in text])
    held = int(0.05 * len(ids))
    training, held_out = ids[:len(ids) - held], ids[len(ids) - held:]
    model = Model(len(known))
    optimizer = torch.optim.RMSprop(model.parameters(), RATE, alpha=0.95)
    start, loss_now, characters = time.time(), None, 0
    for epoch in range(epochs):
        state = None
        for x, y in windows(training):
            optimizer.zero_grad()
            logits, state = model(x, state)
            loss = nn.functional.cross_entropy(logits, y)
            loss.backward()
            nn.utils.clip_grad_value_(model.parameters(), CLIP / WINDOW)
            optimizer.step()
            value = loss.item()
            loss_now = value if loss_now is None else (
                0.98 * loss_now + 0.02 * value)
            characters += BATCH * WINDOW
        spent = time.time() - start
        print(f"epoch {epoch + 1}: training {loss_now:.4f} nats, validation "
              f"{validate(model, held_out):.4f} nats, "
              f"{characters / spent:.0f} chars/s, {spent:.0f} s", flush=True)
        if epoch + 1 >= 10:
            for group in optimizer.param_groups:
                group["lr"] *= 0.97


if __name__ == "__main__":
    main()
