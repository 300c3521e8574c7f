"""Losses that look at a few classes instead of all: sampled softmax, NCE and their relatives.

With 200,000 classes, scoring them all is nearly the whole cost of a step. So score the true ones and a sample of the
others (core/samplers.py), [batch_size, num_true + num_sampled] logits instead of [batch_size, num_classes]:

    logits = inputs @ weights[label and sampled] + biases - log(expected counts)
    labels = 1/num_true in the true columns, 0 in the sampled ones

`sampled_logits` makes these two. What is asked of them is then one line, and it is the only difference between

    sampled_softmax_loss    cross_entropy(logits, labels)             which of these few is it?
    nce_loss                sigmoid_cross_entropy(...).sum(axis=-1)   data or noise? asked of each by itself

Three things surprise. A class that is drawn often has to count less, hence the - log(expected count): left out, the
loss looks right and the gradient is wrong. A true class can also be drawn as a sample and would then be pushed up and
down at once: an accidental hit. And none of these losses is the full cross-entropy: they are for training, and their
values can be compared with nothing but themselves.

Read `sampled_logits`, the two losses, the two that differ from NCE by a switch (`negative_sampling_loss`,
`sampled_logistic_loss`), and `importance_softmax_loss`, which estimates the full loss instead. The gradients are in
core/sampled_grad.py. Arguments are in TensorFlow's order and have its defaults.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core import checks
from core.checks import Floats, Ints
from core.cross_entropy import cross_entropy
from core.samplers import SampledValues
from core.sigmoid import sigmoid_cross_entropy
from core.softmax import cast_back
from core.touched import Touched, touch


class SampledLogits(NamedTuple):
    """What the sampled losses are made of; the true columns come first."""

    logits: Floats
    """[batch_size, num_true + num_sampled]; -inf where an accidental hit was removed."""
    labels: Floats
    """Like `logits`: 1/num_true in the first num_true columns, 0 in the others; each row sums to one."""


def accidental_hits(labels: npt.ArrayLike, sampled: npt.ArrayLike) -> npt.NDArray[np.bool]:
    """Where a sampled class is one of the row's own true classes.

    The same sample serves every row, so what is a hit in one row is a good negative in another. Every copy of a class
    that was drawn several times is a hit; TensorFlow's `compute_accidental_hits` finds the last copy only.

    Args:
        labels: true classes, [batch_size, num_true].
        sampled: class ids, [num_sampled], or [batch_size, num_sampled] where each row has a sample of its own.

    Returns:
        [batch_size, num_sampled].

    Raises:
        ValueError: not integers, or of another shape.

    Example:
        >>> accidental_hits([[3], [5]], [5, 2, 3, 9])
        array([[False, False,  True, False],
               [ True, False, False, False]])
    """
    labels, sampled = checks.integers("labels", labels), checks.integers("sampled", sampled)
    if labels.ndim != 2:
        raise ValueError(f"labels must have shape [batch_size, num_true], got {labels.shape}")
    if sampled.shape[:-1] not in ((), labels.shape[:1]) or sampled.ndim == 0:
        raise ValueError(f"sampled must have shape [num_sampled], got {sampled.shape}")
    hits: npt.NDArray[np.bool] = labels[:, :1] == sampled
    for other in range(1, labels.shape[1]):
        hits |= labels[:, other : other + 1] == sampled
    return hits


def sampled_logits(
    weights: npt.ArrayLike,
    biases: npt.ArrayLike,
    labels: npt.ArrayLike,
    inputs: npt.ArrayLike,
    sampled_values: SampledValues,
    *,
    subtract_log_q: bool = True,
    remove_accidental_hits: bool = False,
) -> SampledLogits:
    """The logits of the true and the sampled classes, corrected, and their labels: what all sampled losses share.

    Only the rows of the weights that are named are read: with 1,000 of 200,000 classes, half a percent.

    Args:
        weights: one row a class, [num_classes, dim]; a Keras kernel is the transpose.
        biases: [num_classes].
        labels: the true classes, ids in [0, num_classes), [batch_size, num_true].
        inputs: hidden vectors, [batch_size, dim].
        sampled_values: what a sampler gave: ids, and how often they and the labels were to be expected; constants, as
            far as gradients are concerned.
        subtract_log_q: subtract the log of the expected counts, from the true logits as well as from the sampled.
        remove_accidental_hits: set a sampled logit to -inf where the class is one of the row's own true classes.

    Returns:
        SampledLogits(logits, labels), both [batch_size, num_true + num_sampled].

    Raises:
        ValueError: an id is out of range, shapes do not fit, or a count whose log is to be subtracted is not positive.

    Example:
        >>> weights, biases, inputs = np.eye(4), np.zeros(4), [[2.0, 0.0, 1.0, 0.0]]
        >>> values = SampledValues(np.array([2, 0]), np.array([[1.0]]), np.array([0.5, 1.0]))
        >>> sampled_logits(weights, biases, [[0]], inputs, values).logits.round(4)  # 1 + ln 2: drawn only half the time
        array([[2.    , 1.6931, 2.    ]])
        >>> sampled_logits(weights, biases, [[0]], inputs, values, remove_accidental_hits=True).logits.round(4)
        array([[2.    , 1.6931,   -inf]])

    Source: TensorFlow, `nn_impl.py`, _compute_sampled_logits (which adds the most negative float32 where this sets
    -inf: the same probability of 0).
    """
    layer = touch(weights, biases, labels, inputs, sampled_values)
    logits = layer.logits()
    correct(logits, layer.labels, layer.sampled_values, subtract_log_q, remove_accidental_hits)
    return with_labels(logits, layer)


def sampled_softmax_loss(
    weights: npt.ArrayLike,
    biases: npt.ArrayLike,
    labels: npt.ArrayLike,
    inputs: npt.ArrayLike,
    sampled_values: SampledValues,
    *,
    subtract_log_q: bool = True,
    remove_accidental_hits: bool = True,
) -> Floats:
    """Which of these few is it? Cross-entropy over the true classes and the sample, as if there were no others.

    For training only. It is not an estimate of the full loss: with E the expected count of the label it comes to about
    log(1 + E · (exp(full loss) - 1)), far below where E is small, above where it exceeds 1. Untrained and with a
    uniform sampler it is ln(1 + num_sampled), however many classes there are. Evaluate with the full loss.

    What holds is the *gradient*. Drawn with replacement, with hits kept and log Q subtracted, it is zero on average
    exactly where the model is right. From a unique sample, remove the hits.

    Args:
        weights: [num_classes, dim].
        biases: [num_classes].
        labels: [batch_size, num_true].
        inputs: [batch_size, dim].
        sampled_values: from a sampler.
        subtract_log_q: without it, the model learns to make up for what is drawn often.
        remove_accidental_hits: TensorFlow's default here.

    Returns:
        Loss in nats, [batch_size].

    Raises:
        ValueError: as `sampled_logits`, or a logit is NaN or +inf.

    Example:
        >>> from core.samplers import UniformSampler
        >>> untrained = np.zeros((1000, 8)), np.zeros(1000), [[3]], np.zeros((1, 8))
        >>> values = UniformSampler(1000).sample([[3]], 10, unique=False, rng=np.random.default_rng(0))
        >>> float(sampled_softmax_loss(*untrained, values)[0].round(4)), float(np.log(11).round(4))
        (2.3979, 2.3979)

    Source: TensorFlow, `nn_impl.py`, sampled_softmax_loss; Jean et al. 2015, section 3.
    """
    logits, label_probs = sampled_logits(
        weights,
        biases,
        labels,
        inputs,
        sampled_values,
        subtract_log_q=subtract_log_q,
        remove_accidental_hits=remove_accidental_hits,
    )
    return cross_entropy(logits, label_probs)


def nce_loss(
    weights: npt.ArrayLike,
    biases: npt.ArrayLike,
    labels: npt.ArrayLike,
    inputs: npt.ArrayLike,
    sampled_values: SampledValues,
    *,
    subtract_log_q: bool = True,
    remove_accidental_hits: bool = False,
) -> Floats:
    """Data or noise? Noise-contrastive estimation: one yes-or-no question of each class in sight, all added up.

    With u = exp(logit), a class of which k q(c) draws are expected is data with probability u / (u + k q(c)). Nothing
    is divided by a sum over the classes, so the model has to learn to make its u sum to one by itself. As
    num_sampled grows, the expected gradient nears that of the full loss *of a model that does*.

    A sum of num_true + num_sampled terms: untrained, with 1,000 of 200,000 classes, 5,303 nats, and nothing is wrong.

    Args:
        weights: [num_classes, dim].
        biases: [num_classes].
        labels: [batch_size, num_true].
        inputs: [batch_size, dim].
        sampled_values: from a sampler.
        subtract_log_q: without it this is `negative_sampling_loss`.
        remove_accidental_hits: with it this is `sampled_logistic_loss`. Not the default: noise may well look like data.

    Returns:
        Loss in nats, [batch_size].

    Raises:
        ValueError: as `sampled_logits`, or a logit is NaN.

    Example:
        >>> from core.samplers import UniformSampler
        >>> untrained = np.zeros((10_000, 8)), np.zeros(10_000), [[3]], np.zeros((1, 8))
        >>> values = UniformSampler(10_000).sample([[3]], 64, unique=False, rng=np.random.default_rng(0))
        >>> float(nce_loss(*untrained, values)[0].round(4))
        323.7079

    Source: Gutmann and Hyvärinen 2012; Mnih and Teh 2012, equation 8; TensorFlow, `nn_impl.py`, nce_loss.
    Sibling: `sampled_softmax_loss` has the same logits and labels and asks one question of the whole row.
    """
    logits, label_probs = sampled_logits(
        weights,
        biases,
        labels,
        inputs,
        sampled_values,
        subtract_log_q=subtract_log_q,
        remove_accidental_hits=remove_accidental_hits,
    )
    return np.asarray(sigmoid_cross_entropy(logits, label_probs).sum(axis=-1))


def negative_sampling_loss(
    weights: npt.ArrayLike,
    biases: npt.ArrayLike,
    labels: npt.ArrayLike,
    inputs: npt.ArrayLike,
    sampled_values: SampledValues,
    *,
    remove_accidental_hits: bool = False,
) -> Floats:
    """NCE that forgets log Q: word2vec's loss, for embeddings and not for probabilities.

    It pretends that each class is expected once, k q(c) = 1, so what it learns is logit = log(p(c) / (k q(c))): how
    much more often the class comes than by chance. The softmax of that is proportional to p/q, not p.

    Args:
        weights: [num_classes, dim].
        biases: [num_classes].
        labels: [batch_size, num_true].
        inputs: [batch_size, dim].
        sampled_values: from a sampler; only the ids matter.
        remove_accidental_hits: as in `sampled_logits`.

    Returns:
        Loss in nats, [batch_size].

    Raises:
        ValueError: as `sampled_logits`, or a logit is NaN.

    Example:
        >>> from core.samplers import UniformSampler
        >>> untrained = np.zeros((10_000, 8)), np.zeros(10_000), [[3]], np.zeros((1, 8))
        >>> values = UniformSampler(10_000).sample([[3]], 64, unique=False, rng=np.random.default_rng(0))
        >>> float(negative_sampling_loss(*untrained, values)[0].round(4)), float((65 * np.log(2)).round(4))
        (45.0546, 45.0546)

    Source: Mikolov et al. 2013, equation 4; its optimum: Levy and Goldberg 2014, equation 7.
    """
    return nce_loss(
        weights,
        biases,
        labels,
        inputs,
        sampled_values,
        subtract_log_q=False,
        remove_accidental_hits=remove_accidental_hits,
    )


def sampled_logistic_loss(
    weights: npt.ArrayLike,
    biases: npt.ArrayLike,
    labels: npt.ArrayLike,
    inputs: npt.ArrayLike,
    sampled_values: SampledValues,
) -> Floats:
    """NCE with accidental hits removed: another objective, with another optimum.

    A true class is then never noise in its own row, so where data and noise overlap nothing holds its logit down.

    Args:
        weights: [num_classes, dim].
        biases: [num_classes].
        labels: [batch_size, num_true].
        inputs: [batch_size, dim].
        sampled_values: from a sampler.

    Returns:
        Loss in nats, [batch_size].

    Raises:
        ValueError: as `sampled_logits`, or a logit is NaN.

    Example:
        >>> from core.samplers import all_candidates
        >>> arguments = np.zeros((4, 8)), np.zeros(4), [[3]], np.zeros((1, 8)), all_candidates([[3]], 4)
        >>> float(nce_loss(*arguments)[0].round(4)), float(sampled_logistic_loss(*arguments)[0].round(4))
        (3.4657, 2.7726)

    Source: TensorFlow, "What is candidate sampling", Sampled Logistic.
    """
    return nce_loss(weights, biases, labels, inputs, sampled_values, remove_accidental_hits=True)


def importance_softmax_loss(
    weights: npt.ArrayLike,
    biases: npt.ArrayLike,
    labels: npt.ArrayLike,
    inputs: npt.ArrayLike,
    sampled_values: SampledValues,
) -> Floats:
    """An estimate of the full cross-entropy: the true logits as they are, the sample standing in for all the others.

    In loss = log(sum over all classes of exp(z)) - z_y only the sum is expensive. Its true term is known; the others
    are estimated by importance sampling, each drawn class counting for all that it stands for:

        loss = log( exp(z_y) + sum over drawn c ≠ y of exp(z_c) / (n q_c / (1 - q_y)) ) - z_y

    where n is how many of the row's sample are negatives. (In expected counts, n q_c / (1 - q_y) is E_c times the
    negatives there are over the negatives expected, num_sampled - E_y; that holds for unique samples too.) Low on
    average, for the log of a mean is above the mean of logs, and exact, whatever is drawn, if the sampler is the
    model's own softmax. A row whose sample is nothing but hits says nothing: its loss is 0.

    Args:
        weights: [num_classes, dim].
        biases: [num_classes].
        labels: [batch_size, num_true]; no class twice in a row.
        inputs: [batch_size, dim].
        sampled_values: from a sampler.

    Returns:
        Loss in nats, [batch_size].

    Raises:
        ValueError: as `sampled_logits`, or no negatives were expected in a row that has some.

    Example:
        >>> from core.samplers import SoftmaxSampler
        >>> logits = np.array([2.0, -1.0, 3.0, 2.0])  # as biases, with nothing else: the full loss at 2 is 0.5619
        >>> layer = np.zeros((4, 1)), logits, [[2]], np.zeros((1, 1))
        >>> values = SoftmaxSampler(logits).sample([[2]], 3, unique=False, rng=np.random.default_rng(0))
        >>> values.sampled, float(importance_softmax_loss(*layer, values)[0].round(4))
        (array([2, 2, 0]), 0.5619)

    Source: Bengio and Senécal 2008, equation 9; Jean et al. 2015, equation 6.
    Sibling: `sampled_softmax_loss` corrects the true logit as well, and so estimates something else.
    """
    layer = touch(weights, biases, labels, inputs, sampled_values)
    logits = layer.logits()
    correct_for_importance(logits, layer.labels, layer.sampled_values)
    return cross_entropy(*with_labels(logits, layer))


def with_labels(logits: Floats, layer: Touched) -> SampledLogits:
    """Corrected logits and their labels, in the dtype that the layer was given in."""
    num_true = layer.labels.shape[1]
    labels = np.zeros(logits.shape, layer.given.dtype)
    labels[:, :num_true] = 1 / num_true
    return SampledLogits(cast_back(logits, layer.given), labels)


def correct(
    logits: Floats, labels: Ints, sampled_values: SampledValues, subtract_log_q: bool, remove_accidental_hits: bool
) -> None:
    """Subtract log Q and mask the hits, in place: what turns a layer's logits into those of `sampled_logits`."""
    sampled, true_expected_count, sampled_expected_count, _ = sampled_values
    num_true = labels.shape[1]
    if subtract_log_q:
        log_true = log_count("true_expected_count", true_expected_count, labels)
        log_sampled = log_count("sampled_expected_count", sampled_expected_count, sampled)
        logits[:, :num_true] -= log_true.astype(logits.dtype)
        logits[:, num_true:] -= log_sampled.astype(logits.dtype)
    if remove_accidental_hits:
        logits[:, num_true:][accidental_hits(labels, sampled)] = -np.inf


