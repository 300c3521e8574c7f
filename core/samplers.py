"""Which classes get to be wrong: the samplers behind sampled softmax and noise-contrastive estimation.

A sampled loss does not score every class, only the true ones and `num_sampled` others. Which others, a sampler decides;
and because some are drawn more often than others, it also reports how often each was to be expected, so that the loss
can set that right (core/sampled.py).

Four things surprise. One sample serves the whole batch. The true classes are *not* left out of it: they are given only
so that their expected counts can be reported. The log-uniform sampler, TensorFlow's default, takes the class id for a
rank: id 0 must be the most frequent class. And with `unique` the expected count is no longer num_sampled times the
probability: that would be 1.4 for a class that can come once at most.

Read `expected_count`, then `Sampler.sample` (draw, drop what came before, count), then the five samplers, each of which
is a list of probabilities and a way to look an id up in it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core import checks
from core.checks import Floats, Ints
from core.softmax import softmax


class SampledValues(NamedTuple):
    """What a sampler gives and a sampled loss takes: TensorFlow's `sampled_values`, and the tries."""

    sampled: Ints
    """Class ids in the order drawn, [num_sampled]."""
    true_expected_count: Floats
    """How often each true class was to be expected in a sample like this, [batch_size, num_true]."""
    sampled_expected_count: Floats
    """How often each sampled class was to be expected, [num_sampled]."""
    num_tries: int | None = None
    """How many draws it took; num_sampled with replacement, more if repeats were dropped; None if nothing was drawn."""


def expected_count(probs: npt.ArrayLike, num_sampled: int, num_tries: int) -> Floats:
    """How often a class of this probability is to be expected in the sample.

    With replacement (num_tries = num_sampled) it is num_sampled · p. Where repeats were dropped, it is the chance that
    the class came at all in so many tries, 1 - (1 - p)^num_tries: never above 1. That takes the tries as if they had
    been fixed beforehand, which they were not, so it is off by a little, and two samples of the same classes report
    different counts if one took more tries.

    Args:
        probs: of the classes in question, at each draw, [...].
        num_sampled: how many classes the sample has.
        num_tries: how many draws it took.

    Returns:
        Expected counts, like `probs`.

    Raises:
        ValueError: a probability is not in [0, 1], or num_tries is below num_sampled.

    Example:
        >>> p = LogUniformSampler(1000).probs([9])  # the tenth of 1,000 classes
        >>> expected_count(p, 100, num_tries=100).round(3), expected_count(p, 100, num_tries=168).round(3)
        (array([1.38]), array([0.903]))

    Source: TensorFlow, `range_sampler.cc`, ExpectedCountHelper, which also takes num_sampled · p for a unique sample
    that happened to need no extra try.
    """
    array = checks.floats("probs", np.atleast_1d(probs)).reshape(np.shape(probs))
    wrong = ~((array >= 0) & (array <= 1))
    if wrong.any():
        raise ValueError(f"probs must be in [0, 1], got {array[wrong].flat[0]}")
    num_sampled = checks.count("num_sampled", num_sampled, at_least=1)
    num_tries = checks.count("num_tries", num_tries, at_least=num_sampled)
    if num_tries == num_sampled:
        return np.asarray(num_sampled * array)
    with np.errstate(divide="ignore"):  # log1p(-1) = -inf: a class that always comes is expected once
        return np.asarray(-np.expm1(num_tries * np.log1p(-array)))


def first_distinct(ids: npt.ArrayLike, num_sampled: int) -> tuple[Ints, int]:
    """The first `num_sampled` different ids of a series of draws, and how many draws that took.

    Args:
        ids: class ids in the order drawn, [num_draws].
        num_sampled: how many different ones are wanted.

    Returns:
        Distinct ids in the order in which they first came, [num_sampled], or all there are if there are fewer; and
        the draws up to the last of them, or all draws if there are fewer.

    Raises:
        ValueError: ids are not one row of integers, or num_sampled is not at least 1.

    Example:
        >>> first_distinct([4, 0, 0, 4, 7, 1], 3)
        (array([4, 0, 7]), 5)

    Source: TensorFlow, `range_sampler.cc`, RangeSampler::SampleBatchGetExpectedCount.
    """
    draws = checks.integers("ids", ids)
    if draws.ndim != 1:
        raise ValueError(f"ids must be one row of shape [num_draws], got shape {draws.shape}")
    num_sampled = checks.count("num_sampled", num_sampled, at_least=1)
    _, first = np.unique(draws, return_index=True)
    first = np.sort(first)[:num_sampled]
    return draws[first], int(first[-1]) + 1 if len(first) == num_sampled else len(draws)


