"""The few rows of a layer that a sampled loss reads, and the few that its gradient writes.

A weight matrix of 200,000 rows of which 1,100 were scored has a gradient that is zero in all the others. Made as an
array of [num_classes, dim] it would cost as much as the full loss; here it is the ids of the rows and the rows.

Read `Touched.logits` and `Touched.grad` (the layer forth and back), then `sum_rows` and `sgd_update`. `touch`
checks the arguments and gathers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core import checks
from core.checks import Floats, Ints
from core.samplers import SampledValues, true_classes
from core.softmax import working_dtype


class SampledGrad(NamedTuple):
    """The gradient of a sampled loss: dense for the inputs, sparse for the layer."""

    inputs: Floats
    """[batch_size, dim]"""
    ids: Ints
    """The classes touched, each once: those sampled, then the labels that were not, [num_touched]. All other rows of
    the weights have a gradient of zero."""
    weights: Floats
    """The rows ids[i] of the weights' gradient, [num_touched, dim]"""
    biases: Floats
    """[num_touched]"""


class Touched(NamedTuple):
    """What a sampled loss needs of a layer and a batch, checked, in the dtype to compute in; `touch` makes it."""

    labels: Ints
    """[batch_size, num_true]"""
    sampled_values: SampledValues
    inputs: Floats
    """[batch_size, dim]"""
    rows: Floats
    """A copy of the rows of the weights of the sampled classes, then of the labels,
    [num_sampled + batch_size · num_true, dim]"""
    biases: Floats
    """The biases of the same, [num_sampled + batch_size · num_true]"""
    given: Floats
    """An empty array of the dtype that the arguments had, in which answers are given."""

    def logits(self) -> Floats:
        """Uncorrected: one inner product a true class, one matrix product for the sample.

        A sampled row is scored against every input, a true row only against its own. In memory, all logits of one
        class lie side by side, [num_true + num_sampled, batch_size]: that is how both matrix products of `grad` and
        everything done class by class want them.

        Returns:
            [batch_size, num_true + num_sampled], in that order in memory.
        """
        batch_size, num_true = self.labels.shape
        num_sampled = len(self.sampled_values.sampled)
        true_rows = self.rows[num_sampled:].reshape(batch_size, num_true, -1)
        true_biases = self.biases[num_sampled:].reshape(batch_size, num_true)
        by_column = np.empty((num_true + num_sampled, batch_size), self.inputs.dtype)
        by_column[:num_true] = (np.einsum("bd,btd->bt", self.inputs, true_rows) + true_biases).T
        np.matmul(self.rows[:num_sampled], self.inputs.T, out=by_column[num_true:])
        by_column[num_true:] += self.biases[:num_sampled, None]
        return by_column.T

    def grad(self, logits_grad: Floats) -> SampledGrad:
        """The gradient with respect to `logits()`, passed on to what they were made of, as in `dense_grad`.

        Once only: the gradient of the rows is written over the rows, which are in the cache and no longer needed.
        """
        batch_size, num_true = self.labels.shape
        num_sampled = len(self.sampled_values.sampled)
        true_grad, sampled_grad = logits_grad[:, :num_true], logits_grad[:, num_true:]
        true_rows = self.rows[num_sampled:].reshape(batch_size, num_true, -1)
        inputs_grad = sampled_grad @ self.rows[:num_sampled]
        inputs_grad += np.einsum("bt,btd->bd", true_grad, true_rows)
        np.matmul(sampled_grad.T, self.inputs, out=self.rows[:num_sampled])
        np.einsum("bt,bd->btd", true_grad, self.inputs, out=true_rows)
        ones = np.ones(batch_size, self.inputs.dtype)  # a product with ones is a sum, and faster than .sum here
        biases_grad = np.concatenate([ones @ sampled_grad, true_grad.ravel()])
        ids = np.concatenate([self.sampled_values.sampled, self.labels.ravel()])
        ids, weights_grad, biases_grad = sum_rows(ids, self.rows, biases_grad)
        dtype = self.given.dtype
        return SampledGrad(
            inputs_grad.astype(dtype, copy=False),
            ids,
            weights_grad.astype(dtype, copy=False),
            biases_grad.astype(dtype, copy=False),
        )


