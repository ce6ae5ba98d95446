#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures librnnc beside its peers, in turn, and writes tables and charts.

Each peer lives in a virtual environment of its own under --folder, made by
--install; a peer that is not there is said to be absent. Results are compared
before anything is timed, with the same weights and inputs everywhere. The
OPENBLAS_ variables are taken from the measured processes, and only from them.

Usage: bench/compare.py --quick --install
"""
import argparse
import json
import pathlib
import subprocess
import sys
import time

from driver import (chart, extras, machine, measurement, page, place, report,
                    start, table, worker)

QUICK_SECONDS = 255  # a row may begin until then
PARTS = ["rows", "start", "memory", "long", "scaling", "where", "plans",
         "bandwidth"]
QUICK_PARTS = ["rows", "start", "memory", "plans"]
BLOCKS = (1 << 14, 1 << 19, 1 << 23, 1 << 25, 1 << 28)  # bytes


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--quick", action="store_true",
        help="PyTorch and our rows alone, in less than five minutes")
    add("--peers", help=f"of {','.join(place.PEERS)}; default: all")
    add("--install", action="store_true",
        help="install the Python peers that are missing")
    add("--folder", type=pathlib.Path, default=place.ROOT / "build/peers",
        help="where the peers live; default build/peers")
    add("--python", action="append", default=[], metavar="PEER=PATH",
        help="a Python that has the peer already")
    add("--include", action="append", default=[], metavar="PATH",
        help="where the headers of a compiled peer are: RTNeural's sources, "
             "Eigen")
    add("--build", type=pathlib.Path, default=place.ROOT / "build",
        help="where our programs are built; default build")
    add("--parts", help=f"of {','.join(PARTS)}; default: all")
    add("--threads", default="1,2")
    add("--only", default="", help="rows whose name contains this")
    add("--repeats", type=int, help="rounds at most")
    add("--row-seconds", type=float, help="of a row, after which no more than "
        "the least rounds are made")
    add("--seconds", type=float, help="rows that would pass this are left out")
    add("--tiny", action="store_true",
        help="sizes cut, to see whether everything works")
    add("--out", type=pathlib.Path, default=place.ROOT / "build/compare")
    add("--again", type=pathlib.Path, metavar="JSON",
        help="measure nothing: write the tables and pictures of a run anew")
    add("--docs", action="store_true",
        help="write the part of docs/benchmarks.md for this class of machine")
    return parser.parse_args()


def settle(options):
    """Fills in what --quick and the defaults decide."""
    quick = options.quick
    options.repeats = options.repeats or (7 if quick else 11)
    options.least = min(5, options.repeats)
    options.row_seconds = options.row_seconds or (4 if quick else 9)
    options.seconds = options.seconds or (QUICK_SECONDS if quick
                                          else float("inf"))
    options.target = 0.002 if options.tiny else 0.03 if quick else 0.1
    options.sample_seconds = 0.1 if options.tiny else 1.5
    options.long_rounds = 2
    options.start_rounds = 5 if quick else 9
    options.peers = (options.peers or ("pytorch" if quick else
                                       ",".join(place.PEERS))).split(",")
    options.parts = (options.parts or ",".join(
        QUICK_PARTS if quick else PARTS)).split(",")
    for unknown in {*options.peers} - {*place.PEERS} | (
            {*options.parts} - {*PARTS}):
        sys.exit(f"no such peer or part: {unknown}")
    options.threads = [int(n) for n in options.threads.split(",")]
    options.python = dict(pair.split("=", 1) for pair in options.python)


def rows_of(options):
    for row in table.all_rows(options.quick):
        row = table.cut(row) if options.tiny else row
        if options.only.lower() in row.name.lower():
            yield row


def show(line):
    if "absent" in line:
        print(f"    {line['subject']:24} left out: {line['absent']}")
        return
    low, high = line["ratio_spread"]
    print(f"    {line['subject']:24} "
          f"{report.duration(line['seconds'][1]):>8}  "
          f"{100 * line['share']:5.1f} % of the peak  "
          f"ratio {line['ratio']:.2f} ({low:.2f} to {high:.2f})  "
          f"results within {line['difference']:.0e}", flush=True)


def introduce(run, commands, workers):
    """Asks each program what it is; those that do not say are left out."""
    for name in [name for name in commands if "start" not in name]:
        try:
            words = workers.get(table.Subject(name, name)).ask("about")[0]
        except worker.Lost as why:
            words = f"absent: {why}"
            del commands[name]
        name = {"rows": "librnnc", "reference": "librnnc, reference BLAS"
                }.get(name, name)
        run["about"][f"{name}, {report.plural(workers.threads)}"] = words
        print(f"  {name}: {words}", flush=True)


def compare(run, options, commands, threads, deadline):
    workers = worker.Workers(commands, threads)
    introduce(run, commands, workers)
    # The cheapest first: what the time does not suffice for is the dearest.
    for row in sorted(rows_of(options), key=lambda row: row.work):
        print(f"  {row.name}, threads: {threads}", flush=True)
        begun = time.monotonic()
        subjects = table.subjects(row, commands)
        try:
            lines = list(measurement.measure(row, subjects, workers, options,
                                             deadline))
        except (measurement.OutOfTime, worker.Lost) as why:
            workers.close()
            print(f"    left out: {why}", flush=True)
            run["left_out"].append(f"{row.name}, threads: {threads}: {why}")
            continue
        for line in lines:
            show(line)
            run["peak"] = max(run["peak"], line["peak"] / threads)
        run["lines"] += lines
        print(f"    {time.monotonic() - begun:.0f} s", flush=True)
    workers.stop()


def all_rows(run, options, commands, begun):
    """All thread counts get their share of what is left of a bounded time."""
    now = time.monotonic()
    left = begun + options.seconds - now
    for place_in, threads in enumerate(options.threads, 1):
        share = left * place_in / len(options.threads)
        compare(run, options, commands, threads, now + share)


def sort_lines(run, options):
    order = [row.name for row in rows_of(options)]
    run["lines"].sort(key=lambda line: (line["threads"],
                                        order.index(line["row"])))


def alone(part, commands, threads, options):
    """A part of extras.py with workers of its own."""
    workers = worker.Workers(commands, threads)
    found = getattr(extras, part)(workers, commands, options)
    workers.stop()
    return found


def measure_part(part, run, options, commands):
    most, least = max(options.threads), min(options.threads)
    todo = {"memory": [least], "long": [most], "scaling": [least],
            "where": options.threads, "plans": [least]}
    if part == "start":
        run[part] = start.measure(commands, options.start_rounds)
    elif part == "bandwidth":
        run[part] = bandwidth(commands, options)
    elif part == "where":
        run[part] = [one for threads in todo[part]
                     for one in alone(part, commands, threads, options)]
    elif part in todo:
        run[part] = alone(part, commands, todo[part][0], options)


def try_parts(run, options, commands):
    """What fails is left out with the reason."""
    for part in options.parts:
        begun = time.monotonic()
        try:
            measure_part(part, run, options, commands)
        except (worker.Lost, subprocess.CalledProcessError) as why:
            run["left_out"].append(f"{part}: {why}")
        if part != "rows":
            print(f"  {part}: {time.monotonic() - begun:.0f} s", flush=True)


def bandwidth(commands, options):
    """{bytes: {threads: bytes a second}}"""
    found = {size: {} for size in BLOCKS}
    for threads in options.threads:
        workers = worker.Workers(commands, threads)
        for size in BLOCKS:
            asked = workers.get(table.OURS).ask(f"bandwidth {size}")
            found[size][threads] = float(asked[0])
        workers.stop()
    return found


def begin_run(options):
    run = {"machine": machine.describe(), "repeats": options.repeats,
           "least": options.least, "about": {}, "peak": 0.0, "lines": [],
           "left_out": [], "command": "bench/compare.py" + (
               " --quick" if options.quick else "")}
    print("machine of class {class}: {vendor} family {family}, {cores} "
          "cores".format(**run["machine"]))
    return run


def write(run, options):
    charts = chart.draw(run)
    report.write(run, options.out, charts)
    if options.docs:
        page.write(run, charts)


def main():
    options, begun = arguments(), time.monotonic()
    settle(options)
    if options.again:
        write(json.loads(options.again.read_text()), options)
        return 0
    commands = place.ours(options.build, options.quick)
    commands |= place.peers(options)
    run = begin_run(options)
    for peer in options.peers:
        if peer not in commands:
            run["about"][peer] = "absent"
            print(f"  {peer}: absent")
    # The short parts first, so that rows may use up a bounded time.
    try:
        try_parts(run, options, commands)
        if "rows" in options.parts:
            all_rows(run, options, commands, begun)
    except KeyboardInterrupt:
        run["left_out"].append("all after it was interrupted")
    sort_lines(run, options)
    run["seconds"] = time.monotonic() - begun
    write(run, options)
    print(f"{options.out}/compare.json and .md; {run['seconds']:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