class Sampler(ABC):
    """A distribution over class ids that can be drawn from; what differs is in `probs` and `quantile`."""

    def __init__(self, num_classes: int) -> None:
        self.num_classes = checks.count("num_classes", num_classes, at_least=1)

    @abstractmethod
    def probs(self, ids: npt.ArrayLike | None = None) -> Floats:
        """Each id's probability at one draw, like `ids`; of all classes, [num_classes], if no ids are given."""

    @abstractmethod
    def quantile(self, uniforms: Floats) -> Ints:
        """The id at each place of the unit interval, where class 0 lies first and each takes up its probability."""

    @property
    def num_drawable(self) -> int:
        """How many classes can be drawn at all: those whose probability is not 0."""
        return self.num_classes

    def sample(
        self, labels: npt.ArrayLike, num_sampled: int, *, unique: bool = True, rng: np.random.Generator
    ) -> SampledValues:
        """Draw classes for a whole batch, and say how often its true classes and the drawn ones were to be expected.

        A true class may well be drawn (an accidental hit): nothing here prevents it.

        Args:
            labels: the true classes, ids in [0, num_classes), [batch_size, num_true].
            num_sampled: how many classes to draw.
            unique: drop what was drawn before and draw again, until there are num_sampled different ones; else a class
                may come several times.
            rng: where the randomness comes from, np.random.default_rng(seed).

        Returns:
            SampledValues: `sampled` [num_sampled], `true_expected_count` [batch_size, num_true],
            `sampled_expected_count` [num_sampled], and the number of tries.

        Raises:
            ValueError: there are not num_sampled different classes to draw, or an argument is not allowed.

        Example:
            >>> values = LogUniformSampler(1000).sample([[9], [99]], 5, rng=np.random.default_rng(0))
            >>> values.sampled, values.num_tries
            (array([ 80,   5,   0, 274, 546]), 6)
            >>> values.true_expected_count.round(4).tolist(), values.sampled_expected_count.round(4).tolist()
            ([[0.08], [0.0086]], [0.0106, 0.1266, 0.4697, 0.0031, 0.0016])

        Source: TensorFlow, `candidate_sampling_ops.py` and `range_sampler.cc`.
        """
        labels = true_classes(labels, self.num_classes)
        num_sampled = checks.count("num_sampled", num_sampled, at_least=1)
        generator(rng)
        if not unique:
            sampled, num_tries = self.quantile(rng.random(num_sampled)), num_sampled
        elif num_sampled > self.num_drawable:
            raise ValueError(
                f"num_sampled must be at most {self.num_drawable}, as many different classes as can be drawn, got"
                f" {num_sampled}: ask for fewer, or for unique=False"
            )
        else:
            sampled, num_tries = self._draw_unique(num_sampled, rng)
        of_all = self.probs(np.concatenate([labels.ravel(), sampled]))
        counts = expected_count(of_all, num_sampled, num_tries)
        return SampledValues(sampled, counts[: labels.size].reshape(labels.shape), counts[labels.size :], num_tries)

    def _draw_unique(self, num_sampled: int, rng: np.random.Generator) -> tuple[Ints, int]:
        """Draw, drop what came before, and go on until there are enough.

        Twice num_sampled draws are nearly always enough. Where they are not (most classes are wanted, or a few take up
        nearly all the probability), rejecting could go on for ever, so the rest is drawn from the *times* at which the
        missing classes would come if one draw were made a second on average: independent, exponential with mean 1/p.
        In the meantime, the others come again as often as a Poisson process says. It is the same distribution, of the
        ids and of the tries, and takes one pass over the classes.
        """
        draws = self.quantile(rng.random(2 * num_sampled))
        early, num_tries = first_distinct(draws, num_sampled)
        num_missing = num_sampled - len(early)
        if not num_missing:
            return early, num_tries
        probs = self.probs()
        times = np.full(self.num_classes, np.inf)
        absent = probs > 0
        absent[early] = False
        with np.errstate(over="ignore", invalid="ignore"):
            times[absent] = rng.exponential(size=int(absent.sum())) / probs[absent]
            late = np.argpartition(times, num_missing - 1)[:num_missing]
            late = late[np.argsort(times[late])]
            end = times[late[-1]]
            repeats = float(probs[early].sum() * end + (probs[late] * (end - times[late])).sum())
        if not repeats < 1e18:
            raise ValueError(
                f"num_sampled must be smaller for these probabilities, got {num_sampled}: the rarest of so many"
                f" different classes ({probs[late].min():.3g}) comes once in more draws than can be counted"
            )
        return np.concatenate([early, late]), num_tries + num_missing + int(rng.poisson(repeats))


