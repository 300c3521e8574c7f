"""The tunes, the models that were trained on them, and how the training went: data/tunes, read once.

Sequence lessons show these at once; a learner's own training makes more of the same (core/next_character.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy.typing as npt

from core import next_character
from core.checks import Ints

PLACE = Path(__file__).parents[1] / "data" / "tunes"
TEXT = (PLACE / "irish.abc").read_text(encoding="utf-8")
TRAINING, VALIDATION = next_character.split_tunes(TEXT)
TUNES = TRAINING + VALIDATION
"""Each from its X: to its last bar; the held-out ones last."""
VOCABULARY = next_character.vocabulary(TEXT)
"""The characters, sorted: the id of each is its place."""

UNSHIFTED = "bigram_unshifted"
"""The run of the bigram whose labels were its inputs; its curve is stored, it itself is not."""

KINDS = {
    "reel": "C",
    "jig": "6/8",
    "hornpipe": "C|",
    "polka": "2/4",
    "slide": "6/8",
    "slipjig": "9/8",
    "waltz": "3/4",
}
"""The metre of each kind of tune; kinds of which the models have read at least ten."""
KEYS = (
    "G Major",
    "D Major",
    "A Dorian",
    "D Mixolydian",
    "E Dorian",
    "A Major",
    "A Mixolydian",
    "E Minor",
    "D Dorian",
)
"""Keys of which the models have read at least ten tunes, the most frequent first."""


class Run(NamedTuple):
    """One training as data/tunes/make.py made it."""

    seed: int
    num_steps: int
    num_parameters: int
    steps: list[int]
    """at which it reported"""
    train_losses: list[float]
    """nats a character, mean since the report before"""
    validation_losses: list[float]
    """nats a character, on the tunes held out"""
    seconds: list[float]
    """of one processor"""
    samples: dict[int, str]
    """a tune made up after so many steps, at a temperature of 0.7"""
    num_tunes: int
    """how many the trained model was then asked for, each with the header of a tune held out"""
    num_complete: int
    """how many of them were complete and could be read as music"""
    full_bars: float
    """the share of the inner bars of those that add up to their metre exactly"""
    machine: str


def header(kind: str, key: str) -> str:
    """What a model needs to begin a tune: an empty line and all of the head, down to the key.

    Raises:
        ValueError: there is no such kind or key.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    if key not in KEYS:
        raise ValueError(f"key must be one of {', '.join(KEYS)}, got {key!r}")
    return f"\n\nX:1\nT:{kind.title()}\nZ: id:dc-{kind}-1\nM:{KINDS[kind]}\nL:1/8\nK:{key}\n"


HEADERS = [header(kind, key) for kind in KINDS for key in KEYS]
"""Every one that a learner can choose."""


def body(tune: str) -> int:
    """Where the notes of a tune begin: after the line of the key."""
    return tune.index("\n", tune.index("\nK:") + 1) + 1


def encode(text: str) -> Ints:
    """Characters to ids; a ValueError names the first that the models do not know, and where it stands."""
    return next_character.encode(text, VOCABULARY)


def decode(ids: npt.ArrayLike) -> str:
    """Ids to characters."""
    return next_character.decode(ids, VOCABULARY)


@cache
def model(name: str) -> next_character.Model:
    """A stored model, one of `core.next_character.MODELS`."""
    return next_character.load(PLACE / f"{name}.npz")


@cache
def runs() -> Mapping[str, Run]:
    """How each was trained, by name, and `UNSHIFTED`."""
    stored: dict[str, dict[str, Any]] = json.loads((PLACE / "runs.json").read_text(encoding="utf-8"))
    return {
        name: Run(**run | {"samples": {int(step): tune for step, tune in run["samples"].items()}})
        for name, run in stored.items()
    }
