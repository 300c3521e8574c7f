"""How good is a sampled loss? Bias and spread, measured against the full loss of the same model.

An estimate can be wrong on average (bias) and different each time (spread), and for training what counts is not the
loss but its gradient. So draw many samples, compute the loss and its gradient with respect to the inputs from each,
and compare: their mean with the full one, and each with their mean.

On a made-up model with Zipf labels (`zipf_model`) it shows that the loss of sampled softmax is far too low and its
gradient soon right; that without log Q the loss is nearer and the gradient stays wrong; that removing hits is right for
unique samples and wrong for samples with replacement; and that the importance form is right in both, exactly so in its
loss if it draws from the model's own softmax. Even then the gradient's spread is about 1/sqrt(num_sampled).

For NCE and negative sampling no draws are needed: every draw adds its own term, so the expected gradient is a formula,
`nce_expected_grad`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core import checks
from core.checks import Floats, Ints
from core.cross_entropy import sparse_cross_entropy, sparse_cross_entropy_grad
from core.dense import dense
from core.sampled import correct, correct_for_importance
from core.sampled_grad import logistic_with_grad, softmax_with_grad
from core.samplers import SampledValues, Sampler, generator, true_classes
from core.sigmoid import sigmoid
from core.softmax import softmax

LOSSES = ("sampled_softmax", "importance_softmax", "nce")


class ZipfModel(NamedTuple):
    """A layer half-way through its training and a batch for it, in the order in which the sampled losses take them."""

    weights: Floats
    """[num_classes, dim]"""
    biases: Floats
    """[num_classes]"""
    labels: Ints
    """[batch_size, 1]"""
    inputs: Floats
    """[batch_size, dim]"""


class SamplingError(NamedTuple):
    """What many draws of a sampled loss give, beside the full loss of the same model and batch."""

    full_loss: float
    """Mean over the batch, in nats."""
    losses: Floats
    """The mean over the batch from each draw, [num_draws]."""
    loss_bias: float
    """Mean of those minus the full loss, in nats."""
    loss_spread: float
    """Their standard deviation, in nats."""
    grad_bias: float
    """Length of (mean gradient - full gradient) over that of the full gradient, without what is only the noise of
    finitely many draws."""
    grad_spread: float
    """Root mean square distance of the gradients from their mean, over the length of the full gradient."""
    grad_cosine: float
    """Cosine of the angle between the mean gradient and the full one."""


def zipf_model(
    num_classes: int = 10_000, dim: int = 16, batch_size: int = 64, *, rng: np.random.Generator
) -> ZipfModel:
    """A model to try samplers on: labels as skewed as words are, and a student that has learnt half of it.

    A teacher gives class k the bias -ln(k + 1), so that frequencies fall like 1/rank, and random weights; labels are
    drawn from its softmax. The student has half of the teacher's weights and four fifths of its biases.

    Args:
        num_classes: how many classes; id 0 is the most frequent, as the log-uniform sampler wants it.
        dim: length of the hidden vectors.
        batch_size: how many examples.
        rng: where the randomness comes from.

    Returns:
        ZipfModel: the student, labels and inputs.

    Raises:
        ValueError: a size is not at least 1.

    Example:
        >>> model = zipf_model(rng=np.random.default_rng(0))
        >>> logits = dense(model.inputs, model.weights, model.biases)
        >>> float(sparse_cross_entropy(logits, model.labels[:, 0]).mean().round(2)), float(np.log(10_000).round(2))
        (6.17, 9.21)
    """
    num_classes = checks.count("num_classes", num_classes, at_least=1)
    dim, batch_size = checks.count("dim", dim, at_least=1), checks.count("batch_size", batch_size, at_least=1)
    generator(rng)
    weights = 0.4 * rng.standard_normal((num_classes, dim))
    biases = -np.log(np.arange(1.0, num_classes + 1))
    inputs = rng.standard_normal((batch_size, dim))
    labels = _RowSampler(softmax(dense(inputs, weights, biases))).ids(1, rng)
    return ZipfModel(0.5 * weights, 0.8 * biases, labels, inputs)


def sampling_error(
    weights: npt.ArrayLike,
    biases: npt.ArrayLike,
    labels: npt.ArrayLike,
    inputs: npt.ArrayLike,
    sampler: Sampler | None,
    num_sampled: int,
    *,
    loss: str = "sampled_softmax",
    unique: bool = True,
    subtract_log_q: bool = True,
    remove_accidental_hits: bool = True,
    num_draws: int = 200,
    rng: np.random.Generator,
) -> SamplingError:
    """Bias and spread of a sampled loss and of its gradient with respect to the inputs.

    All classes are scored once, which is what a sampled loss avoids and a yardstick may do; a draw then only looks its
    logits up.

    Args:
        weights: [num_classes, dim].
        biases: [num_classes].
        labels: [batch_size, 1].
        inputs: [batch_size, dim].
        sampler: draws for the whole batch; or None: each row draws from its own softmax, its label left out, with
            replacement (for the importance form only).
        num_sampled: how many classes a draw has.
        loss: "sampled_softmax", "importance_softmax" or "nce"; of NCE the gradient is compared, its loss is in another
            unit.
        unique: as in `Sampler.sample`.
        subtract_log_q: as in `sampled_logits`; the importance form always does.
        remove_accidental_hits: as in `sampled_logits`; the importance form always does.
        num_draws: how many samples to draw, at least 2.
        rng: where the randomness comes from.

    Returns:
        SamplingError.

    Raises:
        ValueError: a setting is not allowed, a shape does not fit, or the full gradient is zero.

    Example:
        >>> from core.samplers import LogUniformSampler
        >>> model, rng = zipf_model(1000, rng=np.random.default_rng(0)), np.random.default_rng(1)
        >>> error = sampling_error(*model, LogUniformSampler(1000), 100, rng=rng)
        >>> f"loss {error.loss_bias:+.1f} nats, gradient {error.grad_bias:.0%} off on average"
        'loss -1.1 nats, gradient 2% off on average'

    Source: Bengio and Senécal 2008, section 5; Rawat et al. 2019, theorem 1, bounds the gradient's bias.
    """
    layer = _checked(weights, biases, labels, inputs, sampler, loss)
    num_draws = checks.count("num_draws", num_draws, at_least=2)
    generator(rng)
    logits = dense(layer.inputs, layer.weights, layer.biases)
    full_loss = float(sparse_cross_entropy(logits, layer.labels[:, 0], reduction="mean"))
    full_grad = sparse_cross_entropy_grad(logits, layer.labels[:, 0], reduction="mean") @ layer.weights
    length = float(np.linalg.norm(full_grad))
    if not length:
        raise ValueError("weights must not make the full gradient zero, as it does here: nothing can be compared to it")

    true_logits = np.take_along_axis(logits, layer.labels, axis=1)
    own = _RowSampler(softmax(_without(logits, layer.labels))) if sampler is None else None
    losses, mean_grad, squares = np.empty(num_draws), np.zeros_like(full_grad), 0.0
    for draw in range(num_draws):
        if own is not None:
            values = own.sample(num_sampled, rng)
            sampled_logits = np.take_along_axis(logits, values.sampled, axis=1)
        elif sampler is not None:
            values = sampler.sample(layer.labels, num_sampled, unique=unique, rng=rng)
            sampled_logits = logits.take(values.sampled, axis=1)
        few = np.concatenate([true_logits, sampled_logits], axis=1)
        if loss == "importance_softmax":
            correct_for_importance(few, layer.labels, values)
        else:
            correct(few, layer.labels, values, subtract_log_q, remove_accidental_hits)
        row_losses, few_grad = (logistic_with_grad if loss == "nce" else softmax_with_grad)(few, num_true=1)
        losses[draw] = row_losses.mean()
        grad = _times_rows(few_grad[:, :1], layer.labels, layer.weights)
        grad += _times_rows(few_grad[:, 1:], values.sampled, layer.weights)
        grad /= len(logits)
        mean_grad += grad / num_draws
        squares += float((grad**2).sum())

    variance = max(0.0, squares - num_draws * float((mean_grad**2).sum())) / (num_draws - 1)
    squared_bias = float(((mean_grad - full_grad) ** 2).sum()) - variance / num_draws
    return SamplingError(
        full_loss=full_loss,
        losses=losses,
        loss_bias=float(losses.mean()) - full_loss,
        loss_spread=float(losses.std(ddof=1)),
        grad_bias=max(0.0, squared_bias) ** 0.5 / length,
        grad_spread=variance**0.5 / length,
        grad_cosine=_cosine(mean_grad, full_grad),
    )


def nce_expected_grad(
    logits: npt.ArrayLike,
    label_probs: npt.ArrayLike,
    noise_probs: npt.ArrayLike,
    num_sampled: int,
    *,
    subtract_log_q: bool = True,
) -> Floats:
    """The gradient of NCE with respect to each class's logit, averaged over all labels and all samples.

    With u = exp(logit), p the distribution of the labels, q that of the noise and k = num_sampled,

        k q / (u + k q) · (u - p)

    The factor dims the gradient of classes that noise seldom proposes; it nears 1 as k grows, and u - p is the gradient
    of the full loss if the model is normalised, sum u = 1. At rest is u = p.

    Without log Q (negative sampling) it is k q sigmoid(logit) - p sigmoid(-logit): at rest where u = p / (k q).

    Args:
        logits: [..., num_classes].
        label_probs: p, like `logits`; one-hot for a single label.
        noise_probs: q, [num_classes], or like `logits`; drawn with replacement, hits kept.
        num_sampled: k.
        subtract_log_q: False for negative sampling.

    Returns:
        Like `logits`.

    Raises:
        ValueError: rows that are no distributions, shapes that do not fit, or a logit that is NaN.

    Example:
        >>> p, u, q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.4, 0.4]), [0.6, 0.3, 0.1]
        >>> for num_sampled in (1, 10, 100):
        ...     print(nce_expected_grad(np.log(u), p, q, num_sampled).round(3))
        [-0.225  0.043  0.04 ]
        [-0.29   0.088  0.143]
        [-0.299  0.099  0.192]
        >>> print(u - p)
        [-0.3  0.1  0.2]

    Source: Mnih and Teh 2012, equation 9 and the remark below it; Levy and Goldberg 2014, equation 5, for the other.
    """
    logits = checks.floats("logits", logits)
    data, noise = checks.distributions("label_probs", label_probs), checks.distributions("noise_probs", noise_probs)
    checks.same_shape("label_probs", data, "logits", logits)
    if noise.shape != logits.shape[-1:]:
        checks.same_shape("noise_probs", noise, "logits", logits)
    draws = checks.count("num_sampled", num_sampled, at_least=1) * noise
    with np.errstate(divide="ignore"):  # log 0 = -inf: what is never noise is always data
        log_odds = logits - np.log(draws) if subtract_log_q else logits
    return np.asarray(draws * sigmoid(log_odds) - data * sigmoid(-log_odds))


class _RowSampler:
    """A distribution of its own for each row, drawn from with replacement."""

    def __init__(self, probs: Floats) -> None:
        self.probs = probs
        cumulative = np.cumsum(probs, axis=1)
        cumulative /= cumulative[:, -1:]
        self._places = (cumulative + np.arange(len(probs))[:, None]).ravel()  # row i in [i, i + 1): one sorted list

    def ids(self, num_sampled: int, rng: np.random.Generator) -> Ints:
        """Class ids, [batch_size, num_sampled]; sorted within a row, so that the look-up stays in the cache."""
        num_rows, num_classes = self.probs.shape
        uniforms = np.sort(rng.random((num_rows, num_sampled)), axis=1)
        rows = np.arange(num_rows)[:, None]
        found = np.searchsorted(self._places, (uniforms + rows).ravel(), side="right").reshape(uniforms.shape)
        ids: Ints = np.minimum(found - rows * num_classes, num_classes - 1)
        return ids

    def sample(self, num_sampled: int, rng: np.random.Generator) -> SampledValues:
        """As a sampler gives it, but for each row; no label is expected."""
        num_sampled = checks.count("num_sampled", num_sampled, at_least=1)
        sampled = self.ids(num_sampled, rng)
        counts = num_sampled * np.take_along_axis(self.probs, sampled, axis=1)
        return SampledValues(sampled, np.zeros((len(sampled), 1)), counts, num_sampled)


def _checked(
    weights: npt.ArrayLike,
    biases: npt.ArrayLike,
    labels: npt.ArrayLike,
    inputs: npt.ArrayLike,
    sampler: Sampler | None,
    loss: str,
) -> ZipfModel:
    if loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(map(repr, LOSSES))}, got {loss!r}")
    if sampler is None and loss != "importance_softmax":
        raise ValueError(f"sampler must be given for loss={loss!r}: None is for the importance form only")
    floats = [
        checks.floats(name, values).astype(np.float64, copy=False)
        for name, values in (("weights", weights), ("biases", biases), ("inputs", inputs))
    ]
    if floats[2].ndim != 2:
        raise ValueError(f"inputs must have shape [batch_size, dim], got {floats[2].shape}")
    array = true_classes(labels, len(floats[0]))
    if array.shape != (len(floats[2]), 1):
        raise ValueError(f"labels must have shape ({len(floats[2])}, 1), a true class a row, got {array.shape}")
    if sampler is not None and sampler.num_classes != len(floats[0]):
        raise ValueError(f"sampler must have the {len(floats[0])} classes of the weights, got {sampler.num_classes}")
    return ZipfModel(floats[0], floats[1], array, floats[2])


def _without(logits: Floats, labels: Ints) -> Floats:
    """-inf at each row's label."""
    others = logits.copy()
    np.put_along_axis(others, labels, -np.inf, axis=1)
    return others


def _times_rows(grad: Floats, ids: Ints, weights: Floats) -> Floats:
    """The gradient of a row's few logits times the weights of their classes, [batch_size, dim]."""
    if ids.ndim == 1:
        return np.asarray(grad @ weights.take(ids, axis=0))
    if ids.shape[1] == 1:
        return np.asarray(grad * weights.take(ids[:, 0], axis=0))
    num_rows, num_classes = len(ids), len(weights)
    cells = (ids + np.arange(num_rows)[:, None] * num_classes).ravel()
    by_class = np.bincount(cells, grad.ravel(), minlength=num_rows * num_classes)
    return np.asarray(by_class.reshape(num_rows, num_classes) @ weights)


def _cosine(one: Floats, other: Floats) -> float:
    """Of the angle between them; 0 if one has no direction."""
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float((one * other).sum()) / lengths if lengths else 0.0
