"""The calculation table: every quantity of the lessons, a row for each class."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from explainers.board import TITLES, Link, values
from explainers.figures import grid
from explainers.step import Array, Figure, Live

LINKS: tuple[Link, ...] = ("z", "scaled", "shifted", "exp", "p", "logp", "y", "error")


def columns(live: Live) -> dict[Link, Array]:
    """The chain from the logits to p − y; at temperature 0 nothing is divided, so what stands between is left out."""
    links: tuple[Link, ...] = LINKS if live.temperature > 0 else ("z", "p", "y", "error")
    return {code: values(live, code) for code in links}


def table(live: Live, title: str) -> Figure:
    """The table as a picture that follows the hand."""
    chain = columns(live)
    return grid(
        title,
        [name + (" ◀ y" if i == live.label else "") for i, name in enumerate(live.names)],
        [TITLES[code][0] for code in chain],
        np.stack(list(chain.values()), axis=-1),
        bound=np.inf,
        live=tuple(chain),
    ) | {"wide": True}


def table_csv(live: Live) -> str:
    """The same table as a file, at full precision."""
    chain = columns(live)
    return csv_text(
        ["class", *(TITLES[code][0] for code in chain)],
        ([name, *(float(c[i]) for c in chain.values())] for i, name in enumerate(live.names)),
    )


def csv_text(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A file of rows under a head.

    >>> csv_text(["id", "word"], [[0, "the"], [1, ","]]).splitlines()
    ['id,word', '0,the', '1,","']
    """
    file = io.StringIO()
    csv.writer(file).writerows([head, *rows])
    return file.getvalue()
