# SPDX-License-Identifier: MIT
"""Pictures for notebooks: by Graphviz where it is, else plain ones."""
from __future__ import annotations

import re
import shutil
import subprocess
from html import escape

_LINE, _CHARACTER, _MARGIN = 16, 7.3, 12
_FONT = 'font-family="monospace" font-size="12"'
_SECONDS = 30


def svg_of_dot(dot: str) -> str:
    """An SVG picture of DOT text.

    Parameters
    ----------
    dot : str
    """
    program = shutil.which("dot")
    if program is not None:
        try:
            made = subprocess.run([program, "-Tsvg"], input=dot.encode(),
                                  capture_output=True, check=True,
                                  timeout=_SECONDS)
            text = made.stdout.decode()
            return text[text.index("<svg"):]
        except (OSError, ValueError, subprocess.SubprocessError):
            pass
    return _svg_of_layers(_boxes(dot), _edges(dot))


def svg_of_text(text: str) -> str:
    """An SVG picture of lines of text, headings in bold.

    Parameters
    ----------
    text : str
    """
    lines = text.rstrip("\n").split("\n")
    width = max(map(len, lines)) * _CHARACTER + 2 * _MARGIN
    body = []
    for number, line in enumerate(lines):
        weight = ' font-weight="bold"' if line[:1].strip() else ""
        body.append(f'<text x="{_MARGIN}" y="{(number + 1) * _LINE + 4}"'
                    f'{weight} xml:space="preserve" {_FONT}>{escape(line)}'
                    '</text>')
    return _svg(width, len(lines) * _LINE + 2 * _MARGIN, body)


def _svg(width: float, height: float, body: list[str]) -> str:
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" '
            f'height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">'
            f'<rect width="100%" height="100%" fill="white"/>'
            + "".join(body) + "</svg>")


def _boxes(dot: str) -> dict[str, str]:
    """Label of each node of DOT text."""
    found = {}
    for name, label in re.findall(
            r'^\s*("[^"]*"|\w+) \[[^\]\n]*?label="((?:[^"\\]|\\.)*)"', dot,
            flags=re.M):
        if name not in ("node", "edge", "graph"):
            label = re.sub(r"\\[nlr]", " ", label)
            found[name] = re.sub(r"\\(.)", r"\1", label).strip()
    return found


def _edges(dot: str) -> list[tuple[str, str]]:
    name = r'("[^"]*"|\w+)'
    return re.findall(rf'^\s*{name} -> {name}', dot, flags=re.M)


def _depths(boxes: dict[str, str], edges: list[tuple[str, str]]
            ) -> dict[str, int]:
    """How many edges lead to a node at most; edges back are left out."""
    depth = dict.fromkeys(boxes, 0)
    for _ in boxes:
        changed = False
        for start, end in edges:
            if start in depth and end in depth:
                least = depth[start] + 1
                if depth[end] < least <= len(boxes):
                    depth[end], changed = least, True
        if not changed:
            break
    return depth


def _svg_of_layers(boxes: dict[str, str], edges: list[tuple[str, str]]
                   ) -> str:
    """Nodes in rows by depth, straight lines between them."""
    rows: dict[int, list[str]] = {}
    for name, depth in _depths(boxes, edges).items():
        rows.setdefault(depth, []).append(name)
    places: dict[str, tuple[float, float, float]] = {}
    for row, depth in enumerate(sorted(rows)):
        x = float(_MARGIN)
        for name in rows[depth]:
            wide = len(boxes[name]) * _CHARACTER + 2 * _MARGIN
            places[name] = (x, row * 4 * _LINE + _MARGIN, wide)
            x += wide + _MARGIN
    body = []
    for start, end in edges:
        if start in places and end in places:
            x, y, wide = places[start]
            left, top, across = places[end]
            body.append(f'<line x1="{x + wide / 2:.0f}" '
                        f'y1="{y + 2 * _LINE:.0f}" '
                        f'x2="{left + across / 2:.0f}" y2="{top:.0f}" '
                        'stroke="gray"/>')
    for name, (x, y, wide) in places.items():
        body.append(f'<rect x="{x:.0f}" y="{y:.0f}" width="{wide:.0f}" '
                    f'height="{2 * _LINE}" fill="white" stroke="black"/>'
                    f'<text x="{x + _MARGIN:.0f}" y="{y + 20:.0f}" {_FONT}>'
                    f'{escape(boxes[name])}</text>')
    width = max((x + wide for x, _, wide in places.values()), default=0)
    height = max((y for _, y, _ in places.values()), default=0)
    return _svg(width + _MARGIN, height + 2 * _LINE + _MARGIN, body)
