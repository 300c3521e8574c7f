"""The calculation table: every quantity of the lessons, a row for each class."""

from __future__ import annotations

import core
from explainers.step import Live, fmt


def calculation(live: Live) -> tuple[list[str], list[list[float | str]], list[list[str]]]:
    """Column titles, rows at full precision (for the CSV), and the same rows as the page shows them.

    At temperature 0 nothing is divided, so the columns between z and p are left out.
    """
    one_hot = core.one_hot(live.label, len(live.names))
    columns = {"z": live.logits}
    if live.temperature > 0:
        steps = core.softmax_steps(live.logits, temperature=live.temperature)
        columns |= {"z/T": steps.scaled, "z/T − max": steps.shifted, "exp": steps.exps}
        columns |= {"p": live.probs, "log p": core.log_softmax(live.logits, temperature=live.temperature)}
    else:
        columns |= {"p": live.probs}
    columns |= {"one-hot": one_hot, "p − y": live.probs - one_hot}
    titles = ["class", *columns]
    rows: list[list[float | str]] = [
        [name, *(float(column[i]) for column in columns.values())] for i, name in enumerate(live.names)
    ]
    texts = [[cell if isinstance(cell, str) else fmt(cell) for cell in row] for row in rows]
    texts[live.label] = [f"**{cell}**" for cell in texts[live.label]]
    texts[live.label][0] += " ◀ y"
    return titles, rows, texts
