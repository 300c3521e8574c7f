"""Adam: a step of about the same length for every parameter, whatever the size of its gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from core import checks
from core.checks import Floats


class Adam(NamedTuple):
    """What Adam remembers of the gradients so far, an array for each parameter."""

    step: int
    """How many steps were made."""
    means: dict[str, Floats]
    """The running mean of the gradients (the paper's m, before its correction)."""
    squares: dict[str, Floats]
    """The running mean of their squares (v)."""


def adam_init(parameters: Mapping[str, Floats]) -> Adam:
    """Before the first step: nothing remembered.

    Args:
        parameters: arrays by name.

    Returns:
        Adam(step=0, means and squares of zeros).
    """

    def zeros() -> dict[str, Floats]:
        return {name: np.zeros_like(array) for name, array in parameters.items()}

    return Adam(0, zeros(), zeros())


def adam_update(
    parameters: Mapping[str, Floats],
    grads: Mapping[str, Floats],
    adam: Adam,
    *,
    learning_rate: float,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
) -> tuple[dict[str, Floats], Adam]:
    """One step: parameters -= learning_rate * mean / (sqrt(square) + epsilon), with both means corrected.

    A running mean that starts at zero is too small at first, by a factor of 1 - beta ** step; dividing by it is the
    bias correction. The first step is then learning_rate * sign(gradient): ten times the gradient gives the same step.

    Args:
        parameters: arrays by name; they stay as they are.
        grads: the gradient of each, by the same names.
        adam: what was remembered; `adam_init(parameters)` before the first step.
        learning_rate: about the length of a step in each number; positive.
        beta_1: how much of the mean stays at each step, in [0, 1).
        beta_2: how much of the mean square stays, in [0, 1).
        epsilon: keeps 0/0 away; outside the root, and added after the correction, as in the paper and PyTorch.

    Returns:
        The new parameters and the new memory.

    Raises:
        ValueError: names or shapes do not fit, or a number is not allowed.

    Example:
        >>> parameters = {"weights": np.array([1.0, 1.0])}
        >>> grads = {"weights": np.array([0.001, -100.0])}
        >>> parameters, adam = adam_update(parameters, grads, adam_init(parameters), learning_rate=0.1)
        >>> parameters["weights"].round(5)
        array([0.9, 1.1])

    Source: Kingma and Ba 2015, algorithm 1.
    """
    learning_rate = checks.positive("learning_rate", learning_rate)
    epsilon = checks.positive("epsilon", epsilon)
    for name, beta in (("beta_1", beta_1), ("beta_2", beta_2)):
        if not 0 <= beta < 1:
            raise ValueError(f"{name} must be in [0, 1), got {beta}")
    if grads.keys() != parameters.keys():
        raise ValueError(f"grads must have the names of the parameters, {sorted(parameters)}, got {sorted(grads)}")
    step = adam.step + 1
    updated: dict[str, Floats] = {}
    means: dict[str, Floats] = {}
    squares: dict[str, Floats] = {}
    for name, parameter in parameters.items():
        grad = grads[name]
        checks.same_shape(f"grads[{name!r}]", grad, "the parameter", parameter)
        means[name] = beta_1 * adam.means[name] + (1 - beta_1) * grad
        squares[name] = beta_2 * adam.squares[name] + (1 - beta_2) * grad**2
        mean = means[name] / (1 - beta_1**step)
        square = squares[name] / (1 - beta_2**step)
        updated[name] = parameter - learning_rate * mean / (np.sqrt(square) + epsilon)
    return updated, Adam(step, means, squares)
