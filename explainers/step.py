"""The one shape every lesson is made of.

An explainer turns a `Live` (the learner's numbers) into a flat list of `Step`s. A step names its section of the prose,
and brings the mathematics, the numbers and the pictures; it holds no sentence. `fill` puts numbers into prose and
formulas, and `fmt` is the only place where a number is rounded for the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from string import Template
from typing import Any

import numpy as np
from numpy.typing import NDArray

import core

Array = NDArray[np.floating[Any]]
Figure = Mapping[str, Any]
"""A picture as plain data; `explainers.figures` makes them and `ui/picture.js` draws them."""


@dataclass(frozen=True)
class Live:
    """The numbers that travel with the learner from lesson to lesson."""

    names: tuple[str, ...]
    """what each class is called, [num_classes]"""
    logits: Array
    """[num_classes]"""
    label: int
    temperature: float = 1.0
    """0 stands for the limit, which is argmax and not a division"""

    @property
    def probs(self) -> Array:
        """What softmax makes of the logits, [num_classes]; at temperature 0 the one-hot of the largest."""
        if self.temperature > 0:
            return core.softmax(self.logits, temperature=self.temperature)
        return core.one_hot(int(np.argmax(self.logits)), len(self.names))

    @property
    def label_name(self) -> str:
        """The name of the label's class."""
        return self.names[self.label]

    @property
    def controls(self) -> dict[str, Any]:
        """What the controls of the board hold, each under its name in the address, so that these are its numbers."""
        logits = {f"z{i}": float(z) for i, z in enumerate(self.logits)}
        return {"classes": ", ".join(self.names), **logits, "label": float(self.label), "t": self.temperature}


@dataclass(frozen=True)
class Note:
    """A section of the prose that a step says only when it holds for today's numbers; its key starts `finding-`."""

    key: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One step of a lesson: a section of the prose, a formula, the same formula in today's numbers, and a picture."""

    key: str
    """the {#key} of its section in prose/<slug>.<lang>.md"""
    formula: str = ""
    """LaTeX in symbols"""
    worked: str = ""
    """the same LaTeX with @names where today's numbers go"""
    numbers: Mapping[str, Any] = field(default_factory=dict)
    """what each @name means, here and in the prose; text passes through, a number is rounded by `fmt`"""
    figures: tuple[Figure, ...] = ()
    notes: tuple[Note, ...] = ()
    """what more there is to say, after its words"""


@dataclass(frozen=True)
class Question:
    """Predict first: asked before the step of the same key is shown. Its words are the section {#ask-<key>}."""

    key: str
    answer: int
    """which of the section's options is true, computed by core and never written down"""
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Challenge:
    """Something to reach with the controls. Its words are the section {#challenge-<key>}: the task, then a hint."""

    key: str
    done: bool
    numbers: Mapping[str, Any] = field(default_factory=dict)
    at: str = ""
    """the step that has what it takes, where the board and the controls beside the challenges do not"""


def made(only: Collection[str] | None, steps: Mapping[str, Callable[[], Step]]) -> list[Step]:
    """The steps whose keys are in `only`, or all of them; a page that shows one step computes one."""
    return [make() for key, make in steps.items() if only is None or key in only]


SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def fmt(x: float) -> str:
    """A number as the learner reads it, in prose, LaTeX and pictures alike: five significant digits, a real minus sign.

    >>> fmt(0.5619413795), fmt(-2), fmt(1e-7), fmt(float("-inf")), fmt(200000)
    ('0.56194', '−2', '1·10⁻⁷', '−∞', '200000')
    """
    x = float(x)
    if np.isnan(x):
        return "NaN"
    if np.isinf(x):
        return "∞" if x > 0 else "−∞"
    if x == 0:
        return "0"
    if 1e-4 <= abs(x) < 1e7:
        return f"{x:.5g}".replace("-", "−") if abs(x) < 99999.5 else f"{x:.0f}".replace("-", "−")
    digits, exponent = f"{x:.4e}".split("e")
    digits = digits.rstrip("0").rstrip(".").replace("-", "−")
    return f"{digits}·10{str(int(exponent)).translate(SUPERSCRIPT)}"


def rough(x: float) -> str:
    """A number that was measured and is not known to more than two digits; a dash if there is none.

    >>> rough(0.0234567), rough(5300), rough(float("nan"))
    ('0.023', '5300', '–')
    """
    return fmt(float(f"{x:.1e}")) if np.isfinite(x) else "–"


def fixed(x: float, places: int) -> str:
    """A number to so many digits after the point, for a column of them or a measurement that knows no more.

    >>> fixed(5.5, 2), fixed(-0.126, 2)
    ('5.50', '−0.13')
    """
    return f"{x:.{places}f}".replace("-", "−")


def paren(x: float) -> str:
    """A number inside a formula: in brackets when it is negative, so that 2 − (−1) reads well.

    >>> paren(-1), paren(2)
    ('(−1)', '2')
    """
    return f"({fmt(x)})" if x < 0 else fmt(x)


def mark(index: int, latex: str) -> str:
    r"""What belongs to a class inside a formula, so that it lights up where the class is pointed at.

    KaTeX keeps no names, but it keeps colours: ui/frame.css takes the colour away again and finds the class by it.

    >>> mark(3, "e^{2}")
    '\textcolor{#010203}{e^{2}}'
    """
    return rf"\textcolor{{#0102{index:02x}}}{{{latex}}}"


def terms(values: Iterable[float], shape: str = "@", joiner: str = " + ", classes: Iterable[int] | None = None) -> str:
    """Every term of a sum written out; `shape` is one term with @ for its number. No term is left out.

    `classes` says which class each term belongs to.

    >>> terms([-1.0, 0.0], "e^{@}")
    'e^{−1} + e^{0}'
    """
    written = [shape.replace("@", fmt(value)) for value in values]
    return joiner.join(written if classes is None else map(mark, classes, written))


def latex_name(name: str) -> str:
    r"""A class name inside a formula; of the signs that mean something to LaTeX, those that tunes have.

    >>> latex_name("new york"), latex_name("^F")
    ('\\text{new york}', '\\text{\\textasciicircum{}F}')
    """
    return rf"\text{{{name.translate(_LATEX)}}}"


_LATEX = str.maketrans({"#": r"\#", "_": r"\_", "^": r"\textasciicircum{}"})


class _At(Template):
    """`string.Template` with @, which leaves the dollars and braces of LaTeX alone."""

    delimiter = "@"
    idpattern = r"[a-z][a-z0-9_]*"


def fill(text: str, numbers: Mapping[str, Any]) -> str:
    """Put numbers where the @names are. An unknown name raises KeyError: a formula never shows a hole.

    >>> fill("$p = @p$ for **@name**", {"p": 0.25, "name": "cat"})
    '$p = 0.25$ for **cat**'
    """
    return _At(text).substitute({k: v if isinstance(v, str) else fmt(v) for k, v in numbers.items()})
