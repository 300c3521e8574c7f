"""A small training with one fault in it: what a loss curve looks like when something is wrong.

The text is made up. Each token has a favourite that nearly always follows it; now and then any token comes. Each token
is a fixed random vector, and one dense layer turns it into the logits of what comes next. All tokens are equally
frequent, so a model that knows nothing pays ln num_classes; and none can honestly pay less than the entropy of what
follows a token.

Every fault is one that people make, and is made in one place: in the text, in the start, in the learning rate or in
the loss. `train` with `mended=True` is the same training on the same text without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from core import checks
from core.checks import Floats, Ints
from core.cross_entropy import (
    double_softmax_cross_entropy,
    double_softmax_cross_entropy_grad,
    entropy,
    one_hot,
    sparse_cross_entropy,
    sparse_cross_entropy_from_probs,
    sparse_cross_entropy_from_probs_grad,
    sparse_cross_entropy_with_grad,
)
from core.dense import dense, dense_grad
from core.sampled_grad import nce_loss_with_grad, sampled_softmax_loss_with_grad
from core.samplers import UniformSampler
from core.softmax import naive_softmax, softmax, softmax_vjp
from core.touched import SampledGrad, sgd_update

DIM = 32
IGNORED = -100
"""the label of a position that is left out"""
NUM_HELD_OUT = 1000
"""pairs of tokens that are never learnt from"""


class Recipe(NamedTuple):
    """What is trained, and for how long."""

    num_classes: int = 10
    """rows of the dense layer"""
    num_tokens: int = 10
    """different tokens in the text, with the first ids"""
    noise: float = 0.03
    """how often any token follows instead of the favourite"""
    learning_rate: float = 0.5
    warm_up: int = 0
    """steps in which the learning rate rises to its full size"""
    num_steps: int = 200
    batch_size: int = 128
    num_sampled: int = 0
    """classes drawn for a batch; 0: a loss over all"""
    start: float = 0.0
    """the weights start as the tokens' vectors times this: at 1 the model is certain that the same token comes again"""
    num_pairs: int = 0
    """of tokens to learn from, the same in every batch; 0: always fresh ones"""
    held_out: bool = False
    """what is reported is the loss on pairs that are not learnt from"""
    left_out: int = 0
    """how many eighths of a batch may be left out, at its front"""

    @property
    def entropy(self) -> float:
        """What the best model pays, in nats: the entropy of the token that follows another."""
        following = np.full(self.num_tokens, self.noise / self.num_tokens)
        following[0] += 1 - self.noise
        return float(entropy(following))


class Run(NamedTuple):
    """What a training reported before each step, [num_steps]."""

    losses: Floats
    """in nats, of the batch, or of the pairs held out"""
    accuracies: Floats
    """the share of the pairs held out whose label has the largest logit; NaN where they are not asked"""


RECIPES: Mapping[str, Recipe] = {
    "healthy": Recipe(),
    "twice": Recipe(learning_rate=4.0),
    "epsilon": Recipe(27, 27, start=2.0),
    "sampled": Recipe(10_000, num_steps=60, batch_size=32, num_sampled=1000),
    "nce": Recipe(10_000, num_steps=60, batch_size=32, num_sampled=1000),
    "hit": Recipe(noise=0.01, num_sampled=10),
    "unshifted": Recipe(),
    "ignored": Recipe(left_out=8),
    "float16": Recipe(learning_rate=6.0, warm_up=150),
    "range": Recipe(num_tokens=11),
    "bad_start": Recipe(27, 27, start=1.0),
    "rising": Recipe(noise=0.5, learning_rate=0.3, num_steps=300, num_pairs=60, held_out=True),
    "fast": Recipe(learning_rate=30.0),
    "shuffled": Recipe(),
}
"""Every fault by its name; `healthy` has none."""
MENDED: Mapping[str, Mapping[str, Any]] = {
    "sampled": {"num_sampled": 0},
    "nce": {"num_sampled": 0},
    "hit": {"num_sampled": 0},
    "ignored": {"left_out": 7},
    "range": {"num_classes": 11},
    "bad_start": {"start": 0.0},
    "rising": {"num_pairs": 0},
    "fast": {"learning_rate": 0.5},
}
"""What is different in a recipe when its fault is mended; the other faults are not in the recipe."""
SAMPLED: Mapping[str, tuple[Callable[..., tuple[Floats, SampledGrad]], Mapping[str, bool], bool]] = {
    "sampled": (sampled_softmax_loss_with_grad, {}, False),
    "nce": (nce_loss_with_grad, {}, False),
    "hit": (sampled_softmax_loss_with_grad, {"subtract_log_q": False, "remove_accidental_hits": False}, True),
}
"""Sampled losses, what they are told, and whether the samples are unique."""