class UniformSampler(Sampler):
    """Every class alike. Its log Q is one constant, which softmax does not notice and NCE does.

    Args:
        num_classes: how many classes there are.

    Example:
        >>> UniformSampler(4).probs()
        array([0.25, 0.25, 0.25, 0.25])

    Source: TensorFlow, `tf.random.uniform_candidate_sampler`.
    """

    def probs(self, ids: npt.ArrayLike | None = None) -> Floats:
        """1 / num_classes, like `ids`, or for all classes."""
        return np.full(_ids(ids, self.num_classes).shape, 1 / self.num_classes)

    def quantile(self, uniforms: Floats) -> Ints:
        """The whole part of u · num_classes."""
        return (uniforms * self.num_classes).astype(np.int64)  # u < 1, and no product is rounded up to num_classes


class LogUniformSampler(Sampler):
    """Zipf-like: the log of the id is uniform, P(k) = log((k + 2) / (k + 1)) / log(num_classes + 1).

    It takes the id for the rank, so sort the classes by falling frequency: with ids in the order of the alphabet, rare
    words are drawn as if they were frequent. It needs no counts and no memory: the quantile has a formula.

    Args:
        num_classes: how many classes there are.

    Example:
        >>> sampler = LogUniformSampler(200_000)
        >>> [f"{p:.2g}" for p in sampler.probs([0, 1, 199_999])]
        ['0.057', '0.033', '4.1e-07']

    Source: TensorFlow, `range_sampler.cc`, LogUniformSampler; the default of its sampled losses.
    """

    def probs(self, ids: npt.ArrayLike | None = None) -> Floats:
        """log((id + 2) / (id + 1)) / log(num_classes + 1), like `ids`, or for all classes."""
        return np.asarray(np.log1p(1 / (_ids(ids, self.num_classes) + 1)) / np.log1p(self.num_classes))

    def quantile(self, uniforms: Floats) -> Ints:
        """The whole part of exp(u · log(num_classes + 1)) - 1."""
        ids = np.exp(uniforms * np.log1p(self.num_classes), dtype=np.float64).astype(np.int64) - 1
        return np.asarray(ids % self.num_classes)  # should exp and log1p round up to num_classes


class _TableSampler(Sampler):
    """Any probabilities, looked up in their running sum."""

    def __init__(self, probs: Floats) -> None:
        super().__init__(len(probs))
        self._probs = probs
        self._cumulative = np.cumsum(probs)
        self._cumulative /= self._cumulative[-1]
        self._num_drawable = int(np.count_nonzero(probs))

    @property
    def num_drawable(self) -> int:
        """How many classes can be drawn at all."""
        return self._num_drawable

    def probs(self, ids: npt.ArrayLike | None = None) -> Floats:
        """From the table, like `ids`, or all of it."""
        return self._probs[_ids(ids, self.num_classes)]

    def quantile(self, uniforms: Floats) -> Ints:
        """The first id up to which the probabilities add up to more than u."""
        return np.searchsorted(self._cumulative, uniforms, side="right")


class FixedUnigramSampler(_TableSampler):
    """By counts, raised to a power: p proportional to count^distortion.

    Distortion 1 draws as the data do, 0 all alike; word2vec's 0.75 lies between and lifts the rare ones. No derivation
    gives 3/4: it was found by trying.

    Args:
        counts: how often each class was seen, [num_classes - num_reserved_ids]; not negative.
        distortion: the power; not negative.
        num_reserved_ids: how many ids before the first count are never drawn (padding, unknown).

    Raises:
        ValueError: a count is negative or not finite, all are 0, or there is none.

    Example:
        >>> FixedUnigramSampler([100, 10, 1], distortion=0.75).probs().round(3)
        array([0.827, 0.147, 0.026])
        >>> FixedUnigramSampler([3, 1], num_reserved_ids=1).probs()
        array([0.  , 0.75, 0.25])

    Source: TensorFlow, `tf.random.fixed_unigram_candidate_sampler`; Mikolov et al. 2013, section 2.2.
    """

    def __init__(self, counts: npt.ArrayLike, *, distortion: float = 1.0, num_reserved_ids: int = 0) -> None:
        weights = checks.floats("counts", counts).astype(np.float64)
        if weights.ndim != 1:
            raise ValueError(f"counts must be one row of shape [num_classes], got shape {weights.shape}")
        wrong = ~(np.isfinite(weights) & (weights >= 0))
        if wrong.any():
            raise ValueError(f"counts must be finite and not negative, got {weights[wrong][0]}")
        if not weights.any():
            raise ValueError("counts must not all be 0, got only 0: no class could ever be drawn")
        if distortion != 0:
            distortion = checks.positive("distortion", distortion)
        num_reserved_ids = checks.count("num_reserved_ids", num_reserved_ids, at_least=0)
        weights = (weights / weights.max()) ** distortion
        super().__init__(np.concatenate([np.zeros(num_reserved_ids), weights / weights.sum()]))


