"""The softmax bottleneck: a hidden vector of `dim` numbers can't say any distribution it likes over many classes.

Stack the logits of many contexts: one matrix product of [num_contexts, dim] and [dim, num_classes], so its rank is at
most dim, and one more for the biases. Softmax adds a number a row, which is one more at most: a table of
log-probabilities that a model of `dim` can make has a rank of at most dim + 1 (dim + 2 with biases), however long it is
trained. What a language needs has more. Read `low_rank_losses`: how near each rank comes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core import checks
from core.checks import Floats
from core.cross_entropy import cross_entropy, entropy
from core.softmax import softmax


class LowRankLosses(NamedTuple):
    """How near logits of rank 0, 1, 2 ... come to a table of log-probabilities."""

    errors: Floats
    """Root mean square difference of the logits, each row's mean left out, [max_dim + 1]"""
    losses: Floats
    """Cross-entropy with the table, mean over the contexts, in nats, [max_dim + 1]"""
    floor: float
    """The table's own entropy, which is what the losses go down to"""


def low_rank(log_probs: npt.ArrayLike, dim: int) -> Floats:
    """The logits nearest to a table of log-probabilities that hidden vectors of length `dim` can make.

    A row's mean is free, for softmax does not see it, so it is taken out; of the rest the `dim` largest singular values
    are kept. Nearest is meant in squares: a model trained by cross-entropy finds other logits, of no higher rank.

    Args:
        log_probs: [num_contexts, num_classes], finite.
        dim: length of the hidden vectors, 0 and up.

    Returns:
        Logits, [num_contexts, num_classes], of a rank of at most `dim`.

    Raises:
        ValueError: an argument is not allowed.

    Example:
        >>> log_probs = np.log([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]])
        >>> softmax(low_rank(log_probs, 1)).round(2)  # one number a context tells the third from the others
        array([[0.55, 0.35, 0.1 ],
               [0.48, 0.36, 0.16],
               [0.11, 0.18, 0.71]])
        >>> softmax(low_rank(log_probs, 2)).round(2)  # two are enough for three classes
        array([[0.7, 0.2, 0.1],
               [0.2, 0.7, 0.1],
               [0.1, 0.2, 0.7]])

    Source: Eckart and Young 1936; Yang, Dai, Salakhutdinov and Cohen 2018, theorem 1 and corollary 1.
    """
    centred = _centred(log_probs)
    dim = checks.count("dim", dim, at_least=0)
    left, singular, right = np.linalg.svd(centred, full_matrices=False)
    return np.asarray(left[:, :dim] * singular[:dim] @ right[:dim])


def low_rank_losses(log_probs: npt.ArrayLike, max_dim: int) -> LowRankLosses:
    """`low_rank` for every dim from 0 to `max_dim`, measured.

    Args:
        log_probs: [num_contexts, num_classes], finite; each row's exponentials sum to 1.
        max_dim: how far to go.

    Returns:
        LowRankLosses.

    Raises:
        ValueError: an argument is not allowed.

    Example:
        >>> made = low_rank_losses(np.log([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]]), 2)
        >>> made.losses.round(3), round(made.floor, 3)
        (array([1.099, 0.903, 0.802]), 0.802)
    """
    centred = _centred(log_probs)
    max_dim = checks.count("max_dim", max_dim, at_least=0)
    left, singular, right = np.linalg.svd(centred, full_matrices=False)
    logits, probs = np.zeros_like(centred), softmax(centred)
    errors, losses = np.empty(max_dim + 1), np.empty(max_dim + 1)
    for dim in range(max_dim + 1):
        errors[dim] = np.sqrt(np.mean((centred - logits) ** 2))
        losses[dim] = cross_entropy(logits, probs).mean()
        if dim < len(singular):
            logits += singular[dim] * np.outer(left[:, dim], right[dim])
    return LowRankLosses(errors, losses, float(entropy(probs).mean()))


def _centred(log_probs: npt.ArrayLike) -> Floats:
    """Each row without its mean."""
    table = checks.floats("log_probs", log_probs).astype(np.float64)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise ValueError(f"log_probs must be finite and have shape [num_contexts, num_classes], got {table.shape}")
    return np.asarray(table - table.mean(axis=1, keepdims=True))
