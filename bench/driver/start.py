# SPDX-License-Identifier: MIT
"""From nothing to the first step of a model, each time in a new process."""
import subprocess
import tempfile
import time

from . import place
from .measurement import PAUSE, spread
from .worker import environment

TOLERANCE = 1e-4


def fresh(command):
    """(seconds from before the process was to its first step, outputs)"""
    now = time.clock_gettime(time.CLOCK_MONOTONIC)
    said = subprocess.run([*command, f"{now:.9f}"], check=True,
                          capture_output=True, text=True,
                          env=environment(1)).stdout
    seconds, *outputs = map(float, said.split())
    return seconds, outputs


def subjects_of(commands, model):
    """{who: command and its first argument}; PyTorch may be absent."""
    found = {"librnnc": [*commands["start"], model],
             "librnnc, until main begins": [*commands["start"], "main"]}
    if "start_reference" in commands:
        found["librnnc, reference BLAS"] = [*commands["start_reference"],
                                            model]
    if "pytorch" in commands:
        found["PyTorch"] = [commands["pytorch"][0],
                            str(place.BENCH / "peers/pytorch_start.py"),
                            model]
    return found


def measure(commands, rounds):
    """{who: {times, seconds}} and the ratio to PyTorch."""
    with tempfile.TemporaryDirectory() as folder:
        model = f"{folder}/model.safetensors"
        subprocess.run([*commands["start"], "make", model], check=True)
        subjects = subjects_of(commands, model)
        times, outputs = {name: [] for name in subjects}, {}
        for turn in range(rounds + 1):
            for name, command in subjects.items():
                time.sleep(PAUSE)
                seconds, outputs[name] = fresh(command)
                if turn:  # the first one fills the caches of the disk
                    times[name].append(seconds)
    return report(times, outputs)


def report(times, outputs):
    found = {name: {"times": seconds, "seconds": spread(seconds)}
             for name, seconds in times.items()}
    if "PyTorch" in times:
        gap = max(abs(a - b) for a, b in zip(outputs["librnnc"],
                                             outputs["PyTorch"]))
        if gap > TOLERANCE:
            return {"absent": f"results differ by {gap:.1e}"}
        found["ratio"] = spread([b / a for a, b in zip(times["librnnc"],
                                                       times["PyTorch"])])
    return found
