"""The smallest language model: the previous word alone says what comes next, by one inner product a word.

The previous word picks a row of the embedding, and every word is scored against it: logits = weights @ row + biases.
It is the layer of core/dense.py with a table of inputs in front; log-bilinear, for the logits are linear in either
matrix.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core import checks
from core.checks import Floats, Ints
from core.dense import dense
from core.softmax import exp_blocks, log_softmax

HEAD = 100
"""On how many of the commonest words `evaluate` measures the share of probability."""
CHUNK = 1 << 23
"""Bytes of logits that `evaluate` makes at once."""
SPREAD = 0.1
"""Standard deviation of all weights before the first step."""


class BilinearModel(NamedTuple):
    """Previous word -> row of the embedding -> logits of the next. If tied, embedding and weights are one array."""

    embedding: Floats
    """[num_classes, dim]"""
    weights: Floats
    """[num_classes, dim]"""
    biases: Floats
    """[num_classes]"""

    @property
    def tied(self) -> bool:
        """Whether one matrix both reads and scores."""
        return self.weights is self.embedding

    def logits(self, previous: npt.ArrayLike) -> Floats:
        """[..., num_classes] for ids [...]."""
        return dense(self.embedding[checks.integers("previous", previous)], self.weights, self.biases)

    def log_probs(self, previous: npt.ArrayLike, *, add: npt.ArrayLike = 0.0) -> Floats:
        """The log-probabilities of what comes next, [..., num_classes]; `add` goes to the logits first (log Q)."""
        return log_softmax(self.logits(previous) + np.asarray(add))


def start_model(
    num_classes: int, dim: int, *, tied: bool = False, bias: float = 0.0, rng: np.random.Generator
) -> BilinearModel:
    """A model before its first step, float32: small random weights, so that the loss is about ln num_classes.

    Args:
        num_classes: how many words.
        dim: length of the embedding's rows.
        tied: one matrix for embedding and weights.
        bias: of every class.
        rng: where the randomness comes from.

    Returns:
        BilinearModel.

    Example:
        >>> model = start_model(1000, 8, rng=np.random.default_rng(0))
        >>> round(evaluate(model, np.array([[3, 4], [3, 7]])).loss, 2), round(float(np.log(1000)), 2)
        (6.91, 6.91)
    """
    embedding, weights = np.float32(SPREAD) * rng.standard_normal((2, num_classes, dim), dtype=np.float32)
    return BilinearModel(embedding, embedding if tied else weights, np.full(num_classes, bias, np.float32))


class Evaluation(NamedTuple):
    """What a model is worth on pairs that it never saw."""

    loss: float
    """The full cross-entropy in nats, the only loss here that may be compared"""
    log_z_mean: float
    """Of ln Z, the log of the sum of exp(logits), over the pairs: 0 if the model normalises itself"""
    log_z_std: float
    head_share: float
    """Of the probability, on the HEAD commonest words"""


def evaluate(model: BilinearModel, pairs: Ints, *, add: npt.ArrayLike = 0.0) -> Evaluation:
    """Score all classes: the truth that a sampled loss can't tell.

    The logits depend on the previous word alone, so each different one is scored once, a few at a time.

    Args:
        model: of any dtype.
        pairs: (previous, next), [num_pairs, 2].
        add: to the logits, [num_classes]: a `log_expected_count`, to mend a model that was trained without.

    Returns:
        Evaluation.

    Raises:
        ValueError: there are no pairs, or the model has broken down (a logit is inf or NaN).
    """
    if not len(pairs):
        raise ValueError("pairs must hold at least one (previous, next), got none")
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    contexts, starts = np.unique(pairs[:, 0], return_index=True)
    ends = np.append(starts[1:], len(pairs))
    log_z, label_logits, head = (np.empty(len(pairs)) for _ in range(3))
    size = max(1, CHUNK // (model.weights.shape[0] * model.weights.itemsize))
    for first in range(0, len(contexts), size):
        logits = model.logits(contexts[first : first + size])
        logits += np.asarray(add, logits.dtype)
        rows = slice(starts[first], ends[min(first + size, len(contexts)) - 1])
        which = np.searchsorted(contexts, pairs[rows, 0]) - first
        label_logits[rows] = logits[which, pairs[rows, 1]]
        of_context, head_of_context = np.empty(len(logits)), np.empty(len(logits))
        for block, exps, largest, totals in exp_blocks(logits):
            of_context[block] = (np.log(totals) + largest)[:, 0]
            head_of_context[block] = exps[:, :HEAD].sum(axis=1) / totals[:, 0]
        log_z[rows], head[rows] = of_context[which], head_of_context[which]
    return Evaluation(*(float(x) for x in ((log_z - label_logits).mean(), log_z.mean(), log_z.std(), head.mean())))


def save_model(model: BilinearModel, path: str | Path) -> None:
    """Write the weights as float16, half the bytes and close enough to look at; the folder is made if need be."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    arrays = {name: array.astype(np.float16) for name, array in model._asdict().items()}
    if model.tied:
        del arrays["weights"]
    np.savez(path, allow_pickle=False, **arrays)


def load_model(path: str | Path) -> BilinearModel:
    """Read what `save_model` wrote, as float32.

    Raises:
        OSError: there is no such file.
        ValueError: it holds something else.
    """
    with np.load(path) as file:
        arrays = {name: file[name].astype(np.float32) for name in file.files}
    embedding = arrays["embedding"]
    return BilinearModel(embedding, arrays.get("weights", embedding), arrays["biases"])
