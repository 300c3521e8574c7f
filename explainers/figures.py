"""Arrays in, pictures out: plain data that `ui/picture.js` draws. No sentences; every number's text comes from `fmt`.

The kinds: `bars` (a row for each class, a column for each quantity), `curve` (lines and dots over two axes), `simplex`
(three shares as a point in a triangle), `grid` (a matrix whose cells show their numbers), `value` (one number), `block`
(labels that fall on a block of logits), `letters` (a text, a tile for each character), `roll` (notes over time) and
`pipeline` (pictures in a row, joined by arrows).

What is `live` follows the hand that drags a logit, before the server hears of it: ui/picture.js computes it then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from explainers.step import Figure, fmt

Role = Literal["logit", "exp", "prob", "loss", "push", "lane0", "lane1", "lane2", "lane3", "lane4", "lane5"]
"""What a column holds; it decides colour and shape. `push` draws arrows: left is pushed down, right is pulled up."""

LANES: tuple[Role, ...] = ("lane0", "lane1", "lane2", "lane3", "lane4", "lane5")
"""Roles of those who are compared, each with a colour and a dash of its own."""

Point = Literal["loss", "p_y", "z_y", "margin"]
"""What a live dot or value follows. The margin is z_y minus the soft maximum of all the others."""


def nice_bound(values: ArrayLike) -> float:
    """The smallest of 1, 2, 5, 10, 20, 50 ... that is not below any absolute value, so that a scale seldom changes.

    >>> nice_bound([2, -1, 3]), nice_bound([0.3]), nice_bound([1004.0])
    (5.0, 1.0, 2000.0)
    """
    finite = np.abs(np.asarray(values, float))
    finite = finite[np.isfinite(finite)]
    largest = float(finite.max(initial=0.0))
    bound = 1.0
    while bound < largest:
        bound *= 2.5 if f"{bound:.0e}"[0] == "2" else 2
    return bound


def column(
    title: str,
    values: ArrayLike,
    role: Role,
    *,
    bound: float | None = None,
    texts: Sequence[str] | None = None,
    ghost: ArrayLike | None = None,
) -> dict[str, Any]:
    """One quantity of `bars`: logits and pushes have their zero in the middle, all others start at the left edge.

    `ghost` are values of the same kind to compare with, drawn as outlines. A column that follows the hand is made by
    `explainers.board.link`.
    """
    array = np.asarray(values, float)
    ghosts = None if ghost is None else np.asarray(ghost, float)
    hi = nice_bound(array if ghosts is None else np.append(array, ghosts)) if bound is None else bound
    return {
        "title": title,
        "role": role,
        "values": [float(v) if np.isfinite(v) else str(float(v)) for v in array],
        "texts": list(texts) if texts is not None else [fmt(v) for v in array],
        "lo": -hi if role in ("logit", "push") else 0.0,
        "hi": hi,
    } | ({} if ghosts is None else {"ghost": ghosts.tolist()})


def bars(
    names: Sequence[str],
    *columns: dict[str, Any],
    label: int | None = None,
    crown: int | None = None,
    board: bool = False,
) -> dict[str, Any]:
    """A row for each class; `label` is the row of the true class, `crown` that of the largest probability.

    The `board` of a page is the one whose names choose the label, and whose logits the keyboard moves.
    """
    figure = {"kind": "bars", "names": list(names), "columns": list(columns), "label": label, "crown": crown}
    return figure | {"board": True} if board else figure


def even_ticks(lo: float, hi: float) -> list[float]:
    """About five round numbers between two ends.

    >>> even_ticks(0.0, 5.0), even_ticks(2.0, 10.43)
    ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 4.0, 6.0, 8.0, 10.0])
    """
    rough = max(hi - lo, 1e-12) / 5
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * next(m for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    return [
        float(round(k * step, 10)) for k in range(int(np.ceil(lo / step - 1e-9)), int(np.floor(hi / step + 1e-9)) + 1)
    ]


def axis(title: str, lo: float, hi: float, ticks: Iterable[float] | None = None) -> dict[str, Any]:
    """One axis of a `curve`; a few round ticks unless told."""
    at = even_ticks(lo, hi) if ticks is None else ticks
    return {"title": title, "lo": float(lo), "hi": float(hi), "ticks": [[float(t), fmt(t)] for t in at]}


def log_axis(title: str, lo: int, hi: int) -> dict[str, Any]:
    """A logarithmic axis for points that are given as their log10, with a tick at each power of ten.

    >>> log_axis("k", 0, 2)["ticks"]
    [[0.0, '1'], [1.0, '10'], [2.0, '100']]
    """
    ticks = [[float(power), fmt(10.0**power)] for power in range(lo, hi + 1)]
    return {"title": title, "lo": float(lo), "hi": float(hi), "ticks": ticks, "log": True}


def line(
    text: str, x: ArrayLike, y: ArrayLike, role: Role = "prob", dash: bool = False, cloud: bool = False
) -> dict[str, Any]:
    """One line of a `curve`, or a cloud of its points. Points that are not finite leave a gap."""
    points = np.stack(np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float)), axis=-1)
    kept = np.isfinite(points).all(axis=-1).tolist()
    drawn = np.round(points, 5).tolist()  # finer than a pixel
    return {
        "text": text,
        "role": role,
        "dash": dash,
        "cloud": cloud,
        "points": [point if keep else None for point, keep in zip(drawn, kept, strict=True)],
    }


def dot(text: str, x: float, y: float, role: Role = "loss", live: tuple[Point, Point] | None = None) -> dict[str, Any]:
    """A dot on a `curve`, with its own words beside it; a `live` one says what its x and y follow."""
    return {"text": text, "x": float(x), "y": float(y), "role": role} | ({"live": list(live)} if live else {})


def curve(
    x: dict[str, Any],
    y: dict[str, Any],
    lines: Sequence[dict[str, Any]],
    dots: Sequence[dict[str, Any]] = (),
    *,
    levels: Iterable[tuple[str, float]] = (),
    right: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Lines and dots over two axes.

    `levels` are heights with a name, drawn all across; `right` are other names of the same heights, as an axis.
    """
    figure = {"kind": "curve", "x": x, "y": y, "lines": list(lines), "dots": [d for d in dots if np.isfinite(d["y"])]}
    inside = [[text, float(at)] for text, at in levels if y["lo"] <= at <= y["hi"]]
    return figure | ({"levels": inside} if inside else {}) | ({"right": right} if right else {})


