"""Where logits come from, and where the gradient goes next.

A dense layer scores every class by the inner product of one row of weights with the hidden vector. Its gradient is
three lines, and they are all of backpropagation through a layer.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core import checks
from core.checks import Floats
from core.cross_entropy import sparse_cross_entropy_grad
from core.softmax import working_dtype


class DenseGrad(NamedTuple):
    """The gradient of a loss with respect to each argument of `dense`, each of its shape."""

    inputs: Floats
    weights: Floats
    biases: Floats


class TiedGrad(NamedTuple):
    """The gradient with respect to a shared matrix, in its two parts and together, each [num_classes, dim]."""

    as_input: Floats
    as_output: Floats
    total: Floats


def dense(inputs: npt.ArrayLike, weights: npt.ArrayLike, biases: npt.ArrayLike) -> Floats:
    """Logits of hidden vectors: inputs @ weights.T + biases.

    Row c of the weights is class c's own vector. (A Keras kernel is the transpose, [dim, num_classes].)

    Args:
        inputs: hidden vectors, [..., dim].
        weights: [num_classes, dim].
        biases: [num_classes].

    Returns:
        Logits, [..., num_classes], in the widest dtype of the three.

    Raises:
        ValueError: shapes do not fit.

    Example:
        >>> dense([1.0, 2.0], [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [0.0, 0.0, 0.5])
        array([1. , 2. , 3.5])
    """
    inputs, weights = _inputs_and_weights(inputs, weights)
    biases = checks.floats("biases", biases)
    if biases.shape != weights.shape[:1]:
        raise ValueError(
            f"biases must have shape {weights.shape[:1]} to go with weights of shape {weights.shape},"
            f" got {biases.shape}"
        )
    dtype = np.result_type(inputs, weights, biases)
    logits = _wide(inputs) @ _wide(weights).T
    logits += biases
    return logits.astype(dtype, copy=False)


def dense_grad(inputs: npt.ArrayLike, weights: npt.ArrayLike, logits_grad: npt.ArrayLike) -> DenseGrad:
    """The gradient that arrives at the logits, passed on to whatever made them.

    With g = probs - one_hot, class c's weights get the sum over the batch of g[c] times the hidden vector: a class is
    moved towards the hidden vectors it was too improbable for and away from the others. Its bias gets the sum of g[c].
    The hidden vector gets g @ weights: towards the label's row, away from the average row under the probabilities.
    Every row of the weights gets something, every step: with 200,000 classes, that is what sampled losses save.

    Args:
        inputs: hidden vectors, [..., dim].
        weights: [num_classes, dim].
        logits_grad: gradient with respect to the logits, [..., num_classes]; of a mean if the loss was a mean.

    Returns:
        DenseGrad(inputs, weights, biases), shaped like the arguments of `dense`.

    Raises:
        ValueError: shapes do not fit.

    Example:
        >>> inputs, weights = [[1.0, 2.0]], [[0.0, 0.0], [0.0, 1.0]]
        >>> logits_grad = sparse_cross_entropy_grad(dense(inputs, weights, [0.0, 2.0]), [0])
        >>> dense_grad(inputs, weights, logits_grad).weights.round(3)
        array([[-0.982, -1.964],
               [ 0.982,  1.964]])

    Source: CS231n notes, "Backpropagation, gradients for vectorized operations".
    """
    inputs, weights = _inputs_and_weights(inputs, weights)
    logits_grad = checks.floats("logits_grad", logits_grad)
    if logits_grad.shape != (*inputs.shape[:-1], len(weights)):
        raise ValueError(
            f"logits_grad must have shape {(*inputs.shape[:-1], len(weights))} to go with inputs of shape"
            f" {inputs.shape} and weights of shape {weights.shape}, got {logits_grad.shape}"
        )
    dtype = np.result_type(inputs, weights, logits_grad)
    flat_inputs = _wide(inputs).reshape(-1, inputs.shape[-1])
    flat_grad = _wide(logits_grad).reshape(-1, len(weights))
    return DenseGrad(
        inputs=(flat_grad @ _wide(weights)).reshape(inputs.shape).astype(dtype, copy=False),
        weights=(flat_grad.T @ flat_inputs).astype(dtype, copy=False),
        biases=flat_grad.sum(axis=0).astype(dtype, copy=False),
    )


def tied_grad(
    embedding: npt.ArrayLike, token: npt.ArrayLike, labels: npt.ArrayLike, *, temperature: float = 1.0
) -> TiedGrad:
    """The gradient when one matrix both reads the token and scores the classes: it has two parts.

    A language model of one step: the hidden vector is the token's row, the logits are embedding @ embedding[token],
    the loss is their cross-entropy with the next token. As *output* weights every row gets a gradient, as *input*
    embedding only the rows of the tokens that were read. Frameworks add both silently; forgetting one is a common
    error.

    Args:
        embedding: the shared matrix, [num_classes, dim].
        token: what is read, ids in [0, num_classes), [...].
        labels: what comes next, ids in [0, num_classes), like `token`; the loss is the sum over them.
        temperature: what the logits are divided by.

    Returns:
        TiedGrad(as_input, as_output, total), each [num_classes, dim]; as_input + as_output = total.

    Raises:
        ValueError: an id is out of range, or shapes do not fit.

    Example:
        >>> grad = tied_grad([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], token=0, labels=1)
        >>> grad.as_input.round(3)
        array([[ 0.845, -0.422],
               [ 0.   ,  0.   ],
               [ 0.   ,  0.   ]])
        >>> grad.as_output.round(3)
        array([[ 0.422,  0.   ],
               [-0.845,  0.   ],
               [ 0.422,  0.   ]])

    Source: Press and Wolf 2017, "Using the output embedding to improve language models", section 3.
    """
    embedding = checks.floats("embedding", embedding)
    if embedding.ndim != 2:
        raise ValueError(f"embedding must have shape [num_classes, dim], got {embedding.shape}")
    tokens = checks.integers("token", token)
    checks.class_ids("token", tokens, len(embedding))
    hidden = embedding[tokens]
    logits = dense(hidden, embedding, np.zeros(len(embedding), embedding.dtype))
    logits_grad = sparse_cross_entropy_grad(logits, labels, temperature=temperature)
    grad = dense_grad(hidden, embedding, logits_grad)
    as_input = np.zeros_like(embedding)
    np.add.at(as_input, tokens, grad.inputs)  # not as_input[tokens] += ...: that would lose a token read twice
    return TiedGrad(as_input, grad.weights, as_input + grad.weights)


def _inputs_and_weights(inputs: npt.ArrayLike, weights: npt.ArrayLike) -> tuple[Floats, Floats]:
    inputs = checks.floats("inputs", inputs)
    weights = checks.floats("weights", weights)
    if weights.ndim != 2 or weights.shape[1] != inputs.shape[-1]:
        raise ValueError(
            f"weights must have shape [num_classes, {inputs.shape[-1]}] to go with inputs of shape {inputs.shape},"
            f" got {weights.shape}"
        )
    return inputs, weights


def _wide(array: Floats) -> Floats:
    return array.astype(working_dtype(array), copy=False)
