"""Labels [batch, time] on logits [batch, time, vocabulary]."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from explainers import shape_lab
from explainers.step import Challenge, Live, Question, Step, made


def explain(
    live: Live,
    *,
    labels_as: str = "ids",
    logits_as: str = "as_is",
    call: str = "torch",
    off_by: int = 0,
    padded: int = 2,
    padding: str = "ignore_index",
    second: int = 20,
    only: Collection[str] | None = None,
) -> list[Step]:
    """The lesson in steps; the temperature must be positive."""
    return made(
        only,
        {
            "shapes": lambda: shape_lab.shapes(labels_as, logits_as, call, off_by),
            "ignored": lambda: shape_lab.ignored(live, padded, padding),
            "means": lambda: shape_lab.means(live, second),
        },
    )


def questions(live: Live, *, second: int = 20) -> list[Question]:
    """Predict first."""
    return shape_lab.questions(live, second=second)


def challenges(live: Live, **choices: Any) -> list[Challenge]:
    """Tasks checked from the learner's numbers and choices."""
    return shape_lab.challenges(live, **choices)