class LearnedUnigramSampler(Sampler):
    """By the labels seen so far: every class starts with a weight of 1 and gains 1 each time it is a label.

    It learns in `sample`, *after* drawing, as TensorFlow's does; nothing is kept with a checkpoint.

    Args:
        num_classes: how many classes there are.

    Example:
        >>> sampler = LearnedUnigramSampler(4)
        >>> values = sampler.sample([[0], [0], [2]], 2, rng=np.random.default_rng(0))
        >>> sampler.probs().round(3)
        array([0.429, 0.143, 0.286, 0.143])

    Source: TensorFlow, `tf.random.learned_unigram_candidate_sampler`; `range_sampler.cc`, UnigramSampler.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__(num_classes)
        self.weights = np.ones(self.num_classes)

    def probs(self, ids: npt.ArrayLike | None = None) -> Floats:
        """The weight of each id over the sum of all weights."""
        return np.asarray(self.weights[_ids(ids, self.num_classes)] / self.weights.sum())

    def quantile(self, uniforms: Floats) -> Ints:
        """The first id up to which the weights add up to more than u of the total."""
        cumulative = np.cumsum(self.weights)
        return np.searchsorted(cumulative / cumulative[-1], uniforms, side="right")

    def sample(
        self, labels: npt.ArrayLike, num_sampled: int, *, unique: bool = True, rng: np.random.Generator
    ) -> SampledValues:
        """As every sampler, and then count the labels."""
        values = super().sample(labels, num_sampled, unique=unique, rng=rng)
        np.add.at(self.weights, true_classes(labels, self.num_classes), 1)
        return values


class SoftmaxSampler(_TableSampler):
    """The model's own probabilities: the sampler that every other one stands in for.

    With it the importance form of the loss is exact, whatever is drawn. But to know these probabilities is to have
    scored every class, which sampling was to save: a yardstick, not a method.

    Args:
        logits: of one example, [num_classes]; -inf at its label leaves the label out.

    Raises:
        ValueError: not one row of logits that has a softmax.

    Example:
        >>> SoftmaxSampler([2.0, -1.0, 3.0, 2.0]).probs().round(4)
        array([0.2097, 0.0104, 0.5701, 0.2097])

    Source: Bengio and Senécal 2008, section 3; Blanc and Rendle 2018, theorem 2.1.
    """

    def __init__(self, logits: npt.ArrayLike) -> None:
        probs = softmax(checks.floats("logits", logits).astype(np.float64))
        if probs.ndim != 1:
            raise ValueError(f"logits must be one row of shape [num_classes], got shape {probs.shape}")
        super().__init__(probs)


def all_candidates(labels: npt.ArrayLike, num_classes: int) -> SampledValues:
    """Every class once, each expected once: the sample with which a sampled loss is the full one.

    Args:
        labels: the true classes, [batch_size, num_true].
        num_classes: how many classes there are.

    Returns:
        SampledValues with counts of one; nothing was drawn, so there are no tries.

    Raises:
        ValueError: a label is out of range, or they have no [batch_size, num_true].

    Example:
        >>> all_candidates([[2]], 4).sampled
        array([0, 1, 2, 3])

    Source: TensorFlow, `tf.random.all_candidate_sampler`.
    """
    num_classes = checks.count("num_classes", num_classes, at_least=1)
    labels = true_classes(labels, num_classes)
    return SampledValues(np.arange(num_classes), np.ones(labels.shape), np.ones(num_classes))


def true_classes(labels: npt.ArrayLike, num_classes: int) -> Ints:
    """The labels as [batch_size, num_true] ids in range, or a ValueError that says how to make them so."""
    array = checks.integers("labels", labels)
    if array.ndim != 2:
        hint = ": where each row has one true class, labels[:, None]" if array.ndim == 1 else ""
        raise ValueError(f"labels must have shape [batch_size, num_true], got {array.shape}{hint}")
    checks.class_ids("labels", array, num_classes)
    return array


def generator(rng: np.random.Generator) -> None:
    """A ValueError if this is no generator: a seed, mostly, or np.random itself."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng must be a generator, np.random.default_rng(seed), got {rng!r}")


def _ids(ids: npt.ArrayLike | None, num_classes: int) -> Ints:
    """Checked ids, or all of them."""
    if ids is None:
        return np.arange(num_classes)
    array = checks.integers("ids", ids)
    checks.class_ids("ids", array, num_classes)
    return array
