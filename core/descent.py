"""Learning in its smallest form: step the logits themselves downhill.

No layer, no data set: one row of logits, one label, and the gradient probs - label_probs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core import checks
from core.checks import Floats
from core.cross_entropy import cross_entropy, cross_entropy_grad


class Descent(NamedTuple):
    """Where the logits were before each step and after the last, and what they cost in nats."""

    logits: Floats
    """[num_steps + 1, num_classes]"""
    losses: Floats
    """[num_steps + 1]"""


def descend(
    logits: npt.ArrayLike,
    label_probs: npt.ArrayLike,
    *,
    learning_rate: float,
    num_steps: int,
    temperature: float = 1.0,
) -> Descent:
    """Gradient descent on one row of logits: logits -= learning_rate * (probs - label_probs) / T, again and again.

    The sum of the logits never changes, because the gradient sums to zero. Towards a one-hot label the steps shrink
    but never end: the loss nears 0 as 1/steps and the logits grow like their logarithm. Towards a soft label they come
    to rest at finite logits, with the label's entropy as the loss. With a learning rate below 4 T² no step can raise
    the loss (its curvature is nowhere above 1/(2 T²)); a larger one may overshoot.

    Args:
        logits: where to start, [num_classes].
        label_probs: one-hot or soft label, [num_classes].
        learning_rate: the length of a step for a gradient of 1; positive.
        num_steps: how many steps; 0 gives the start alone.
        temperature: what the logits are divided by in the loss.

    Returns:
        Descent(logits [num_steps + 1, num_classes], losses [num_steps + 1] in nats).

    Raises:
        ValueError: the logits are not one row, num_steps is negative, or an argument is not allowed.

    Example:
        >>> descent = descend([1.0, 0.0, -0.5, 4.0], [1.0, 0.0, 0.0, 0.0], learning_rate=1.0, num_steps=3)
        >>> descent.losses.round(3)
        array([3.076, 1.456, 0.587, 0.312])
        >>> descent.logits.sum(axis=1)
        array([4.5, 4.5, 4.5, 4.5])
    """
    start = checks.floats("logits", logits)
    if start.ndim != 1:
        raise ValueError(f"logits must be one row of shape [num_classes], got shape {start.shape}")
    learning_rate = checks.positive("learning_rate", learning_rate)
    num_steps = checks.count("num_steps", num_steps, at_least=0)
    path = np.empty((num_steps + 1, start.size), start.dtype)
    path[0] = start
    for step in range(num_steps):
        path[step + 1] = path[step] - learning_rate * cross_entropy_grad(
            path[step], label_probs, temperature=temperature
        )
    every_label = np.broadcast_to(label_probs, path.shape)
    return Descent(path, cross_entropy(path, every_label, temperature=temperature))