def recipe(fault: str, *, mended: bool = False) -> Recipe:
    """What is trained with a fault, or without it.

    Args:
        fault: a key of `RECIPES`.
        mended: leave the fault out.

    Returns:
        Recipe.

    Raises:
        ValueError: there is no such fault.

    Example:
        >>> recipe("range").num_classes, recipe("range", mended=True).num_classes, recipe("range").num_tokens
        (10, 11, 11)
        >>> round(recipe("healthy").entropy, 3)
        0.183
    """
    if fault not in RECIPES:
        raise ValueError(f"fault must be one of {', '.join(RECIPES)}, got {fault!r}")
    return RECIPES[fault]._replace(**MENDED.get(fault, {}) if mended else {})


def train(fault: str, *, mended: bool = False, seed: int = 0, num_steps: int | None = None) -> Run:
    """Gradient descent with one fault, or `mended` without it, on the same text.

    | fault       | what is done                                                                            |
    |-------------|-----------------------------------------------------------------------------------------|
    | `healthy`   | nothing wrong                                                                           |
    | `twice`     | softmax, and then a loss that applies it                                                |
    | `epsilon`   | a loss of clipped probabilities, and a start so bad that nearly all of them are clipped |
    | `sampled`   | sampled softmax, reported as if it were the loss over all classes                       |
    | `nce`       | NCE, reported likewise                                                                  |
    | `hit`       | sampled softmax without log Q, where the label is drawn, too, and fights itself         |
    | `unshifted` | the labels are the inputs                                                               |
    | `ignored`   | the front of each batch is left out, and sometimes that is all of it: 0/0               |
    | `float16`   | all of it in float16, and exp without subtracting the largest logit                     |
    | `range`     | one token more in the text than rows in the layer; NaN for it, as TensorFlow on a GPU   |
    | `bad_start` | large weights at the start                                                              |
    | `rising`    | few pairs, learnt by heart; what is reported is the loss on others                      |
    | `fast`      | a learning rate too high                                                                |
    | `shuffled`  | the labels of each batch in another order than its inputs                               |

    Args:
        fault: a key of `RECIPES`.
        mended: leave the fault out.
        seed: of the text, and of what is sampled.
        num_steps: how many steps, or None for as many as the recipe says.

    Returns:
        Run(losses, accuracies), each [num_steps]. Where the weights have become NaN, all that follows is.

    Raises:
        ValueError: there is no such fault, or num_steps is not at least 1.

    Example:
        >>> for fault in ("healthy", "twice", "unshifted"):  # ln 10 = 2.303
        ...     losses = train(fault).losses
        ...     print(f"{fault}: from {losses[0]:.3f} to {losses[-50:].mean():.3f}")
        healthy: from 2.303 to 0.177
        twice: from 2.303 to 1.487
        unshifted: from 2.303 to 0.004
    """
    made = recipe(fault, mended=mended)
    active = "healthy" if mended else fault
    num_steps = checks.count("num_steps", made.num_steps if num_steps is None else num_steps, at_least=1)
    world, text, sampling = (np.random.default_rng([seed, part]) for part in range(3))
    language = _Language(made, world)
    others, others_labels = language.pairs(NUM_HELD_OUT, world)
    weights, biases = np.zeros((made.num_classes, DIM)), np.zeros(made.num_classes)
    weights[: made.num_tokens] = made.start * language.vectors[: made.num_classes]
    if active == "float16":
        weights, biases = weights.astype(np.float16), biases.astype(np.float16)
    losses, accuracies = np.full((2, num_steps), np.nan)
    for step in range(num_steps):
        if step == 0 or not made.num_pairs:
            tokens, labels = _batch(active, made, language, text)
        inputs = language.vectors[tokens].astype(weights.dtype)
        if made.num_sampled:
            losses[step] = _sampled_step(active, made, weights, biases, inputs, labels, sampling)
            continue
        losses[step], logits_grad = LOSSES.get(active, _cross_entropy)(dense(inputs, weights, biases), labels)
        if made.held_out:
            logits = dense(language.vectors[others], weights, biases)
            losses[step] = sparse_cross_entropy(logits, others_labels, reduction="mean")
            accuracies[step] = (logits.argmax(axis=-1) == others_labels).mean()
        grad = dense_grad(inputs, weights, logits_grad)
        rate = weights.dtype.type(made.learning_rate * min(1.0, (step + 1) / (made.warm_up + 1)))
        weights -= rate * grad.weights
        biases -= rate * grad.biases
        if np.isnan(weights).any():
            break
    return Run(losses, accuracies)


