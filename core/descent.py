"""Learning in its smallest form: step the logits themselves downhill.

No layer, no data set: one row of logits, one label, and the gradient probs - label_probs. Then a batch of rows, to see
what happens when softmax runs over the wrong axis.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core import checks
from core.checks import Floats
from core.cross_entropy import cross_entropy, cross_entropy_grad, one_hot
from core.softmax import log_softmax, softmax


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


class BatchDescent(NamedTuple):
    """Where a batch of logits was before each step and after the last, and its two losses, in nats."""

    logits: Floats
    """[num_steps + 1, batch_size, num_classes]"""
    losses: Floats
    """what the training reports: the mean -ln of the share at each label, [num_steps + 1]"""
    true_losses: Floats
    """the cross-entropy of the same logits, normalised over the classes, [num_steps + 1]"""


def descend_batch(
    logits: npt.ArrayLike, labels: npt.ArrayLike, *, axis: int = -1, learning_rate: float, num_steps: int
) -> BatchDescent:
    """Gradient descent on a batch of logits whose softmax runs over the classes, or by mistake over the batch.

    Over the wrong axis (0) nothing stops and the reported loss falls, because raising each label's logit raises its
    share of the column, too. But it starts near ln batch_size instead of ln num_classes, the examples that share a
    label fight for one column and leave a floor of sum_c n_c ln n_c / batch_size (n_c examples have label c), and a
    class that no example has gets no gradient at all: no example learns not to choose it.

    Args:
        logits: where to start, [batch_size, num_classes].
        labels: class ids, [batch_size].
        axis: what softmax sums to one: -1 or 1 the classes, 0 or -2 the batch.
        learning_rate: the length of a step for a gradient of 1; positive. Below 4 no step can raise the reported loss
            (the curvature of the mean is nowhere above 1/2).
        num_steps: how many steps; 0 gives the start alone.

    Returns:
        BatchDescent(logits, losses, true_losses); the last two differ only over the wrong axis.

    Raises:
        ValueError: the logits are no matrix, a row or column has no softmax, or an argument is not allowed.

    Example:
        >>> for axis in (1, 0):
        ...     walk = descend_batch(np.zeros((3, 4)), [0, 0, 1], axis=axis, learning_rate=3.0, num_steps=100)
        ...     print(walk.losses[[0, -1]].round(3), walk.true_losses[[0, -1]].round(3))
        [1.386 0.008] [1.386 0.008]
        [1.099 0.467] [1.386 0.24 ]
    """
    start = checks.floats("logits", logits)
    if start.ndim != 2:
        raise ValueError(f"logits must be [batch_size, num_classes], got shape {start.shape}")
    axis = checks.axis(axis, 2)
    learning_rate = checks.positive("learning_rate", learning_rate)
    num_steps = checks.count("num_steps", num_steps, at_least=0)
    batch_size, num_classes = start.shape
    label, _ = checks.labels(start, labels)
    truth = one_hot(label, num_classes)
    mass = truth.sum(axis=axis, keepdims=True)  # over the classes 1 a row; over the batch how many have the label
    path = np.empty((num_steps + 1, *start.shape), start.dtype)
    path[0] = start
    for step in range(num_steps):
        grad = (mass * softmax(path[step], axis=axis) - truth) / batch_size
        path[step + 1] = path[step] - learning_rate * grad

    def loss(over: int) -> Floats:
        at_labels: Floats = log_softmax(path, axis=over)[:, truth > 0]
        means: Floats = at_labels.mean(axis=-1)
        return 0.0 - means  # and not -0

    return BatchDescent(path, loss(axis % 2 - 2), loss(-1))
