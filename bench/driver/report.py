# SPDX-License-Identifier: MIT
"""A run as JSON and as tables in Markdown."""
import json

from . import sample, table, targets
from .measurement import against_ourselves


def duration(seconds):
    for unit, size in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def megabytes(count):
    return f"{count / 1e6:.1f} MB"


def plural(threads):
    return f"{threads} thread{'s' if threads > 1 else ''}"


def grid(head, align, rows):
    """A table of Markdown."""
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (
        head, [{"<": "---", ">": "---:"}[side] for side in align], *rows))


# ---- What was to be reached -------------------------------------------------

def amount(value, unit):
    if unit == "%":
        return f"{100 * value:.0f} %"
    return f"{value:.2f}" if unit == "x" else f"{value:.1f} {unit}"


def verdict(line):
    reached = targets.is_reached(line)
    return {None: "not measured", True: "yes", False: "**no**"}[reached]


def target_row(line):
    aim = amount(line.aim, line.unit) + (" at most" if line.most else "")
    values = ["", ""]
    if line.value is not None:
        values = [amount(line.value, line.unit),
                  f"{amount(line.low, line.unit)} to "
                  f"{amount(line.high, line.unit)}"]
    limit = "" if line.limit is None else amount(line.limit, line.unit)
    return [line.row, line.against, str(line.threads), aim, *values,
            verdict(line), limit]


def target_section(run):
    lines = targets.lines(run)
    reached = [targets.is_reached(line) for line in lines]
    text = (f"{reached.count(True)} of {len(reached)} reached, "
            f"{reached.count(False)} not, {reached.count(None)} not "
            "measured. Their time over ours, so that more is better, but "
            "where it says at most: there it is our time over theirs. The "
            "limit is the ratio of a program that is always at the peak of "
            "multiply-adds and, where weights are read again in every step, "
            "at the bandwidth; of memory, what states or results alone would "
            "take; of a start, what there is before main begins.\n\n")
    return text + grid(
        ["row", "against", "threads", "aim", "measured", "quartiles",
         "reached", "limit"], "<<>>><<>",
        [target_row(line) for line in lines])


# ---- All rows ---------------------------------------------------------------

HEAD = ["row", "who", "time", "quartiles", "GF/s", "of the peak",
        "of the bandwidth", "their time / ours", "quartiles"]


def cells(line):
    yield line["subject"]
    if "absent" in line:
        yield from [f"left out: {line['absent']}", *[""] * 6]
        return
    low, middle, high = line["seconds"]
    yield duration(middle)
    yield f"{duration(low)} to {duration(high)}"
    yield f"{line['work'] / middle * 1e-9:.1f}"
    yield f"{100 * line['share']:.0f} %"
    yield f"{100 * line['read']:.0f} %" if "read" in line else ""
    if line["subject"] == table.OURS.label:
        yield from ["", ""]
        return
    yield f"**{line['ratio']:.2f}**"
    yield "{:.2f} to {:.2f}".format(*line["ratio_spread"])


def rows_section(lines):
    rows, last = [], None
    for line in lines:
        rows.append([line["row"] if line["row"] != last else "", *cells(line)])
        last = line["row"]
    return grid(HEAD, "<<><>>>><", rows)


def gains_section(run):
    gains = against_ourselves(run["lines"])
    return gains and grid(
        ["row", "gain", "quartiles"], "<><",
        [[name, f"{gain:.2f}", f"{low:.2f} to {high:.2f}"]
         for name, (gain, low, high) in gains.items()])


# ---- The other parts --------------------------------------------------------

def start_section(run):
    found = run.get("start")
    if not found or "absent" in found:
        return found and f"Left out: {found['absent']}\n"
    text = ("From before a process is made to the first step of a model of "
            "1 MB (an LSTM 64->224 and a linear layer).\n\n")
    text += grid(["who", "time", "quartiles"], "<><", [
        [name, duration(found[name]["seconds"][1]),
         " to ".join(map(duration, found[name]["seconds"][::2]))]
        for name in found if name != "ratio"])
    if "ratio" in found:
        low, middle, high = found["ratio"]
        text += f"\nRatio {middle:.0f} ({low:.0f} to {high:.0f}).\n"
    return text


def memory_section(run):
    found = run.get("memory")
    if not found:
        return ""
    rule = found["rule"]
    rows = [[name, megabytes(one["rows"]),
             f"{one['rows'] / 4 / found['units']:.1f}",
             megabytes(one["run"]),
             megabytes(one["most"]) if one["most"] else "",
             f"{rule / one['rows']:.2f}", duration(one["seconds"][1])]
            for name, one in found.items()
            if isinstance(one, dict) and "absent" not in one]
    return (f"Bytes of a {found['row']}. Rows: what our run holds a step and "
            "sequence, and oneDNN's workspace as it was queried, also as "
            "floats a unit, step and sequence. Run: all of a run, without "
            "packed weights. Most: all that went through the context's "
            "allocator, weights, gradients, packed copies and the caller's "
            "input with it. The rule of oneDNN's workspace, 15 H floats a "
            f"row, gives {megabytes(rule)}; oneDNN's time has the gradient "
            "of the input in it.\n\n"
            + grid(["who", "rows", "floats", "run", "most",
                    "the rule / rows", "time"], "<>>>>>>", rows))