class _Language:
    """Vectors for the tokens, and which token follows which."""

    def __init__(self, made: Recipe, rng: np.random.Generator) -> None:
        self.vectors = rng.standard_normal((made.num_tokens, DIM))
        self.noise = made.noise
        order = rng.permutation(made.num_tokens)
        self.favourites = np.empty_like(order)
        self.favourites[order] = np.roll(order, 1)  # one ring through all tokens: none is its own favourite

    def pairs(self, count: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """Tokens and what comes next, each [count]."""
        num_tokens = len(self.vectors)
        tokens = rng.integers(num_tokens, size=count)
        surprised = rng.random(count) < self.noise
        return tokens, np.where(surprised, rng.integers(num_tokens, size=count), self.favourites[tokens])


def _batch(fault: str, made: Recipe, language: _Language, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Inputs and labels, each [batch_size], with the faults of the text."""
    tokens, labels = language.pairs(made.num_pairs or made.batch_size, rng)
    if fault == "unshifted":
        return tokens, tokens
    if fault == "shuffled":
        return tokens, rng.permutation(labels)
    if made.left_out:
        labels[: min(int(rng.integers(9)), made.left_out) * len(labels) // 8] = IGNORED
    return tokens, labels


def _sampled_step(
    fault: str, made: Recipe, weights: Floats, biases: Floats, inputs: Floats, labels: Ints, rng: np.random.Generator
) -> float:
    """One step of a sampled loss, on the few rows that it reads, in place; the loss."""
    loss_with_grad, told, unique = SAMPLED[fault]
    true = labels[:, None]
    drawn = UniformSampler(made.num_classes).sample(true, made.num_sampled, unique=unique, rng=rng)
    loss, grad = loss_with_grad(weights, biases, true, inputs, drawn, reduction="mean", **told)
    sgd_update(weights, grad.ids, grad.weights, learning_rate=made.learning_rate)
    sgd_update(biases, grad.ids, grad.biases, learning_rate=made.learning_rate)
    return float(loss)


# ---- losses of logits and labels, and their gradients: the right one, and those with a fault ----


def _cross_entropy(logits: Floats, labels: Ints) -> tuple[float, Floats]:
    loss, grad = sparse_cross_entropy_with_grad(logits, labels, ignore_index=IGNORED, reduction="mean")
    return float(loss), grad


def _twice(logits: Floats, labels: Ints) -> tuple[float, Floats]:
    losses = double_softmax_cross_entropy(logits, labels)
    return float(losses.mean()), double_softmax_cross_entropy_grad(logits, labels) / len(labels)


def _epsilon(logits: Floats, labels: Ints) -> tuple[float, Floats]:
    probs = softmax(logits)
    losses = sparse_cross_entropy_from_probs(probs, labels)
    return float(losses.mean()), softmax_vjp(logits, sparse_cross_entropy_from_probs_grad(probs, labels) / len(labels))


def _float16(logits: Floats, labels: Ints) -> tuple[float, Floats]:
    probs = naive_softmax(logits)
    with np.errstate(divide="ignore"):
        losses = -np.log(probs[np.arange(len(labels)), labels])
    return float(losses.mean()), (probs - one_hot(labels, probs.shape[-1], dtype=probs.dtype)) / len(labels)


def _range(logits: Floats, labels: Ints) -> tuple[float, Floats]:
    inside = labels < logits.shape[-1]
    losses, grad = sparse_cross_entropy_with_grad(logits, np.where(inside, labels, 0))
    losses[~inside], grad[~inside] = np.nan, np.nan
    return float(losses.mean()), grad / len(labels)


LOSSES: Mapping[str, Callable[[Floats, Ints], tuple[float, Floats]]] = {
    "twice": _twice,
    "epsilon": _epsilon,
    "float16": _float16,
    "range": _range,
}
"""Faults in the loss."""
