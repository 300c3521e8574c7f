"""Logits in a box: what softmax can reach when the logits cannot leave [-scale, scale].

Cosines lie in [-1, 1], and so do the logits of a model that compares normalised vectors (CLIP, face recognition,
retrieval). Nothing but the *gap* between the best logit and the others makes softmax sure, and in a box the gap is at
most 2 · scale, however long the training. The second of two softmaxes sits in such a box, too: its "logits" are
probabilities, a gap of at most 1, which is the box of scale 1/2 (see `double_softmax_range`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core import checks
from core.checks import Floats


class BoundedBest(NamedTuple):
    """The largest probability that the true class can get, and the least loss, in nats."""

    prob: Floats
    loss: Floats


def bounded_best(num_classes: int, scale: npt.ArrayLike = 1.0) -> BoundedBest:
    """The best that softmax can do with logits in [-scale, scale]: the true class on top, all others at the bottom.

    prob = exp(s) / (exp(s) + (V - 1) exp(-s)), computed from the gap 2 s, so that nothing overflows.

    Args:
        num_classes: V.
        scale: s, what cosines are multiplied by, [...]; not negative.

    Returns:
        BoundedBest(prob, loss in nats), both like `scale`.

    Raises:
        ValueError: num_classes is not at least 1, or a scale is negative or no finite number.

    Example:
        >>> [float(bounded_best(num_classes).prob.round(4)) for num_classes in (2, 10, 1000)]
        [0.8808, 0.4509, 0.0073]
        >>> bounded_best(10, scale=[0.0, 0.5, 1.0, 2.0]).loss.round(4)  # 0.5 is softmax twice
        array([2.3026, 1.4612, 0.7966, 0.1526])

    Source: CLIP (Radford et al. 2021, section 2.5) learns the scale and stops it at 100. Wang et al. 2017, "NormFace",
    proposition 2, is the tighter bound for a model that has to serve all classes at once.
    """
    num_classes = checks.count("num_classes", num_classes, at_least=1)
    scales = checks.floats("scale", np.atleast_1d(scale)).astype(np.float64)
    outside = ~(np.isfinite(scales) & (scales >= 0))
    if outside.any():
        raise ValueError(f"scale must be finite and not negative, got {scales[outside][0]}")
    with np.errstate(under="ignore"):
        others = (num_classes - 1) * np.exp(-2 * scales.reshape(np.shape(scale)))
    return BoundedBest(np.asarray(1 / (1 + others)), np.asarray(np.log1p(others)))


def bounded_scale(num_classes: int, prob: float) -> float:
    """The scale from which on cosines can give the true class this probability: ln((V - 1) p / (1 - p)) / 2.

    The other way round of `bounded_best`. It grows with ln V only: ten times as many classes need 1.15 more.

    Args:
        num_classes: V, at least 2.
        prob: the probability wanted, above 1/V and below 1.

    Returns:
        The scale; positive.

    Raises:
        ValueError: num_classes is not at least 2, or no scale is needed or enough.

    Example:
        >>> [round(bounded_scale(num_classes, 0.99), 2) for num_classes in (2, 10, 1000, 200_000)]
        [2.3, 3.4, 5.75, 8.4]
    """
    num_classes = checks.count("num_classes", num_classes, at_least=2)
    prob = checks.fraction("prob", prob)
    if not 1 / num_classes < prob < 1:
        raise ValueError(f"prob must be above 1/num_classes = {1 / num_classes:.6g} and below 1, got {prob}")
    return (math.log(num_classes - 1) + math.log(prob) - math.log1p(-prob)) / 2