def sum_rows(ids: Ints, rows: Floats, numbers: Floats) -> tuple[Ints, Floats, Floats]:
    """What belongs to one id added up, so that each id stands there once.

    A class can be the label of several rows, a label and a sample, or drawn twice, and its row of weights must get the
    sum. `weights[ids] -= rows` with an id that comes twice would keep only the last, silently. What comes again is
    added to where the id came first, and the gaps are closed, all in the memory given: mostly there is little to move.

    Args:
        ids: class ids, [num_rows].
        rows: [num_rows, dim]; overwritten.
        numbers: [num_rows]; overwritten.

    Returns:
        The distinct ids in order of appearance, [num_distinct], and the sums, [num_distinct, dim] and [num_distinct].

    Example:
        >>> sum_rows(np.array([7, 2, 7]), np.array([[1.0, 2.0], [3.0, 4.0], [10.0, 20.0]]), np.array([0.5, 1.0, 0.25]))
        (array([7, 2]), array([[11., 22.],
               [ 3.,  4.]]), array([0.75, 1.  ]))
    """
    _, first, place = np.unique(ids, return_index=True, return_inverse=True)
    target = first[place]
    again = np.flatnonzero(target != np.arange(len(ids)))
    np.add.at(numbers, target[again], numbers[again])
    for row in again:  # several times as fast as np.add.at, which goes number by number
        rows[target[row]] += rows[row]
    if len(again):
        later = np.sort(first[first > again[0]])
        end = again[0] + len(later)
        rows[again[0] : end], numbers[again[0] : end] = rows[later], numbers[later]
        ids = np.concatenate([ids[: again[0]], ids[later]])
    return ids, rows[: len(ids)], numbers[: len(ids)]


def sgd_update(parameters: Floats, ids: npt.ArrayLike, rows: npt.ArrayLike, *, learning_rate: float) -> None:
    """One step of gradient descent on the rows touched, in place: parameters[ids] -= learning_rate · rows.

    The other rows are not even read. An optimiser with a memory (Adagrad) keeps an array like the parameters and
    treats the same rows of it.

    Args:
        parameters: an array of floats that is changed, [num_classes, dim] or [num_classes].
        ids: rows to change, each once, [num_touched].
        rows: their gradient, [num_touched, dim] or [num_touched].
        learning_rate: the length of a step for a gradient of 1; positive.

    Raises:
        ValueError: the parameters are not a NumPy array of floats that can be written, an id is out of range or comes
            twice, a number is not finite, or shapes do not fit. Nothing is changed then.

    Example:
        >>> weights = np.zeros((4, 2))
        >>> sgd_update(weights, [3, 1], [[1.0, 2.0], [0.0, -1.0]], learning_rate=0.5)
        >>> weights
        array([[ 0. ,  0. ],
               [ 0. ,  0.5],
               [ 0. ,  0. ],
               [-0.5, -1. ]])
    """
    if not isinstance(parameters, np.ndarray) or parameters.dtype.kind != "f" or not parameters.flags.writeable:
        raise ValueError("parameters must be a NumPy array of floats that can be written, as it is changed in place")
    touched, grad = checks.integers("ids", ids), checks.floats("rows", rows)
    if touched.ndim != 1 or np.unique(touched).size != touched.size:
        raise ValueError(f"ids must be one row of different ids, got shape {touched.shape} with repeats")
    checks.class_ids("ids", touched, len(parameters))
    if grad.shape != (len(touched), *parameters.shape[1:]):
        raise ValueError(
            f"rows must have shape {(len(touched), *parameters.shape[1:])} to go with ids of shape {touched.shape} and"
            f" parameters of shape {parameters.shape}, got {grad.shape}"
        )
    if not np.isfinite(grad).all():
        raise ValueError(f"rows must be finite, got {grad[~np.isfinite(grad)][0]}: one such step ends all learning")
    parameters[touched] -= (checks.positive("learning_rate", learning_rate) * grad).astype(parameters.dtype, copy=False)


