"""What a screen reader says of a picture: its numbers, in the words of the language.

A table is read cell by cell and needs nothing more; a board is worked part by part, and says its numbers before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from explainers.step import Figure, fill, fmt

MOST = 5
"""how many of many places are named, the strongest first"""
PITCHES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")


def spoken(figure: Figure, words: Mapping[str, str]) -> str:
    """The numbers of a picture; nothing for a table, and not for a pipeline, whose stages speak for themselves."""
    return _KINDS[figure["kind"]](figure, words) if figure["kind"] in _KINDS else ""


def _bars(figure: Figure, words: Mapping[str, str]) -> str:
    said = []
    for i, name in enumerate(figure["names"]):
        mark = (" (y)" if i == figure["label"] else "") + (" (max)" if i == figure["crown"] else "")
        said.append(f"{name}{mark}: " + ", ".join(f"{c['title']} {c['texts'][i]}" for c in figure["columns"]))
    return "; ".join(said)


def _curve(figure: Figure, words: Mapping[str, str]) -> str:
    x, y = figure["x"], figure["y"]
    lines = [_line(line, x, y, words) for line in figure["lines"]]
    levels = [f"{text} {_at(y, height)}" for text, height in figure.get("levels", ())]
    dots = [
        fill(words["said_dot"], {"text": dot["text"], "x": _at(x, dot["x"]), "y": _at(y, dot["y"])})
        for dot in figure["dots"]
    ]
    axes = fill(words["said_curve"], {"x": x["title"], "y": y["title"]})
    return "; ".join([axes.strip(), *filter(None, lines), *levels, *dots])


def _at(axis: Mapping[str, Any], place: float) -> str:
    """A place on an axis as the axis counts."""
    return fmt(float(f"{10.0**place:.3g}") if axis.get("log") else float(f"{place:.4g}"))


def _line(line: Mapping[str, Any], x: Mapping[str, Any], y: Mapping[str, Any], words: Mapping[str, str]) -> str:
    points = [point for point in line["points"] if point]
    if not points:
        return ""
    low, high = (pick(points, key=lambda point: point[1]) for pick in (min, max))
    if line["cloud"]:
        left, right = min(points)[0], max(points)[0]
        numbers = {"left": _at(x, left), "right": _at(x, right), "low": _at(y, low[1]), "high": _at(y, high[1])}
        return fill(words["said_cloud"], {"name": line["text"], "count": str(len(points)), **numbers})
    first, last = points[0], points[-1]
    ends = {"x0": _at(x, first[0]), "y0": _at(y, first[1]), "x1": _at(x, last[0]), "y1": _at(y, last[1])}
    said = [fill(words["said_flat" if low[1] == high[1] else "said_line"], {"name": line["text"], **ends})]
    for key, (at, height) in (("said_low", low), ("said_high", high)):
        if height not in (first[1], last[1]):
            said.append(fill(words[key], {"x": _at(x, at), "y": _at(y, height)}))
    return ", ".join(said)


def _strongest(shares: Sequence[float], names: Callable[[int], str], words: Mapping[str, str]) -> str:
    places = sorted(range(len(shares)), key=lambda place: -abs(shares[place]))[:MOST]
    return fill(words["said_strongest"], {"places": ", ".join(names(place) for place in places if shares[place])})


def _grid(figure: Figure, words: Mapping[str, str]) -> str:
    """Only of a small grid, whose cells show no numbers."""
    if not figure.get("small"):
        return ""
    rows, columns = figure["rows"], figure["columns"]
    texts = [text for row in figure["texts"] for text in row]
    wide = len(columns)

    def name(place: int) -> str:
        return f"{rows[place // wide]} → {columns[place % wide]} {texts[place]}"

    size = {"title": figure["title"], "rows": str(len(rows)), "columns": str(wide)}
    shares = [share for row in figure["shares"] for share in row]
    return f"{fill(words['said_grid'], size)}; {_strongest(shares, name, words)}"


def _block(figure: Figure, words: Mapping[str, str]) -> str:
    return "; ".join(
        f"{title}: " + ", ".join(f"{figure['names'][y]} {loss}" for y, loss in zip(labels, losses, strict=True))
        for title, labels, losses in zip(figure["titles"], figure["labels"], figure["losses"], strict=True)
    )


def _letters(figure: Figure, words: Mapping[str, str]) -> str:
    said = [figure["title"]] if figure["title"] else []
    if figure["at"] is not None and figure["said"]:
        said.append(figure["said"][figure["at"]])
    said.append("".join(figure["text"]))
    if figure["said"] and any(figure["tints"]):
        said.append(_strongest(figure["tints"], figure["said"].__getitem__, words))
    if figure["wrong"]:
        places = ", ".join(f"{place}: {figure['text'][place]}" for place in figure["wrong"])
        said.append(fill(words["said_wrong"], {"places": places}))
    return "; ".join(said)


def _roll(figure: Figure, words: Mapping[str, str]) -> str:
    pitches = [int(note[2]) for note in figure["notes"]]
    low, high = (f"{PITCHES[end % 12]}{end // 12 - 1}" for end in (min(pitches, default=60), max(pitches, default=60)))
    counts = {"notes": str(len(pitches)), "bars": str(len(figure["measures"])), "low": low, "high": high}
    said = [fill(words["said_roll"], counts)]
    wrong = [str(n) for n, measure in enumerate(figure["measures"], 1) if measure[2]]
    if wrong:
        said.append(fill(words["said_wrong"], {"places": ", ".join(wrong)}))
    return "; ".join(said)


def _simplex(figure: Figure, words: Mapping[str, str]) -> str:
    said = [_shares(figure, figure["point"])]
    if figure["target"]:
        said.append(fill(words["said_target"], {"shares": _shares(figure, figure["target"])}))
    return "; ".join(said)


def _shares(figure: Figure, shares: Sequence[float]) -> str:
    return ", ".join(f"{name} {fmt(share)}" for name, share in zip(figure["names"], shares, strict=True))


_KINDS: Mapping[str, Callable[[Figure, Mapping[str, str]], str]] = {
    "bars": _bars,
    "curve": _curve,
    "grid": _grid,
    "block": _block,
    "letters": _letters,
    "roll": _roll,
    "simplex": _simplex,
    "value": lambda figure, words: str(figure["text"]),
}
