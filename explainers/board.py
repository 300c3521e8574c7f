"""The board: the learner's classes as bars that a hand can move, a column for each link of the chain from z on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

import core
from explainers.figures import Role, bars, column, nice_bound
from explainers.step import Array, Figure, Live, fill

Link = Literal["z", "scaled", "shifted", "exp", "p", "logp", "nll", "loss", "y", "push", "pull", "move", "error"]
"""Which link of the chain a live column is: z, z/T, z/T − max, its exp, p, ln p, −ln p, −ln p of the label alone, the
one-hot, the arrows −p/T, y/T and (y − p)/T, and p − y. A column of z can be dragged."""

TITLES: dict[Link, tuple[str, Role]] = {
    "z": ("z", "logit"),
    "scaled": ("z/T", "logit"),
    "shifted": ("z/T − max", "logit"),
    "exp": ("exp", "exp"),
    "p": ("p", "prob"),
    "logp": ("ln p", "logit"),
    "nll": ("−ln p", "loss"),
    "loss": ("L = −ln p(y)", "loss"),
    "y": ("y", "exp"),
    "push": ("−p/T", "push"),
    "pull": ("y/T", "push"),
    "move": ("−∂L/∂z", "push"),
    "error": ("p − y", "push"),
}
"""What stands over a column, and how it is drawn."""
REACH = 10.0
"""how far a logit can be dragged either way, until one lies beyond it"""
FROM_ZERO: dict[Link, float] = {"exp": 1.0, "p": 1.0, "y": 1.0}


def values(live: Live, code: Link, target: Array | None = None) -> Array:
    """One link of the chain, by core, [num_classes]; at temperature 0 what needs a division is NaN."""
    one_hot = core.one_hot(live.label, len(live.names))
    if code == "z":
        return live.logits
    if code == "p":
        return live.probs
    if code == "y":
        return one_hot
    if code == "error":
        return live.probs - one_hot
    if live.temperature == 0:
        return np.full(len(live.names), np.nan)
    if code in ("scaled", "shifted", "exp"):
        steps = core.softmax_steps(live.logits, temperature=live.temperature)
        return {"scaled": steps.scaled, "shifted": steps.shifted, "exp": steps.exps}[code]
    log_probs = core.log_softmax(live.logits, temperature=live.temperature)
    if code == "logp":
        return log_probs
    if code == "nll":
        return 0.0 - log_probs
    if code == "loss":
        return np.where(one_hot > 0, 0.0 - log_probs, 0.0)
    if code == "push":
        return -live.probs / live.temperature
    if code == "pull":
        return one_hot / live.temperature
    return -core.cross_entropy_grad(live.logits, one_hot if target is None else target, temperature=live.temperature)


def link(
    live: Live,
    code: Link,
    title: str | None = None,
    *,
    target: Array | None = None,
    scale: float = 1.0,
    shift: float = 0.0,
    bound: float | None = None,
) -> dict[str, Any]:
    """A live column of `bars`, for the logits scale * z + shift; with another title where a lesson calls it so.

    `target` [num_classes] takes the place of the one-hot in `move`.
    """
    name, role = TITLES[code]
    moved = replace(live, logits=scale * live.logits + shift)
    more = {"live": code, "t": live.temperature, "scale": scale, "shift": shift}
    if target is not None:
        more["target"] = target.tolist()
    if bound is None:
        bound = max(REACH, nice_bound(live.logits)) if code == "z" else FROM_ZERO.get(code)
    return column(title or name, values(moved, code, target), role, bound=bound) | more


def board(live: Live, codes: Sequence[Link]) -> Figure:
    """The board itself, with these columns."""
    crown = int(np.argmax(live.logits))
    return bars(live.names, *(link(live, code) for code in codes), label=live.label, crown=crown, board=True)


def said(live: Live, words: Mapping[str, str]) -> str:
    """What has become of the board, in a line, for who cannot see it move."""
    top = int(np.argmax(live.logits))
    numbers = {"p": live.probs[top], "p_y": live.probs[live.label], "loss": values(live, "nll")[live.label]}
    return fill(words["said_board"], {"top": live.names[top], "label": live.label_name, **numbers})