def grid(
    title: str,
    rows: Sequence[str],
    columns: Sequence[str],
    values: ArrayLike,
    *,
    marks: Iterable[tuple[int, int]] = (),
    bound: float | None = None,
    texts: Sequence[Sequence[str]] | None = None,
    live: Sequence[str] = (),
    small: bool = False,
) -> dict[str, Any]:
    """A matrix [rows, columns] whose cells show their numbers on a tint; `marks` are the cells with a frame.

    `live`: which link of the chain each column is, where the rows are the learner's classes. In a `small` one the
    tints speak for themselves, and a number is shown only where it is pointed at.
    """
    array = np.asarray(values, float)
    scale = nice_bound(array) if bound is None else bound
    shares = np.clip(np.nan_to_num(array, nan=0.0) / scale, -1, 1)
    return {
        "kind": "grid",
        "title": title,
        "rows": list(rows),
        "columns": list(columns),
        "shares": [[float(v) for v in row] for row in shares],
        "texts": [list(row) for row in texts] if texts is not None else [[fmt(v) for v in row] for row in array],
        "marks": [list(mark) for mark in marks],
        "live": list(live),
    } | ({"small": True} if small else {})


def block(
    names: Sequence[str],
    values: ArrayLike,
    labels: ArrayLike,
    losses: ArrayLike,
    *,
    titles: Sequence[str],
    fallen: int,
    at: tuple[int, int],
    live: str | None = None,
    small: bool = False,
) -> dict[str, Any]:
    """A block [batch, time, num_classes] as a sheet for each sequence, with the labels [batch, time] as tiles above it.

    How far the tiles have `fallen`: 0 above their columns, 1 on the cell that they name, 2 below it, where they show
    the losses [batch, time]. `at` is the position (sequence, time) with a frame; it follows the hand if `live` names a
    link of the chain. In a `small` one the cells have no numbers.
    """
    array, ids = np.asarray(values, float), np.asarray(labels)
    shares = np.clip(array / nice_bound(array), -1, 1)
    return {
        "kind": "block",
        "names": list(names),
        "titles": list(titles),
        "shares": np.round(shares, 3).tolist(),
        "texts": None if small else [[[fmt(v) for v in row] for row in sheet] for sheet in array],
        "labels": ids.tolist(),
        "losses": [[fmt(loss) for loss in row] for row in np.asarray(losses, float)],
        "fallen": fallen,
        "at": list(at),
        "live": live,
    }


