"""What a model of tunes says of the next character: to choose it, to hear what was chosen, and to be surprised by it.

Steps of the lesson `sequence`; items 24 and 26.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import core
from core.choosing import choose as draw
from core.choosing import generate, next_probs
from explainers import tunes
from explainers.figures import axis, bars, column, curve, dot, letters, line, nice_bound, visible
from explainers.step import Array, Challenge, Figure, Question, Step, fmt

MODEL = "lstm"
HELD_OUT = tunes.VALIDATION
"""tunes that the model has not read"""
LONGEST = max(map(len, HELD_OUT))
NUM_CLASSES = len(tunes.VOCABULARY)
BEGINNING = "\n\n"
"""what stands before every tune; the model reads it first, so that it has an opinion on the first character, too"""
NUM_SHOWN = 12
"""how many candidates have a bar of their own"""
NUM_DRAWS = 1000
PIECE, GREEDY_LENGTH = 24, 600
"""how long a stretch of text is that may come back, and how much is written to see it"""
TAIL = 60
"""how much is shown of what was read"""
DEEP_RED = 8.0
"""bits from which on a tile is not tinted any deeper"""
BASES = ("bits", "nats")
VERY_SURPRISED = 10.0
"""bits"""
TEX = {"#": r"\#", "_": r"\_", "^": r"\textasciicircum "}
"""characters of tunes that mean something else in LaTeX"""
MAX_LOOKED_UP = 64
"""how many different calls are remembered; a full house of these is a few hundred kB"""


class Sampling(NamedTuple):
    """How the next character is chosen; made by `sampling`, so that it can be looked up."""

    temperature: float
    top_k: int
    top_p: float
    seed: int


def sampling(temperature: float = 0.7, top_k: int = NUM_CLASSES, top_p: float = 1.0, seed: int = 0) -> Sampling:
    """What the sliders say, rounded to their steps."""
    return Sampling(round(temperature, 2), top_k, round(top_p, 2), seed)


class Scored(NamedTuple):
    """A text and what the model expected at each of its characters."""

    ids: npt.NDArray[np.intp]
    """[num_characters]"""
    logits: Array
    """of each character, given those before it, [num_characters, num_classes]"""
    losses: Array
    """−ln p of each character, nats, [num_characters]"""


@lru_cache(MAX_LOOKED_UP)
def scored(text: str) -> Scored:
    """Let the model read a text, character by character: each one is the label of the logits before it."""
    ids = tunes.encode(BEGINNING + text)
    rows, _ = tunes.model(MODEL).logits(ids[None, :-1])
    logits, labels = rows[0, len(BEGINNING) - 1 :].astype(float), ids[len(BEGINNING) :]
    return Scored(labels, logits, core.sparse_cross_entropy(logits, labels))


@lru_cache(MAX_LOOKED_UP)
def next_logits(text: str) -> Array:
    """The logits of what comes after a text, [num_classes]."""
    rows, _ = tunes.model(MODEL).logits(tunes.encode(BEGINNING + text)[None])
    last: Array = rows[0, -1].astype(float)
    return last


@lru_cache(MAX_LOOKED_UP)
def continued(text: str, how: Sampling, length: int, *, stop: bool = True) -> str:
    """What the model writes after a text, up to the empty line that ends a tune."""
    ids = generate(
        tunes.model(MODEL),
        tunes.encode(text),
        length,
        np.random.default_rng(how.seed),
        temperature=how.temperature,
        top_k=how.top_k,
        top_p=how.top_p,
        stop=tunes.encode(BEGINNING).tolist() if stop else (),
    )
    return tunes.decode(ids)


def title_of(tune: str) -> str:
    """What stands in its line T:."""
    return next((row[2:].strip() for row in tune.splitlines() if row.startswith("T:")), "")


def pieces(text: str) -> tuple[int, int]:
    """How many stretches of PIECE characters a text has, and how many of them are different."""
    found = [text[start : start + PIECE] for start in range(len(text) - PIECE + 1)]
    return len(found), len(set(found))


class Candidates(NamedTuple):
    """The likeliest characters, the true one among them, and all others together."""

    ids: npt.NDArray[np.intp]
    rest: npt.NDArray[np.intp]
    names: tuple[str, ...]
    label: int

    def joined(self, values: Array) -> Array:
        """Numbers that add up, [num_classes], with all others as the last."""
        return np.append(values[self.ids], values[self.rest].sum())


def candidates(logits: Array, label: int) -> Candidates:
    """Of [num_classes] logits, the NUM_SHOWN largest, the label in the place of the last if it is not among them."""
    order = np.argsort(-logits, kind="stable")
    ids = order[:NUM_SHOWN]
    if label not in ids:
        ids = np.append(ids[:-1], label)
    names = tuple(visible(tunes.VOCABULARY[i]) for i in ids)
    return Candidates(ids, np.setdiff1d(order, ids), (*names, f"+{NUM_CLASSES - NUM_SHOWN}"), ids.tolist().index(label))


def choose(tune: int, at: int, how: Sampling) -> Step:
    """One row of logits: what temperature, top-k and top-p make of it, and a thousand draws."""
    text = HELD_OUT[tune]
    at = min(at, len(text) - 1)
    logits, label = next_logits(text[:at]), int(tunes.encode(text[at])[0])
    warm = next_probs(logits, temperature=how.temperature)
    top_k = next_probs(logits, temperature=how.temperature, top_k=how.top_k)
    probs = next_probs(logits, temperature=how.temperature, top_k=how.top_k, top_p=how.top_p)
    draws = draw(np.tile(probs, (NUM_DRAWS, 1)), np.random.default_rng(how.seed))
    drawn, counts = int(draws[0]), np.bincount(draws, minlength=NUM_CLASSES)
    sign = visible(tunes.VOCABULARY[drawn])
    shown = candidates(logits, label)
    z = np.append(logits[shown.ids], core.logsumexp(logits[shown.rest]))
    joined = shown.joined
    crown = int(np.argmax(logits[shown.ids]))
    greedy = continued(BEGINNING + text[:at], sampling(0.0), GREEDY_LENGTH, stop=False)
    random = continued(BEGINNING + text[:at], sampling(1.0), GREEDY_LENGTH, stop=False)
    num_pieces, different = pieces(greedy)
    kept_mass = warm[probs > 0].sum()
    return Step(
        "choose",
        r"\tilde p_i = \frac{p_i(T)}{\sum_{j \in K} p_j(T)} \;\; (i \in K), \qquad \tilde p_i = 0 \;\; (i \notin K)",
        rf"\tilde p_{{\text{{{TEX.get(sign, sign)}}}}} = \frac{{@warm}}{{@kept_mass}} = @p_drawn",
        {
            "title": title_of(text),
            "at": str(at),
            "y": visible(text[at]),
            "best": shown.names[crown],
            "drawn": sign,
            "warm": warm[drawn],
            "p_drawn": probs[drawn],
            "kept_mass": kept_mass,
            "num_kept": str(int((probs > 0).sum())),
            "num_classes": str(NUM_CLASSES),
            "num_draws": str(NUM_DRAWS),
            "count": str(int(counts[drawn])),
            "piece": str(PIECE),
            "pieces": str(num_pieces),
            "different": str(different),
            "different_random": str(pieces(random)[1]),
        },
        (
            letters((text[:at] + tunes.VOCABULARY[drawn])[-TAIL:], at=min(at, TAIL - 1)),
            bars(
                shown.names,
                column("z", z, "logit"),
                column("p (T = 1)", joined(core.softmax(logits)), "prob", bound=1.0),
                column("p (T)", joined(warm), "prob", bound=1.0),
                label=shown.label,
                crown=crown,
            ),
            bars(
                shown.names,
                column("top-k", joined(top_k), "prob", bound=1.0, ghost=joined(warm)),
                column("top-p", joined(probs), "prob", bound=1.0, ghost=joined(top_k)),
                column("n", joined(counts), "exp", bound=NUM_DRAWS, ghost=joined(NUM_DRAWS * probs)),
                label=shown.label,
                crown=crown,
            ),
            letters(greedy[-GREEDY_LENGTH // 2 :], title="argmax"),
        ),
    )


def surprise(tune: int, at: int, base: str) -> Step:
    """Items 24 and 26: the loss of each character, their mean, and what a die with that many faces has to do with it."""
    text = HELD_OUT[tune]
    at = min(at, len(text) - 1)
    read = scored(text)
    shown = candidates(read.logits[at], int(read.ids[at]))
    shared = shown.joined(core.softmax(read.logits[at]))
    unit, log, sign = (1 / np.log(2), r"\log_2", "−log₂ p") if base == "bits" else (1.0, r"\ln", "−ln p")
    return Step(
        "surprise",
        rf"L_t = -{log} p(y_t) \qquad \text{{PPL}} = e^{{\frac{{1}}{{N}} \sum_t L_t}}",
        rf"L_{{@at}} = -{log} @p_y = @loss \qquad \text{{PPL}} = e^{{@mean}} = 2^{{@bits}} = @perplexity",
        {
            "title": title_of(text),
            "at": str(at),
            "y": visible(text[at]),
            "p_y": shared[shown.label],
            "loss": read.losses[at] * unit,
            "unit": base,
            **summary(read.losses),
        },
        (
            tinted(text, read.losses, at),
            bars(
                shown.names,
                column("p", shared, "prob", bound=1.0),
                column(sign, -np.log(shared) * unit, "loss"),
                label=shown.label,
            ),
            by_position(read.losses * unit, sign, np.log(NUM_CLASSES) * unit, at),
        ),
    )


def summary(losses: Array) -> dict[str, Any]:
    """The losses of a text in all its units, and the two orders of exp and mean."""
    mean = float(losses.mean())
    return {
        "num_characters": str(len(losses)),
        "num_classes": str(NUM_CLASSES),
        "total": losses.sum(),
        "mean": mean,
        "bits": mean / np.log(2),
        "perplexity": np.exp(mean),
        "mean_of_exp": np.exp(losses).mean(),
        "uniform": np.log(NUM_CLASSES),
        "uniform_bits": np.log2(NUM_CLASSES),
    }


def tinted(text: str, losses: Array, at: int | None = None) -> Figure:
    """A text whose characters are the deeper red the more they surprised the model."""
    bits = losses / np.log(2)
    said = [f"{place}: {visible(text[place])} −log₂ p = {fmt(b)}" for place, b in enumerate(bits)]
    return letters(text, bits / DEEP_RED, titles=said, at=at)


def by_position(losses: Array, sign: str, uniform: float, at: int) -> Figure:
    """The loss of each character, the mean so far, and the line of a model that knows nothing."""
    places = np.arange(len(losses))
    means = np.cumsum(losses) / (places + 1)
    ends = [0.0, float(len(losses) - 1)]
    return curve(
        axis("t", *ends),
        axis("L", 0.0, max(nice_bound(losses), 1.5 * uniform)),
        [
            line(sign, places, losses, "loss"),
            line("(1/t) Σ L", places, means, "exp"),
            line("ln V" if sign == "−ln p" else "log₂ V", ends, uniform, "logit", dash=True),
        ],
        [dot(fmt(losses[at]), at, losses[at])],
    )
