"""The calculation table: every quantity of the lessons, a row for each class."""

from __future__ import annotations

import numpy as np

import core
from explainers.step import Live, fmt


def calculation(live: Live) -> tuple[list[str], list[list[float | str]], list[list[str]]]:
    """Column titles, rows at full precision (for the CSV), and the same rows as the page shows them."""
    scaled = live.scaled
    shifted = scaled - scaled.max()
    with np.errstate(divide="ignore"):
        log_probs = np.log(live.probs) if live.temperature == 0 else core.log_softmax(scaled)
    one_hot = core.one_hot(live.label, len(live.names))
    columns = [live.logits, scaled, shifted, np.exp(shifted), live.probs, log_probs, one_hot, live.probs - one_hot]
    titles = ["class", "z", "z/T", "z/T − max", "exp", "p", "log p", "one-hot", "p − y"]
    rows: list[list[float | str]] = [[name, *(float(c[i]) for c in columns)] for i, name in enumerate(live.names)]
    texts = [[cell if isinstance(cell, str) else fmt(cell) for cell in row] for row in rows]
    texts[live.label] = [f"**{cell}**" for cell in texts[live.label]]
    texts[live.label][0] += " ◀ y"
    return titles, rows, texts