def long_cells(one):
    if "absent" in one:
        return [f"left out: {one['absent']}", "", "", "", ""]
    return [megabytes(one["rows"]), megabytes(one["run"]),
            megabytes(one["most"]), duration(one["seconds"][1]),
            f"{one['loss']:.9g}"]


def long_section(run):
    found = run.get("long")
    return found and f"{found['row']}, ids in, loss inside.\n\n" + grid(
        ["who", "rows", "run", "most", "time", "loss"], "<>>>>>",
        [[name, *long_cells(one)] for name, one in found.items()
         if name != "row"])


SIZES = {"T": "B20 H128", "B": "T20 H128", "H": "B20 T10"}


def scaling_section(run):
    found = run.get("scaling")
    return found and (
        "Training step of an LSTM, one size rising, fitted by seconds = fixed "
        "+ work / rate (least squares of relative errors). Power: what time "
        "rises with, work to the power. Worst fall: of the work done a second "
        "from one size to the next; a cliff would show there.\n\n" + grid(
            ["size", "others", "from, to", "fixed", "rate", "power",
             "farthest from the fit", "worst fall"], "<<>>>>>>",
            [[letter, SIZES[letter],
              f"{one['points'][0]['size']}, {one['points'][-1]['size']}",
              duration(max(0, one["fixed"])), f"{one['rate'] * 1e-9:.0f} GF/s",
              f"{one['power']:.2f}", f"{100 * one['off']:.0f} %",
              f"{one['worst']:.2f}"] for letter, one in found.items()]))


def plans_section(run):
    found = run.get("plans")
    if not found:
        return ""
    names = list(next(iter(found.values())))
    return ("What the planner makes of a cell for training; the drawn ones "
            "have twelve element-wise operations that a generator drew.\n\n"
            + grid(["cell", *names], "<" + ">" * len(names),
                   [[cell, *(str(one[name]) for name in names)]
                    for cell, one in found.items()]))


def where_cells(one):
    yield from (one["row"], str(one["threads"]), duration(one["seconds"]))
    for kind in sample.ALL:
        text = f"{100 * one['measured'][kind]:.1f} %"
        if kind in one["foretold"]:
            foretold = one["foretold"][kind] / one["seconds"]
            text += f" ({100 * foretold:.1f})"
        yield text
    yield f"{100 * sum(one['foretold'].values()) / one['seconds']:.0f} %"


def where_section(run):
    found = [one for one in run.get("where", ()) if "absent" not in one]
    return found and (
        "Every thread is interrupted each fifth of a millisecond, and the "
        "function that it is in is noted; shares are of all notes of all "
        "threads, waiting ones included. In brackets what was foretold: "
        "products at the peak, element-wise work by its cycles, packing at "
        "the bandwidth of the third level, a barrier at 0.1 us.\n\n"
        + grid(["row", "threads", "time", *sample.ALL, "foretold, all"],
               "<>>" + ">" * len(sample.ALL) + ">",
               [list(where_cells(one)) for one in found]))


def bandwidth_section(run):
    found = run.get("bandwidth")
    return found and grid(
        ["block", *(plural(int(n)) for n in next(iter(found.values())))],
        "<" + ">" * len(next(iter(found.values()))),
        [[f"{int(size) / 1024:.0f} KiB",
          *(f"{rate * 1e-9:.0f} GB/s" for rate in by.values())]
         for size, by in found.items()])


def left_out_section(run):
    return "".join(f"- {name}\n" for name in run["left_out"])


def about_section(run):
    machine = run["machine"]
    text = (f"{machine['vendor']} family {machine['family']} "
            f"({machine['name']}), {machine['cores']} cores. Medians of "
            f"{run['least']} to {run['repeats']} rounds, all in turn; the "
            "peak is what fused multiply-adds in registers reached in the "
            f"same row: {1e-9 * run['peak']:.0f} GF/s a core at most. "
            f"`{run['command']}` took {run['seconds'] / 60:.0f} minutes.\n\n")
    return text + "".join(f"- {name}: {words}\n"
                          for name, words in run["about"].items())


def sections(run):
    """(title, text) of all that was measured"""
    threads = sorted({line["threads"] for line in run["lines"]})
    yield "What was to be reached", target_section(run)
    yield from (("All rows, " + plural(n), rows_section(
        [line for line in run["lines"] if line["threads"] == n]))
        for n in threads)
    yield "Two threads against one", gains_section(run)
    yield "Start", start_section(run)
    yield "Memory", memory_section(run)
    yield "Long sequences", long_section(run)
    yield "Sizes over two decades", scaling_section(run)
    yield "Where the time goes", where_section(run)
    yield "What is made of a cell", plans_section(run)
    yield "Bandwidth of reading", bandwidth_section(run)
    yield "Left out", left_out_section(run)


def markdown(run, level="#"):
    text = (f"{level} Class {run['machine']['class']}\n\n"
            + about_section(run))
    for title, body in sections(run):
        if body:
            text += f"\n{level}# {title}\n\n{body}"
    return text


def pictures(charts):
    return "".join(f"\n![{title}]({name})\n"
                   for name, (title, _) in charts.items())


def write(run, folder, charts):
    """`charts`: {name of a file: (title, svg)}"""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "compare.json").write_text(json.dumps(run, indent=1) + "\n")
    (folder / "compare.md").write_text(markdown(run) + pictures(charts))
    for name, (_, svg) in charts.items():
        (folder / name).write_text(svg)