def value(sign: str, number: float, live: Point | None = None) -> dict[str, Any]:
    """One number, large, with the sign it goes by: L = 0.56194."""
    return {"kind": "value", "text": f"{sign} = {fmt(number)}", "sign": sign} | ({"live": live} if live else {})


def simplex(
    names: Sequence[str],
    groups: Sequence[Sequence[int]],
    point: ArrayLike,
    *,
    contours: Iterable[tuple[str, ArrayLike]] = (),
    path: ArrayLike = (),
    target: ArrayLike | None = None,
) -> dict[str, Any]:
    """Three shares of one whole as a point that can be dragged; a corner is a group of the learner's classes.

    Every point is three shares that sum to one, [3]; `contours` are pairs of text and points [n, 3], `path` is [n, 3].
    """
    return {
        "kind": "simplex",
        "names": list(names),
        "groups": [[int(i) for i in group] for group in groups],
        "point": np.round(np.asarray(point, float), 5).tolist(),
        "contours": [
            {"text": text, "points": np.round(np.asarray(points, float), 4).tolist()} for text, points in contours
        ],
        "path": np.round(np.asarray(path, float), 4).tolist(),
        "target": None if target is None else np.round(np.asarray(target, float), 4).tolist(),
    }


SIGNS = {"\n": "↵", " ": "␣", "\t": "⇥"}
"""how a character is written that would not be seen"""


def visible(character: str) -> str:
    r"""A character as it is shown on its own.

    >>> visible("a"), visible("\n")
    ('a', '↵')
    """
    return SIGNS.get(character, character if character.isprintable() else "�")


def letters(
    text: str,
    shares: ArrayLike | None = None,
    *,
    title: str = "",
    titles: Sequence[str] = (),
    wrong: Iterable[int] = (),
    at: int | None = None,
) -> dict[str, Any]:
    """A text as it stands, a tile for each character, tinted by its share in [0, 1].

    `titles` are what each tile says when it is pointed at; `wrong` are the positions that are marked as wrong, and the
    tile `at` has a frame.
    """
    tints = np.zeros(len(text)) if shares is None else np.clip(np.asarray(shares, float), 0, 1)
    return {
        "kind": "letters",
        "title": title,
        "text": [visible(character) for character in text],
        "ends": [place for place, character in enumerate(text) if character == "\n"],
        "tints": np.round(tints, 2).tolist(),
        "said": list(titles),
        "wrong": sorted(set(wrong)),
        "at": at,
        "wide": True,
    }


def roll(
    starts: ArrayLike, lengths: ArrayLike, pitches: ArrayLike, bars: Iterable[tuple[float, float, bool]]
) -> dict[str, Any]:
    """Notes over time as rectangles: starts and lengths in whole notes, pitches as MIDI numbers, each [num_notes].

    `bars` are pairs of start and end, and whether the bar is marked as wrong.
    """
    notes = np.stack(np.broadcast_arrays(*(np.asarray(part, float) for part in (starts, lengths, pitches))), axis=-1)
    return {
        "kind": "roll",
        "notes": np.round(notes, 4).tolist(),
        "measures": [[round(float(start), 4), round(float(end), 4), bool(wrong)] for start, end, wrong in bars],
        "wide": True,
    }


def stage(key: str, slug: str, formula: str, picture: Figure) -> dict[str, Any]:
    """One part of a `pipeline`: its title is the word `stage_<key>`, which leads to the lesson `slug`."""
    return {"key": key, "slug": slug, "formula": formula, "picture": picture}


def pipeline(*stages: dict[str, Any]) -> dict[str, Any]:
    """Stages in the order of the computation, there and back; whoever draws it adds `titles` and `links`."""
    return {"kind": "pipeline", "stages": list(stages)}
