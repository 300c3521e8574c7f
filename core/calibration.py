"""Does a probability of 0.9 come true nine times in ten?

Softmax makes numbers that sum to one. Nothing in that makes them *true*: a network that is right 84 times in 100 may
say 0.97 each time. A model is calibrated if, of all answers it is 0.9 sure of, nine in ten are right.

Its *confidence* in an answer is the largest probability of the row. Read `reliability` (sort the answers by
confidence, and count), `expected_calibration_error` (the same in one number), and `fit_temperature`: divide all logits
by one T, the one with the least loss. No T changes the order of the logits, so none changes which answers are right.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core import checks
from core.checks import Floats, Ints
from core.softmax import softmax


class Reliability(NamedTuple):
    """The answers sorted into bins of equal width by their confidence, each field [num_bins]."""

    counts: Ints
    """how many answers fell into the bin"""
    confidence: Floats
    """their mean largest probability; NaN where there are none"""
    accuracy: Floats
    """the fraction of them that is right; NaN where there are none"""

    @property
    def gaps(self) -> Floats:
        """What each bin adds to the expected calibration error: count/total · |accuracy - confidence|, [num_bins].

        An empty bin adds 0, for no promise was made in it.
        """
        gap = np.abs(self.accuracy - self.confidence)
        gaps: Floats = np.where(self.counts > 0, self.counts / self.counts.sum() * gap, 0.0)
        return gaps


def reliability(
    logits: npt.ArrayLike, labels: npt.ArrayLike, *, temperature: float = 1.0, num_bins: int = 15
) -> Reliability:
    """What a model promised and what it kept: the numbers of a reliability diagram.

    Bin m of M holds the confidences in (m/M, (m+1)/M]. Where accuracy is below confidence the model is over-confident.
    An empty bin has no accuracy, so its entry is NaN and not 0. With K classes no confidence is below 1/K.

    Which answer is the model's is read from the logits, where the first of equal ones wins: no temperature changes it,
    not even one so high that the probabilities round to the same number.

    Args:
        logits: real numbers, [..., num_classes]; -inf masks a class.
        labels: class ids in [0, num_classes), [...].
        temperature: what the logits are divided by.
        num_bins: M; the paper takes 15.

    Returns:
        Reliability(counts, confidence, accuracy), each [num_bins].

    Raises:
        ValueError: shapes do not fit, a label is out of range, a row has no softmax, or an argument is not allowed.

    Example:
        >>> bins = reliability(np.log([[0.7, 0.3], [0.8, 0.2], [0.9, 0.1]]), [0, 1, 0], num_bins=4)
        >>> bins.counts, bins.confidence.round(2), bins.accuracy
        (array([0, 0, 1, 2]), array([ nan,  nan, 0.7 , 0.85]), array([nan, nan, 1. , 0.5]))

    Source: Guo, Pleiss, Sun and Weinberger 2017, section 2, "Reliability Diagrams".
    """
    wide, label = _answers(logits, labels)
    num_bins = checks.count("num_bins", num_bins, at_least=1)
    confidences = softmax(wide, temperature=temperature).max(axis=-1)
    right = wide.argmax(axis=-1) == label
    edges = np.arange(1, num_bins) / num_bins
    bins = np.searchsorted(edges, confidences, side="left")  # a confidence on an edge belongs to the bin below it
    counts = np.bincount(bins, minlength=num_bins)
    with np.errstate(invalid="ignore"):  # an empty bin: 0/0 = NaN
        confidence = np.bincount(bins, confidences, num_bins) / counts
        accuracy = np.bincount(bins, right, num_bins) / counts
    return Reliability(counts, confidence, accuracy)


def expected_calibration_error(
    logits: npt.ArrayLike, labels: npt.ArrayLike, *, temperature: float = 1.0, num_bins: int = 15
) -> float:
    """How far confidence and accuracy are apart, on average over the answers: ECE.

    0 is not the whole of a good model: one that gives every class the probability 1/K, where all are equally frequent,
    has ECE 0 and knows nothing. And it depends on the bins: many narrow ones hold few answers each, whose accuracy is
    mostly chance, and chance never counts as negative, so even a calibrated model has an ECE above 0.

    Args:
        logits: as in `reliability`, and so are the others.
        labels: class ids.
        temperature: what the logits are divided by.
        num_bins: how many bins of equal width; the paper takes 15.

    Returns:
        sum over the bins of count/total · |accuracy - confidence|, in [0, 1].

    Raises:
        ValueError: as `reliability`.

    Example:
        >>> logits, labels = np.log([[0.9, 0.1]] * 4), [0, 0, 0, 1]  # 0.9 sure, three in four right
        >>> round(expected_calibration_error(logits, labels), 6)
        0.15
        >>> round(expected_calibration_error(logits, labels, temperature=2.0), 6)  # still three in four right
        0.0

    Source: Guo et al. 2017, eq. (3); Naeini, Cooper and Hauskrecht 2015.
    """
    return float(reliability(logits, labels, temperature=temperature, num_bins=num_bins).gaps.sum())


def fit_temperature(logits: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """The temperature with the least mean cross-entropy: temperature scaling.

    The loss is convex in b = 1/T, so there is one best T, and it is where the slope in b is zero:

        mean over the rows of  sum_j probs_j logits_j - logits[label]  =  0

    in words: the logit that the model expects to be the label's equals the logit that is. Bisection on b finds the
    zero to the last digit. Fit it on labels that the model was not trained on (those it was trained on would say that
    it cannot be sure enough), and measure the result on yet others.

    Args:
        logits: finite real numbers, [..., num_classes].
        labels: class ids in [0, num_classes), [...].

    Returns:
        T, positive; above 1 if the model is over-confident.

    Raises:
        ValueError: logits differ by inf or NaN, shapes do not fit, a label is out of range, or no T is best: every
            label has its row's largest logit (the smaller T, the better), or the labels' logits are on average no
            larger than those of all classes (the larger T, the better).

    Example:
        >>> logits, labels = np.log([[0.9, 0.1]] * 4), [0, 0, 0, 1]  # 0.9 sure, three in four right
        >>> round(fit_temperature(logits, labels), 6)
        2.0
        >>> softmax(logits, temperature=2.0)[0]
        array([0.75, 0.25])

    Source: Guo et al. 2017, section 4.2 and eq. (9); the convexity is that of logsumexp.
    """
    wide, label = _answers(logits, labels)
    with np.errstate(over="ignore", invalid="ignore"):
        below = wide - wide.max(axis=-1, keepdims=True)
    if not np.isfinite(below).all():
        raise ValueError(f"logits must differ by finite numbers, got a difference of {below[~np.isfinite(below)][0]}")
    scale = -float(below.min()) or 1.0
    below /= scale  # in [-1, 0], so that one bracket for b serves logits of any unit
    at_label = float(np.take_along_axis(below, label[:, None], axis=-1).mean())

    def slope(b: float) -> float:
        """Of the mean loss, with respect to b."""
        return float((softmax(below, temperature=1 / b) * below).sum(axis=-1).mean()) - at_label

    low, high = 2.0**-60, 1.0  # at the low end all probabilities are equal, to the last digit
    if at_label == 0:
        raise ValueError(f"labels must not all have the largest logit, got {len(label)} of {len(label)}: no T is best")
    if slope(low) >= 0:
        raise ValueError(
            "labels must on average have larger logits than the other classes,"
            f" got a mean difference of {0 - scale * slope(low):.6g}: no T is best"
        )
    while slope(high) <= 0:
        low, high = high, 2 * high
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if slope(middle) <= 0 else (low, middle)
    return scale / high


def _answers(logits: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Floats, Ints]:
    """The logits as rows of float64, [num_rows, num_classes], and their labels, [num_rows]."""
    checked = checks.floats("logits", logits)
    label, _ = checks.labels(checked, labels)
    return checked.reshape(-1, checked.shape[-1]).astype(np.float64), label.astype(np.intp)