def correct_for_importance(logits: Floats, labels: Ints, sampled_values: SampledValues) -> None:
    """Let each negative stand for all that it was drawn from, and mask the hits, in place."""
    sampled, true_expected_count, sampled_expected_count, _ = sampled_values
    num_sampled, expected_hits = sampled.shape[-1], true_expected_count.sum(axis=1)
    hits = accidental_hits(labels, sampled)
    num_negatives = num_sampled - hits.sum(axis=1)
    has_any = num_negatives > 0
    if (has_any & (expected_hits >= num_sampled)).any():
        raise ValueError(
            f"true_expected_count must sum to less than num_sampled = {num_sampled} in a row that has negatives, got"
            f" {expected_hits[has_any].max()}"
        )
    share = np.zeros(len(labels))
    share[has_any] = np.log(num_negatives[has_any] / (num_sampled - expected_hits[has_any]))
    negatives = logits[:, labels.shape[1] :]
    log_sampled = log_count("sampled_expected_count", sampled_expected_count, sampled)
    negatives -= (log_sampled + share[:, None]).astype(logits.dtype)
    negatives[hits] = -np.inf


def log_count(name: str, counts: Floats, ids: Ints) -> Floats:
    """The log of expected counts, none of which may be 0: what is never drawn cannot be corrected for."""
    if not counts.all():
        never = ids[counts == 0].flat[0]
        raise ValueError(
            f"{name} must be positive where its log is subtracted, got 0 for class {never}, which is never drawn:"
            " give it a count in the sampler, or use subtract_log_q=False"
        )
    log: Floats = np.log(counts.astype(np.float64, copy=False))
    return log
