"""Numbers that every lesson must bear."""

from pathlib import Path

import numpy as np

from explainers import LESSONS
from explainers.presets import DEFAULT, PRESETS
from explainers.step import Live


def live(names, logits, label, temperature=1.0):
    return Live(tuple(names), np.array(logits, float), label, temperature)


DEFAULT_LIVE = live(DEFAULT.names, DEFAULT.logits, DEFAULT.label)
LIVES = {
    **{key: live(p.names, p.logits, p.label, p.temperature) for key, p in PRESETS.items()},
    "two": live("AB", [0.5, -0.5], 1),
    "ten": live("ABCDEFGHIJ", np.linspace(-3, 3, 10), 4, 2.0),
    "cold": live("ABCD", [2, -1, 3, 2], 0, 0.01),
    "hot": live("ABCD", [2, -1, 3, 2], 0, 1000.0),
    "extreme": live("ABC", [10_000, -10_000, 0], 1),
    "extreme cold": live("ABC", [10_000, -10_000, 0], 1, 0.01),
    "extreme two": live("AB", [-10_000, 10_000], 0),
}
ZERO = live("ABCD", [2, -1, 3, 2], 2, 0.0)
"""temperature 0, which only the softmax lesson allows"""

PAGES = Path(__file__).parents[2] / "pages"
WITHOUT_BOARD = {slug for slug in LESSONS if "board_at=()" in (PAGES / f"{slug}.py").read_text(encoding="utf-8")}
"""lessons that are not about the learner's numbers, which wait there"""