def touch(
    weights: npt.ArrayLike,
    biases: npt.ArrayLike,
    labels: npt.ArrayLike,
    inputs: npt.ArrayLike,
    sampled_values: SampledValues,
) -> Touched:
    """Check the arguments of a sampled loss and gather the rows that it reads; nothing here grows with num_classes.

    Args:
        weights: [num_classes, dim].
        biases: [num_classes].
        labels: [batch_size, num_true].
        inputs: [batch_size, dim].
        sampled_values: from a sampler.

    Returns:
        Touched.

    Raises:
        ValueError: an id is out of range, a count is negative or not finite, or shapes do not fit.
    """
    inputs, weights = checks.floats("inputs", inputs), checks.floats("weights", weights)
    if inputs.ndim != 2:
        raise ValueError(f"inputs must have shape [batch_size, dim], got {inputs.shape}")
    if weights.ndim != 2 or weights.shape[1] != inputs.shape[1]:
        hint = ": a Keras kernel has to be transposed" if weights.shape[:1] == inputs.shape[1:] else ""
        raise ValueError(
            f"weights must have shape [num_classes, {inputs.shape[1]}] to go with inputs of shape {inputs.shape},"
            f" got {weights.shape}{hint}"
        )
    biases = checks.floats("biases", biases)
    if biases.shape != weights.shape[:1]:
        raise ValueError(
            f"biases must have shape {weights.shape[:1]} to go with weights of shape {weights.shape},"
            f" got {biases.shape}"
        )
    labels = true_classes(labels, len(weights))
    if len(labels) != len(inputs):
        raise ValueError(
            f"labels must have shape [{len(inputs)}, num_true] to go with inputs of shape {inputs.shape},"
            f" got {labels.shape}"
        )
    values = _checked(sampled_values, labels, len(weights))
    given = np.empty(0, np.result_type(inputs, weights, biases))
    dtype = working_dtype(given)
    ids = np.concatenate([values.sampled, labels.ravel()])
    rows = weights.take(ids, axis=0).astype(dtype, copy=False)
    return Touched(
        labels, values, inputs.astype(dtype, copy=False), rows, biases.take(ids).astype(dtype, copy=False), given
    )


def _checked(sampled_values: SampledValues, labels: Ints, num_classes: int) -> SampledValues:
    """Ids in range, and a count that is not negative for each label and each sampled id."""
    try:
        sampled, true_expected_count, sampled_expected_count, *_ = sampled_values
    except (TypeError, ValueError):
        raise ValueError(
            "sampled_values must be (sampled, true_expected_count, sampled_expected_count), as a sampler gives them,"
            f" got {type(sampled_values).__name__}"
        ) from None
    sampled = checks.integers("sampled", sampled)
    if sampled.ndim != 1:
        raise ValueError(f"sampled must have shape [num_sampled], got {sampled.shape}")
    checks.class_ids("sampled", sampled, num_classes)
    return SampledValues(
        sampled,
        _counts("true_expected_count", true_expected_count, "labels", labels),
        _counts("sampled_expected_count", sampled_expected_count, "sampled", sampled),
    )


def _counts(name: str, values: npt.ArrayLike, other_name: str, other: Ints) -> Floats:
    counts = checks.floats(name, values)
    checks.same_shape(name, counts, other_name, other)
    wrong = ~((counts >= 0) & (counts < np.inf))
    if wrong.any():
        raise ValueError(f"{name} must be finite and not negative, got {counts[wrong][0]}")
    return counts
