"""One yes-or-no question a logit, where softmax asks one question of all of them.

Used by noise-contrastive estimation and negative sampling, and wherever several labels may hold at once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core import checks
from core.checks import Floats
from core.softmax import cast_back, working_dtype


def sigmoid(logits: npt.ArrayLike) -> Floats:
    """The probability of yes: 1 / (1 + exp(-z)). It is softmax of (z, 0), its first share.

    Computed from exp(-|z|), which cannot overflow.

    Args:
        logits: log-odds of yes against no, [...]; ±inf are allowed.

    Returns:
        Probabilities, like `logits`. They need not sum to one: the questions are separate.

    Raises:
        ValueError: a logit is NaN or not a number.

    Example:
        >>> sigmoid([-1000.0, 0.0, 1000.0])
        array([0. , 0.5, 1. ])
    """
    logits, wide = _logits(logits)
    with np.errstate(under="ignore"):
        small = np.exp(-np.abs(wide))
        return cast_back(np.where(wide >= 0, 1, small) / (1 + small), logits)


def log_sigmoid(logits: npt.ArrayLike) -> Floats:
    """The log of sigmoid: min(z, 0) - ln(1 + exp(-|z|)): exact where sigmoid has underflowed to 0.

    Args:
        logits: log-odds, [...].

    Returns:
        Nats, none above 0, like `logits`.

    Raises:
        ValueError: a logit is NaN or not a number.

    Example:
        >>> log_sigmoid([-1000.0, 0.0]).round(4)
        array([-1.000e+03, -6.931e-01])
    """
    logits, wide = _logits(logits)
    with np.errstate(under="ignore"):
        return cast_back(np.minimum(wide, 0) - np.log1p(np.exp(-np.abs(wide))), logits)


def sigmoid_cross_entropy(logits: npt.ArrayLike, labels: npt.ArrayLike) -> Floats:
    """Each question's own loss: -y ln sigmoid(z) - (1 - y) ln sigmoid(-z).

    Computed as max(z, 0) - z y + ln(1 + exp(-|z|)). Not reduced: whether to add or to average the questions of a row
    is the caller's choice (NCE adds).

    Args:
        logits: log-odds, [...]; -inf with the label 0 costs nothing.
        labels: the probability of yes, in [0, 1], like `logits`.

    Returns:
        Nats, like `logits`.

    Raises:
        ValueError: a label is outside [0, 1], the shapes differ, or a logit is NaN.

    Example:
        >>> sigmoid_cross_entropy([0.0, 1000.0, 1000.0], [1.0, 1.0, 0.0]).round(4)
        array([6.931e-01, 0.000e+00, 1.000e+03])

    Source: TensorFlow, `nn_impl.py`, sigmoid_cross_entropy_with_logits.
    """
    logits, wide = _logits(logits)
    labels = _labels(labels, logits)
    sign = (wide > 0) - labels  # max(z, 0) - z y = z · (1[z > 0] - y)
    with np.errstate(under="ignore", invalid="ignore"):
        linear = np.where(sign == 0, 0, wide * sign)  # right also at 0 · inf
        return cast_back(linear + np.log1p(np.exp(-np.abs(wide))), logits)


def sigmoid_cross_entropy_grad(logits: npt.ArrayLike, labels: npt.ArrayLike) -> Floats:
    """Gradient of each question's own loss with respect to its logit: sigmoid(z) - y.

    The same "probability minus label" as softmax, but nothing links the logits: a row need not sum to zero.

    Args:
        logits: log-odds, [...].
        labels: in [0, 1], like `logits`.

    Returns:
        Like `logits`.

    Raises:
        ValueError: as `sigmoid_cross_entropy`.

    Example:
        >>> sigmoid_cross_entropy_grad([0.0, 0.0], [1.0, 0.0])
        array([-0.5,  0.5])
    """
    logits, wide = _logits(logits)
    return cast_back(sigmoid(wide) - _labels(labels, logits), logits)


def _logits(logits: npt.ArrayLike) -> tuple[Floats, Floats]:
    """As given, and in the dtype to compute in; a single number is welcome here."""
    array = checks.floats("logits", np.atleast_1d(logits)).reshape(np.shape(logits))
    if np.isnan(array).any():
        raise ValueError("logits must not be NaN, got nan")
    return array, array.astype(working_dtype(array), copy=False)


def _labels(labels: npt.ArrayLike, logits: Floats) -> Floats:
    array = checks.floats("labels", np.atleast_1d(labels)).reshape(np.shape(labels))
    checks.same_shape("labels", array, "logits", logits)
    wrong = ~((array >= 0) & (array <= 1))
    if wrong.any():
        raise ValueError(f"labels must be in [0, 1], got {array[wrong].flat[0]}")
    return array.astype(working_dtype(logits), copy=False)
