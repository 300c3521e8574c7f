"""The sampled losses with their gradients: what training calls.

Each function here is the loss of the same name in core/sampled.py, with the gradient out of the same pass. On the
logits the gradient is what it always is, probability minus label: of softmax over the columns in sight, or of one
sigmoid a column. From there `Touched.grad` takes it on to the inputs and to the few rows of weights that were read.

The sample and its expected counts are constants: nothing flows back into the sampler.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core import checks
from core.checks import Floats
from core.sampled import correct, correct_for_importance
from core.samplers import SampledValues
from core.sigmoid import sigmoid_cross_entropy, sigmoid_cross_entropy_grad
from core.softmax import cast_back, exp_blocks
from core.touched import SampledGrad, Touched, touch

COLUMNS = 1 << 17
"""How many bytes of logits `logistic_with_grad` works on at once: its passes find them in the cache."""


def sampled_softmax_loss_with_grad(
    weights: npt.ArrayLike,
    biases: npt.ArrayLike,
    labels: npt.ArrayLike,
    inputs: npt.ArrayLike,
    sampled_values: SampledValues,
    *,
    subtract_log_q: bool = True,
    remove_accidental_hits: bool = True,
    reduction: str = "none",
) -> tuple[Floats, SampledGrad]:
    """`sampled_softmax_loss` and its gradient.

    Args:
        weights: [num_classes, dim].
        biases: [num_classes].
        labels: [batch_size, num_true].
        inputs: [batch_size, dim].
        sampled_values: from a sampler.
        subtract_log_q: as in `sampled_logits`.
        remove_accidental_hits: as in `sampled_logits`.
        reduction: "none", "sum" or "mean" of the losses; the gradient is that of the sum, or of the mean.

    Returns:
        Loss in nats, [batch_size] or one number, and SampledGrad(inputs, ids, weights, biases).

    Raises:
        ValueError: as `sampled_softmax_loss`.

    Example:
        >>> from core.samplers import UniformSampler
        >>> weights, biases, inputs = np.zeros((1000, 2)), np.zeros(1000), np.array([[1.0, -1.0]])
        >>> values = UniformSampler(1000).sample([[3]], 3, rng=np.random.default_rng(0))
        >>> loss, grad = sampled_softmax_loss_with_grad(weights, biases, [[3]], inputs, values, reduction="mean")
        >>> grad.ids, grad.biases  # four of a thousand: pull the true one, push the others
        (array([636, 269,  40,   3]), array([ 0.25,  0.25,  0.25, -0.75]))

    Source: TensorFlow, `nn_impl.py`, sampled_softmax_loss, differentiated.
    """
    layer = touch(weights, biases, labels, inputs, sampled_values)
    logits = layer.logits()
    correct(logits, layer.labels, layer.sampled_values, subtract_log_q, remove_accidental_hits)
    losses, logits_grad = softmax_with_grad(logits, layer.labels.shape[1])
    return _backward(layer, losses, logits_grad, reduction)


def nce_loss_with_grad(
    weights: npt.ArrayLike,
    biases: npt.ArrayLike,
    labels: npt.ArrayLike,
    inputs: npt.ArrayLike,
    sampled_values: SampledValues,
    *,
    subtract_log_q: bool = True,
    remove_accidental_hits: bool = False,
    reduction: str = "none",
) -> tuple[Floats, SampledGrad]:
    """`nce_loss` and its gradient.

    Args:
        weights: [num_classes, dim].
        biases: [num_classes].
        labels: [batch_size, num_true].
        inputs: [batch_size, dim].
        sampled_values: from a sampler.
        subtract_log_q: as in `sampled_logits`.
        remove_accidental_hits: as in `sampled_logits`.
        reduction: "none", "sum" or "mean" of the losses; the gradient is that of the sum, or of the mean.

    Returns:
        Loss in nats, [batch_size] or one number, and SampledGrad(inputs, ids, weights, biases).

    Raises:
        ValueError: as `nce_loss`.

    Example:
        >>> from core.samplers import UniformSampler
        >>> weights, biases, inputs = np.zeros((1000, 2)), np.zeros(1000), np.array([[1.0, -1.0]])
        >>> values = UniformSampler(1000).sample([[3]], 3, unique=False, rng=np.random.default_rng(0))
        >>> loss, grad = nce_loss_with_grad(weights, biases, [[3]], inputs, values)
        >>> grad.biases.round(3)  # exp(0) = 1 of a thousand is far too much: 1 / (1 + 0.003) says "data"
        array([ 0.997,  0.997,  0.997, -0.003])

    Source: Mnih and Teh 2012, equation 9; TensorFlow, `nn_impl.py`, nce_loss, differentiated.
    """
    layer = touch(weights, biases, labels, inputs, sampled_values)
    logits = layer.logits()
    correct(logits, layer.labels, layer.sampled_values, subtract_log_q, remove_accidental_hits)
    losses, logits_grad = logistic_with_grad(logits, layer.labels.shape[1])
    return _backward(layer, losses, logits_grad, reduction)


def negative_sampling_loss_with_grad(
    weights: npt.ArrayLike,
    biases: npt.ArrayLike,
    labels: npt.ArrayLike,
    inputs: npt.ArrayLike,
    sampled_values: SampledValues,
    *,
    remove_accidental_hits: bool = False,
    reduction: str = "none",
) -> tuple[Floats, SampledGrad]:
    """`negative_sampling_loss` and its gradient: word2vec's update, -learning_rate times this.

    Args:
        weights: [num_classes, dim].
        biases: [num_classes].
        labels: [batch_size, num_true].
        inputs: [batch_size, dim].
        sampled_values: from a sampler.
        remove_accidental_hits: as in `sampled_logits`.
        reduction: "none", "sum" or "mean" of the losses; the gradient is that of the sum, or of the mean.

    Returns:
        Loss in nats, [batch_size] or one number, and SampledGrad(inputs, ids, weights, biases).

    Raises:
        ValueError: as `negative_sampling_loss`.

    Example:
        >>> from core.samplers import UniformSampler
        >>> weights, biases, inputs = np.zeros((1000, 2)), np.zeros(1000), np.array([[1.0, -1.0]])
        >>> values = UniformSampler(1000).sample([[3]], 3, rng=np.random.default_rng(0))
        >>> loss, grad = negative_sampling_loss_with_grad(weights, biases, [[3]], inputs, values)
        >>> grad.biases
        array([ 0.5,  0.5,  0.5, -0.5])

    Source: Mikolov et al. 2013, equation 4; Rong 2014, equations 57 to 61.
    """
    return nce_loss_with_grad(
        weights,
        biases,
        labels,
        inputs,
        sampled_values,
        subtract_log_q=False,
        remove_accidental_hits=remove_accidental_hits,
        reduction=reduction,
    )


def sampled_logistic_loss_with_grad(
    weights: npt.ArrayLike,
    biases: npt.ArrayLike,
    labels: npt.ArrayLike,
    inputs: npt.ArrayLike,
    sampled_values: SampledValues,
    *,
    reduction: str = "none",
) -> tuple[Floats, SampledGrad]:
    """`sampled_logistic_loss` and its gradient.

    Args:
        weights: [num_classes, dim].
        biases: [num_classes].
        labels: [batch_size, num_true].
        inputs: [batch_size, dim].
        sampled_values: from a sampler.
        reduction: "none", "sum" or "mean" of the losses; the gradient is that of the sum, or of the mean.

    Returns:
        Loss in nats, [batch_size] or one number, and SampledGrad(inputs, ids, weights, biases).

    Raises:
        ValueError: as `sampled_logistic_loss`.

    Example:
        >>> from core.samplers import all_candidates
        >>> layer, values = (np.zeros((2, 1)), np.zeros(2), [[1]], [[1.0]]), all_candidates([[1]], 2)
        >>> sampled_logistic_loss_with_grad(*layer, values)[1].biases, nce_loss_with_grad(*layer, values)[1].biases
        (array([ 0.5, -0.5]), array([0.5, 0. ]))

    Source: TensorFlow, "What is candidate sampling", Sampled Logistic.
    """
    return nce_loss_with_grad(
        weights, biases, labels, inputs, sampled_values, remove_accidental_hits=True, reduction=reduction
    )


def importance_softmax_loss_with_grad(
    weights: npt.ArrayLike,
    biases: npt.ArrayLike,
    labels: npt.ArrayLike,
    inputs: npt.ArrayLike,
    sampled_values: SampledValues,
    *,
    reduction: str = "none",
) -> tuple[Floats, SampledGrad]:
    """`importance_softmax_loss` and its gradient.

    With the model's own softmax as the sampler the loss is exact and the gradient right on average, not exact: the
    push that all wrong classes share is put on those that were drawn.

    Args:
        weights: [num_classes, dim].
        biases: [num_classes].
        labels: [batch_size, num_true].
        inputs: [batch_size, dim].
        sampled_values: from a sampler.
        reduction: "none", "sum" or "mean" of the losses; the gradient is that of the sum, or of the mean.

    Returns:
        Loss in nats, [batch_size] or one number, and SampledGrad(inputs, ids, weights, biases).

    Raises:
        ValueError: as `importance_softmax_loss`.

    Example:
        >>> from core.samplers import SoftmaxSampler
        >>> logits = np.array([2.0, -1.0, 3.0, 2.0])  # the full gradient is 0.2097, 0.0104, -0.4299, 0.2097
        >>> layer = np.zeros((4, 1)), logits, [[2]], [[0.0]]
        >>> values = SoftmaxSampler(logits).sample([[2]], 3, unique=False, rng=np.random.default_rng(0))
        >>> grad = importance_softmax_loss_with_grad(*layer, values)[1]
        >>> grad.ids, grad.biases.round(4)
        (array([2, 0]), array([-0.4299,  0.4299]))

    Source: Bengio and Senécal 2008, equation 9, differentiated.
    """
    layer = touch(weights, biases, labels, inputs, sampled_values)
    logits = layer.logits()
    correct_for_importance(logits, layer.labels, layer.sampled_values)
    losses, logits_grad = softmax_with_grad(logits, layer.labels.shape[1])
    return _backward(layer, losses, logits_grad, reduction)


def softmax_with_grad(logits: Floats, num_true: int) -> tuple[Floats, Floats]:
    """Cross-entropy of each row with 1/num_true in its first columns, and probs - labels: one pass of `exp_blocks`.

    Args:
        logits: [batch_size, num_true + num_sampled]; -inf in a sampled column masks it. Overwritten by the gradient.
        num_true: how many columns are true.

    Returns:
        Loss in nats, [batch_size], and its gradient, like `logits`.

    Raises:
        ValueError: a logit is NaN or +inf.

    Example:
        >>> softmax_with_grad(np.log([[3.0, 1.0]]), 1)
        (array([0.28768207]), array([[-0.25,  0.25]]))
    """
    losses, true_logits = np.empty(len(logits), logits.dtype), logits[:, :num_true].copy()
    for block, exps, largest, totals in exp_blocks(logits, out=logits):
        losses[block] = (np.log(totals) - (true_logits[block] - largest)).mean(axis=1)
        exps /= totals
        exps[:, :num_true] -= 1 / num_true
    return losses, logits


def logistic_with_grad(logits: Floats, num_true: int) -> tuple[Floats, Floats]:
    """The sum of each row's yes-or-no questions, 1/num_true in the first columns, and sigmoid(logits) - labels.

    The few true columns are `sigmoid_cross_entropy` as it stands. A sampled one costs -ln sigmoid(-z) = max(z, 0) +
    ln(1 + exp(-|z|)), computed a few columns at a time and without a branch.

    Args:
        logits: [batch_size, num_true + num_sampled]; -inf in a sampled column masks it. Overwritten by the gradient.
        num_true: how many columns are true.

    Returns:
        Loss in nats, [batch_size], and its gradient, like `logits`.

    Raises:
        ValueError: a logit is NaN.

    Example:
        >>> logistic_with_grad(np.array([[0.0, 0.0, -np.inf]]), 1)
        (array([1.38629436]), array([[-0.5,  0.5,  0. ]]))
    """
    true_logits, negatives = logits[:, :num_true], logits[:, num_true:]
    labels = np.full_like(true_logits, 1 / num_true)
    losses = sigmoid_cross_entropy(true_logits, labels).sum(axis=1)
    true_logits[:] = sigmoid_cross_entropy_grad(true_logits, labels)
    size = max(1, COLUMNS // (len(logits) * logits.itemsize))
    for start in range(0, negatives.shape[1], size):
        block = negatives[:, start : start + size]
        with np.errstate(under="ignore"):
            small = np.exp(-np.abs(block))
            losses += (np.log1p(small) + np.maximum(block, 0)).sum(axis=1)
            block[:] = np.exp(np.minimum(block, 0)) / (1 + small)  # above the line, 1 if z is positive, else exp(-|z|)
    if np.isnan(losses).any():
        raise ValueError(f"logits must not be NaN, got nan in row {int(np.flatnonzero(np.isnan(losses))[0])}")
    return losses, logits


def _backward(layer: Touched, losses: Floats, logits_grad: Floats, reduction: str) -> tuple[Floats, SampledGrad]:
    reduction = checks.reduction(reduction)
    if reduction == "mean":
        logits_grad *= 1 / len(losses)
    total = {"none": losses, "sum": losses.sum(), "mean": losses.mean()}[reduction]
    return cast_back(np.asarray(total), layer.given), layer.grad(logits_grad)
