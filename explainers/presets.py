"""Examples that a learner can load with one click; their titles are the words `preset_<key>`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from explainers.step import Live
from explainers.text import words


@dataclass(frozen=True)
class Preset:
    """Numbers for all controls at once."""

    names: tuple[str, ...]
    logits: tuple[float, ...]
    label: int
    temperature: float = 1.0
    named_in: str = ""
    """the key of the words that name the classes, where the names are words of a language"""

    @property
    def live(self) -> Live:
        """The numbers as a lesson takes them."""
        return Live(self.names, np.array(self.logits), self.label, self.temperature)

    def named(self, lang: str) -> Preset:
        """The same numbers with class names in the learner's language."""
        if not self.named_in:
            return self
        return replace(self, names=tuple(name.strip() for name in words(lang)[self.named_in].split(",")))


def _log(*probs: float) -> tuple[float, ...]:
    return tuple(math.log(p) for p in probs)


NOTES = ("A", "B", "C", "D")
DEFAULT = Preset(NOTES, (2.0, -1.0, 3.0, 2.0), 2)
PRESETS: Mapping[str, Preset] = {
    "notes": DEFAULT,
    "notes_wrong": Preset(NOTES, (1.0, 0.0, -0.5, 4.0), 0),
    "notes_probs": Preset(NOTES, _log(0.01, 0.70, 0.28, 0.01), 2),
    # Keras' example rows are probabilities; its 0 stands for a class that cannot occur, here 10⁻⁷, where Keras clips.
    "keras_first": Preset(("0", "1", "2"), _log(0.05, 0.95, 1e-7), 1),
    "keras_second": Preset(("0", "1", "2"), _log(0.1, 0.8, 0.1), 2),
    "pets": Preset(("cat", "dog", "bird"), (3.0, 1.7, -1.0), 0, named_in="names_pets"),
    "tokens": Preset(
        ("the", "a", "cat", "sat", "on", "mat"), (1.2, 0.4, 2.5, 0.3, -0.8, 3.1), 5, named_in="names_tokens"
    ),
    "tie": Preset(NOTES, (1.0, 1.0, 1.0, 1.0), 1),
    "dominant": Preset(NOTES, (0.0, 9.0, 0.0, 0.0), 1),
    "wrong": Preset(NOTES, (9.0, 0.0, -2.0, 0.0), 2),
    "thousand": Preset(NOTES, (1002.0, 999.0, 1003.0, 1002.0), 2),
}
