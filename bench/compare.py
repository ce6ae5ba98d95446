#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures librnnc beside its peers, in turn, and writes tables and a chart.

Each peer lives in a virtual environment of its own under --folder, made by
--install; a peer that is not there is said to be absent. Results are compared
before anything is timed, with the same weights and inputs everywhere. The
OPENBLAS_ variables are taken from the measured processes, and only from them.

Usage: bench/compare.py --quick --install
"""
import argparse
import pathlib
import sys
import time

from driver import chart, machine, measurement, place, report, table, worker

QUICK_SECONDS = 240  # a row may begin until then


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
    add("--rows", type=pathlib.Path, help="our program; default: built anew")
    add("--threads", default="1,2")
    add("--only", default="", help="rows whose name contains this")
    add("--repeats", type=int, help="rounds, at least 7")
    add("--seconds", type=float, help="end with the row that passes this")
    add("--compile", action="store_true", help="torch.compile too; slow")
    add("--tiny", action="store_true",
        help="sizes cut, to see whether everything works")
    add("--out", type=pathlib.Path, default=place.ROOT / "build/compare")
    return parser.parse_args()


def settle(options):
    """Fills in what --quick and the defaults decide."""
    options.repeats = max(7, options.repeats or (7 if options.quick else 11))
    options.seconds = options.seconds or (QUICK_SECONDS if options.quick
                                          else float("inf"))
    options.target = 0.002 if options.tiny else (
        0.03 if options.quick else 0.15)
    default = "pytorch" if options.quick else ",".join(place.PEERS)
    options.peers = (options.peers or default).split(",")
    unknown = set(options.peers) - set(place.PEERS)
    if unknown:
        sys.exit(f"no such peer: {', '.join(sorted(unknown))}")
    options.threads = [int(n) for n in options.threads.split(",")]
    options.python = dict(pair.split("=", 1) for pair in options.python)


def rows_of(options):
    for row in table.all_rows(options.quick):
        row = table.cut(row) if options.tiny else row
        if options.only.lower() in row.name.lower():
            yield row


def show(line):
    if "absent" in line:
        print(f"    {line['subject']:16} left out: {line['absent']}")
        return
    low, high = line["ratio_spread"]
    print(f"    {line['subject']:16} "
          f"{report.duration(line['seconds'][1]):>8}  "
          f"{100 * line['share']:5.1f} % of the peak  "
          f"ratio {line['ratio']:.2f} ({low:.2f} to {high:.2f})  "
          f"results within {line['difference']:.0e}", flush=True)


def introduce(run, commands, workers):
    for subject in [table.OURS, *(table.Subject(name, name)
                                  for name in commands if name != "rows")]:
        try:
            words = workers.get(subject).ask("about")[0]
        except worker.Lost as why:
            words = f"absent: {why}"
            del commands[subject.program]
        run["about"][f"{subject.label}, {workers.threads} thread"
                     f"{'s' if workers.threads > 1 else ''}"] = words
        print(f"  {subject.label}: {words}", flush=True)


def compare(run, options, commands, threads, deadline):
    workers = worker.Workers(commands, threads)
    introduce(run, commands, workers)
    # The cheapest first: what the time does not suffice for is the dearest.
    for row in sorted(rows_of(options), key=lambda row: row.work):
        print(f"  {row.name}, threads: {threads}", flush=True)
        subjects = table.subjects(row, commands, options.compile)
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
    workers.stop()


def main():
    options, start = arguments(), time.monotonic()
    settle(options)
    commands = {"rows": [str(options.rows or place.build_rows(
        place.ROOT / "build/bench"))]}
    commands |= place.commands(options.peers, options.folder, options.python,
                               options.install)
    run = {"machine": machine.describe(), "repeats": options.repeats,
           "about": {}, "peak": 0.0, "lines": [], "left_out": []}
    print("machine of class {class}: {vendor} family {family}, {cores} "
          "cores".format(**run["machine"]))
    for peer in options.peers:
        if peer not in commands:
            run["about"][peer] = "absent"
            print(f"  {peer}: absent")
    # All thread counts get their share of a bounded time.
    for place_in, threads in enumerate(options.threads, 1):
        share = options.seconds * place_in / len(options.threads)
        compare(run, options, commands, threads, start + share)
    order = [row.name for row in rows_of(options)]
    run["lines"].sort(key=lambda line: (line["threads"],
                                        order.index(line["row"])))
    report.write(run, options.out, chart.draw(run))
    print(f"{options.out}/compare.json, .md and .svg; "
          f"{time.monotonic() - start:.0f} s")
    return 0 if run["lines"] else 1


if __name__ == "__main__":
    sys.exit(main())
