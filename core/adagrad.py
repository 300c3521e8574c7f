"""Adagrad: gradient descent that remembers, for each number, how much it has been moved.

Each parameter's step is divided by the root of the sum of its squared gradients so far. A frequent word's row, which
every step pulls at, soon moves slowly; a rare word's still takes long steps when its turn comes. That suits sampled
losses, whose gradient touches few rows: the others are not even read, neither the parameters nor the memory.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core import checks
from core.checks import Floats
from core.touched import sgd_update

BLOCK = 1 << 18
"""Bytes of a dense gradient worked on at once, so that its passes find them in the cache."""


def adagrad_update(
    parameters: Floats, squares: Floats, ids: npt.ArrayLike, rows: npt.ArrayLike, *, learning_rate: float
) -> None:
    """One step on the rows touched, in place: squares += rows², parameters -= learning_rate · rows / √squares.

    Args:
        parameters: an array of floats that is changed, [num_classes, dim] or [num_classes].
        squares: the sum of squared gradients so far, like `parameters`; changed. Start it above 0 (TensorFlow: 0.1),
            or the first step is learning_rate for every number, however small its gradient.
        ids: rows to change, each once, [num_touched].
        rows: their gradient, [num_touched, dim] or [num_touched].
        learning_rate: positive.

    Raises:
        ValueError: as `sgd_update`, or `squares` is not like `parameters`.

    Example:
        >>> weights, squares = np.zeros((4, 1)), np.full((4, 1), 9.0)
        >>> for _ in range(2):
        ...     adagrad_update(weights, squares, [2], [[4.0]], learning_rate=1.0)
        ...     print(weights.ravel().round(3).tolist(), squares.ravel().tolist())
        [0.0, 0.0, -0.8, 0.0] [9.0, 9.0, 25.0, 9.0]
        [0.0, 0.0, -1.425, 0.0] [9.0, 9.0, 41.0, 9.0]

    Source: Duchi, Hazan and Singer 2011, figure 1 (diagonal), with the start of TensorFlow's Adagrad inside the root.
    """
    checks.same_shape("squares", squares, "parameters", parameters)
    touched, grad = checks.integers("ids", ids), checks.floats("rows", rows)
    checks.class_ids("ids", touched, len(parameters))
    sums = squares[touched]
    sums += np.square(grad)
    sgd_update(parameters, touched, grad / np.sqrt(sums), learning_rate=learning_rate)
    squares[touched] = sums


def adagrad_update_all(parameters: Floats, squares: Floats, grad: Floats, *, learning_rate: float) -> None:
    """The same with a gradient for every row, as the full softmax has it.

    Args:
        parameters: [num_classes, dim] or [num_classes]; changed.
        squares: like `parameters`; changed.
        grad: like `parameters`.
        learning_rate: positive.

    Raises:
        ValueError: shapes differ, or the learning rate is not positive.

    Example:
        >>> biases, squares = np.zeros(2), np.array([9.0, 0.0])
        >>> adagrad_update_all(biases, squares, np.array([4.0, 0.001]), learning_rate=1.0)
        >>> biases  # from a start of 0, a gradient of 0.001 is as good as one of 4
        array([-0.8, -1. ])

    Source: as `adagrad_update`.
    """
    checks.same_shape("squares", squares, "parameters", parameters)
    checks.same_shape("grad", grad, "parameters", parameters)
    learning_rate = checks.positive("learning_rate", learning_rate)
    size = max(1, BLOCK // grad[:1].nbytes)
    for start in range(0, len(grad), size):
        block = slice(start, start + size)
        squares[block] += np.square(grad[block])
        parameters[block] -= learning_rate * grad[block] / np.sqrt(squares[block])
