"""Which classes are drawn, how often, and how often that was to be expected."""

import itertools
import re

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import core
from tests import reference

COUNTS = [100.0, 50.0, 0.0, 20.0, 10.0, 5.0, 1.0]
SAMPLERS = {
    "uniform": lambda: core.UniformSampler(7),
    "log-uniform": lambda: core.LogUniformSampler(7),
    "unigram": lambda: core.FixedUnigramSampler(COUNTS),
    "unigram^0.75": lambda: core.FixedUnigramSampler(COUNTS, distortion=0.75),
    "unigram^0": lambda: core.FixedUnigramSampler(COUNTS, distortion=0.0),
    "reserved": lambda: core.FixedUnigramSampler(COUNTS[3:], num_reserved_ids=3),
    "learned": lambda: learned([0, 0, 2, 6, 0]),
    "softmax": lambda: core.SoftmaxSampler([2.0, -1.0, 3.0, 2.0, -np.inf, 0.0, 1.0]),
}
PROBS = {
    "uniform": [1 / 7] * 7,
    "log-uniform": reference.log_uniform_probs(7),
    "unigram": reference.unigram_probs(COUNTS, 1.0),
    "unigram^0.75": reference.unigram_probs(COUNTS, 0.75),
    "unigram^0": [1 / 7] * 7,
    "reserved": reference.unigram_probs(COUNTS[3:], 1.0, 3),
    "learned": [4 / 12, 1 / 12, 2 / 12, 1 / 12, 1 / 12, 1 / 12, 2 / 12],
    "softmax": reference.softmax([2.0, -1.0, 3.0, 2.0, -1000.0, 0.0, 1.0]),
}
every = pytest.mark.parametrize("name", SAMPLERS)


def learned(labels):
    sampler = core.LearnedUnigramSampler(7)
    sampler.sample(np.reshape(labels, (-1, 1)), 1, rng=np.random.default_rng(0))
    return sampler


def fits(observed, probs):
    """The p-value of a chi-square test of these frequencies, the classes that cannot come left out."""
    observed, expected = np.asarray(observed, float), np.sum(observed) * np.asarray(probs, float)
    assert not observed[expected < 1e-12].any()
    kept = expected >= 1e-12
    return scipy.stats.chisquare(observed[kept], expected[kept] * observed.sum() / expected.sum()).pvalue


def test_each_has_its_probabilities():
    assert SAMPLERS.keys() == PROBS.keys()


@every
def test_probabilities(name):
    sampler = SAMPLERS[name]()
    np.testing.assert_allclose(sampler.probs(), PROBS[name], rtol=1e-12, atol=1e-300)
    assert sampler.probs().sum() == pytest.approx(1, rel=1e-12)
    np.testing.assert_array_equal(sampler.probs([[3, 0], [6, 6]]), sampler.probs()[[[3, 0], [6, 6]]])
    assert sampler.num_classes == 7
    assert sampler.num_drawable == np.count_nonzero(PROBS[name])


@every
def test_quantile_gives_each_class_its_share_of_the_interval(name):
    sampler = SAMPLERS[name]()
    places = (np.arange(200_000) + 0.5) / 200_000
    ids = sampler.quantile(places)
    assert (np.diff(ids) >= 0).all()
    np.testing.assert_allclose(np.bincount(ids, minlength=7) / 200_000, PROBS[name], atol=2e-5)
    ends = sampler.quantile(np.array([0.0, np.nextafter(1.0, 0.0)]))
    drawable = np.flatnonzero(PROBS[name])
    assert ends.tolist() == [drawable[0], drawable[-1]] or name == "log-uniform"
    assert set(ends) <= set(drawable)


@pytest.mark.parametrize("num_classes", [1, 2, 3, 5, 10, 97, 1000, 2**20 + 1, 200_000])
@pytest.mark.parametrize("sampler", [core.UniformSampler, core.LogUniformSampler, core.LearnedUnigramSampler])
def test_the_ends_of_the_interval_are_classes(sampler, num_classes):
    ids = sampler(num_classes).quantile(np.array([0.0, 0.5, np.nextafter(1.0, 0.0)]))
    assert ids[0] == 0
    assert (ids >= 0).all()
    assert (ids < num_classes).all()


@every
def test_frequencies_with_replacement(name):
    sampler = SAMPLERS[name]()
    values = sampler.sample([[0]], 20_000, unique=False, rng=np.random.default_rng(1))
    assert fits(np.bincount(values.sampled, minlength=7), PROBS[name]) > 0.01
    assert values.num_tries == 20_000


@every
def test_unique_samples_are_those_of_drawing_until_distinct(name):
    """Order included, by enumeration: P(a, b, c) = p_a · p_b / (1 - p_a) · p_c / (1 - p_a - p_b)."""
    probs = PROBS[name]
    triples = list(itertools.permutations(np.flatnonzero(probs).tolist(), 3))
    exact = [probs[a] * probs[b] / (1 - probs[a]) * probs[c] / (1 - probs[a] - probs[b]) for a, b, c in triples]
    assert sum(exact) == pytest.approx(1)
    rng, seen = np.random.default_rng(2), dict.fromkeys(triples, 0)
    sampler = SAMPLERS[name]() if name != "learned" else core.FixedUnigramSampler([4, 1, 2, 1, 1, 1, 2])
    for _ in range(6000):
        values = sampler.sample([[0]], 3, rng=rng)
        seen[tuple(values.sampled.tolist())] += 1
    exact, counts = np.array(exact), np.array(list(seen.values()))
    rare = exact * 6000 < 5
    pooled = [np.append(row[~rare], row[rare].sum()) for row in (counts, exact)]
    assert fits(*pooled) > 0.01


def tries_until_all(probs, most):
    """P(the last class comes at try n) for n = 1 ... most, by inclusion and exclusion over those still missing."""
    subsets = [list(ids) for size in range(len(probs) + 1) for ids in itertools.combinations(range(len(probs)), size)]
    seen_all = [sum((-1) ** len(ids) * (1 - probs[ids].sum()) ** n for ids in subsets) for n in range(most + 1)]
    return np.diff(seen_all)


@pytest.mark.parametrize("probs", [[0.8, 0.1, 0.1], [0.85, 0.08, 0.05, 0.02], [0.6, 0.37, 0.02, 0.01]])
def test_late_classes_come_as_if_by_rejection(probs):
    """Nearly all the probability on a class or two: 2 · num_sampled draws are rarely enough. Order and tries."""
    probs, rng = np.array(probs), np.random.default_rng(3)
    sampler, size = core.FixedUnigramSampler(probs), len(probs)
    draws = [sampler.sample([[0]], size, rng=rng) for _ in range(15_000)]
    orders = list(itertools.permutations(range(size)))
    exact = np.array([np.prod([probs[c] / probs[list(ids[i:])].sum() for i, c in enumerate(ids)]) for ids in orders])
    seen = dict.fromkeys(orders, 0)
    for values in draws:
        seen[tuple(values.sampled.tolist())] += 1
    counts, rare = np.array(list(seen.values())), exact * len(draws) < 5
    assert fits(*[np.append(row[~rare], row[rare].sum()) for row in (counts, exact)]) > 0.01

    tries = np.array([values.num_tries for values in draws])
    assert (tries > 2 * size).mean() > 0.5  # the second stage had to help
    chance = tries_until_all(probs, 5000)
    ends = np.unique(np.searchsorted(np.cumsum(chance), np.linspace(0, 1, 40)[1:-1]))
    observed = np.bincount(np.searchsorted(ends, tries - 1), minlength=len(ends) + 1)
    expected = np.diff(np.concatenate([[0], np.cumsum(chance)[ends], [1]]))
    assert fits(observed, expected) > 0.01


def test_many_late_classes_take_as_many_tries_as_by_rejection():
    sampler, rng = core.LogUniformSampler(60), np.random.default_rng(4)
    ours = [sampler.sample([[0]], 50, rng=rng).num_tries for _ in range(1500)]
    theirs = [core.first_distinct(sampler.quantile(rng.random(3000)), 50)[1] for _ in range(1500)]
    assert min(ours) > 100  # more than the first stage draws
    assert scipy.stats.ks_2samp(ours, theirs).pvalue > 0.01


def test_many_late_classes_come_in_order():
    """The last 1,000 ids are a million times as probable as the 1,000 before them, so they come first."""
    sampler = core.FixedUnigramSampler([1e12, *[1.0] * 1000, *[1e6] * 1000])
    values = sampler.sample([[0]], 2001, rng=np.random.default_rng(0))
    assert values.sampled[0] == 0
    assert sorted(values.sampled[1:1001].tolist()) == list(range(1001, 2001))
    assert len(set(values.sampled.tolist())) == 2001


def test_log_uniform_guards_against_rounding():
    assert core.LogUniformSampler(10).quantile(np.array([1.0])).tolist() == [0]  # exp(log1p(10)) comes to 11


@given(st.lists(st.integers(0, 6), min_size=1, max_size=30), st.integers(1, 8))
def test_first_distinct_is_the_loop(ids, num_sampled):
    sampled, num_tries = core.first_distinct(ids, num_sampled)
    assert (sampled.tolist(), num_tries) == reference.first_distinct(ids, num_sampled)


@given(st.floats(0, 1), st.integers(1, 50), st.integers(0, 100))
def test_expected_count_is_the_formula(prob, num_sampled, extra):
    want = reference.expected_count(prob, num_sampled, num_sampled + extra)
    assert core.expected_count(prob, num_sampled, num_sampled + extra) == pytest.approx(want, rel=1e-9, abs=1e-12)


def test_expected_count_of_what_hardly_ever_comes():
    assert core.expected_count(1e-20, 10, 1000) == pytest.approx(1e-17)  # 1 - (1 - 1e-20)^1000 as printed is 0
    assert core.expected_count(1.0, 3, 10) == 1
    assert core.expected_count(1.0, 3, 3) == 3


def test_expected_counts_with_replacement_by_simulation():
    sampler, rng = core.LogUniformSampler(50), np.random.default_rng(4)
    draws = [sampler.sample([[0]], 20, unique=False, rng=rng) for _ in range(2000)]
    mean = np.mean([np.bincount(values.sampled, minlength=50) for values in draws], axis=0)
    expected = core.expected_count(sampler.probs(), 20, 20)
    np.testing.assert_allclose(mean, expected, atol=5 * np.sqrt(expected.max() / 2000))
    np.testing.assert_allclose(draws[0].sampled_expected_count, 20 * sampler.probs(draws[0].sampled))


def test_item_44_the_expected_count_of_a_unique_sample():
    sampler, rng = core.LogUniformSampler(1000), np.random.default_rng(5)
    draws = [sampler.sample([[9], [99]], 100, rng=rng) for _ in range(2000)]
    tries = np.mean([values.num_tries for values in draws])
    assert tries == pytest.approx(167.9, abs=0.5)
    assert 100 * sampler.probs([9]) > 1.37  # of a class that can come once
    reported = np.mean([values.true_expected_count[:, 0] for values in draws], axis=0)
    measured = np.mean([[9 in values.sampled, 99 in values.sampled] for values in draws], axis=0)
    np.testing.assert_allclose(reported, [0.903, 0.215], atol=2e-3)
    np.testing.assert_allclose(measured, [0.903, 0.227], atol=0.02)


def test_item_32_log_uniform_takes_the_id_for_the_rank():
    sampler = core.LogUniformSampler(200_000)
    assert sampler.probs([0])[0] == pytest.approx(0.0568, abs=5e-5)
    assert sampler.probs([199_999])[0] == pytest.approx(4.1e-7, rel=5e-3)
    for num_classes, first in {10: 0.289065, 1000: 0.100329, 10_000: 0.075257, 50_257: 0.064033}.items():
        assert core.LogUniformSampler(num_classes).probs([0])[0] == pytest.approx(first, abs=5e-7)
        assert core.LogUniformSampler(num_classes).probs().sum() == pytest.approx(1, rel=1e-12)


def test_item_33_the_true_classes_are_not_left_out():
    values = core.UniformSampler(3).sample([[0], [1]], 3, rng=np.random.default_rng(0))
    assert sorted(values.sampled.tolist()) == [0, 1, 2]
    assert values.true_expected_count.shape == (2, 1)


def test_item_34_how_often_a_label_is_hit():
    sampler, rng = core.LogUniformSampler(200_000), np.random.default_rng(6)
    labels = [[0], [9], [99], [999], [9999]]
    replaced = core.expected_count(sampler.probs(labels), 1, 1000)[:, 0]  # the chance to come at all in 1,000 draws
    np.testing.assert_allclose(replaced, [1, 0.9998, 0.558, 0.079, 0.008], atol=6e-4)
    draws = [sampler.sample(labels, 1000, rng=rng) for _ in range(400)]
    unique = np.mean([values.true_expected_count[:, 0] for values in draws], axis=0)
    np.testing.assert_allclose(unique, [1, 1, 0.72, 0.12, 0.0127], rtol=0.01)
    measured = np.mean([np.isin(np.ravel(labels), values.sampled) for values in draws], axis=0)
    np.testing.assert_allclose(measured, unique, atol=0.05)


def test_item_43_distortion_lies_between_the_data_and_all_alike():
    counts = 1 / np.arange(1, 1001)
    rare = [core.FixedUnigramSampler(counts, distortion=d).probs()[900:].sum() for d in (1.0, 0.75, 0.5, 0.0)]
    assert rare == sorted(rare)
    assert rare[-1] == pytest.approx(0.1)


def test_unigram_of_huge_and_tiny_counts():
    probs = core.FixedUnigramSampler([1e300, 1e299, 0, 5e-324], distortion=3.0).probs()
    np.testing.assert_allclose(probs, [1 / 1.001, 0.001 / 1.001, 0, 0])


def test_learned_unigram_counts_after_it_has_drawn():
    sampler, rng = core.LearnedUnigramSampler(5), np.random.default_rng(0)
    for labels, want in (
        ([0, 0, 2], [0.2] * 3),
        ([0, 1, 2], [3 / 8, 1 / 8, 2 / 8]),
        ([0, 4, 3], [4 / 11, 1 / 11, 1 / 11]),
    ):
        values = sampler.sample(np.array(labels)[:, None], 1, unique=False, rng=rng)
        np.testing.assert_allclose(values.true_expected_count[:, 0], want)
    np.testing.assert_allclose(sampler.probs(), np.array([5, 2, 3, 2, 2]) / 14)


def test_a_seed_repeats_a_sample_and_another_does_not():
    one, again, other = (
        core.LogUniformSampler(10_000).sample([[1, 2], [3, 4]], 50, rng=np.random.default_rng(seed))
        for seed in (7, 7, 8)
    )
    for a, b in zip(one, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert one.sampled.tolist() != other.sampled.tolist()
    assert one.true_expected_count.shape == (2, 2)


@every
@settings(max_examples=10)
@given(seed=st.integers(0, 2**32))
def test_all_that_can_be_drawn(name, seed):
    sampler = SAMPLERS[name]()
    values = sampler.sample([[0]], sampler.num_drawable, rng=np.random.default_rng(seed))
    assert sorted(values.sampled.tolist()) == np.flatnonzero(PROBS[name]).tolist()
    assert values.num_tries >= sampler.num_drawable
    assert (values.sampled_expected_count > 0).all()


def test_one_class():
    values = core.LogUniformSampler(1).sample([[0]], 1, rng=np.random.default_rng(0))
    assert (values.sampled.tolist(), values.num_tries, values.sampled_expected_count.tolist()) == ([0], 1, [1.0])


def test_all_candidates():
    values = core.all_candidates([[1, 1], [2, 0]], 3)
    assert values.sampled.tolist() == [0, 1, 2]
    assert values.true_expected_count.tolist() == [[1, 1], [1, 1]]
    assert values.sampled_expected_count.tolist() == [1, 1, 1]
    assert values.num_tries is None


RNG = np.random.default_rng(0)
UNIFORM = core.UniformSampler(10)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("num_sampled must be at most 10", lambda: UNIFORM.sample([[0]], 11, rng=RNG)),
        ("ask for fewer, or for unique=False", lambda: core.FixedUnigramSampler([1, 0, 1]).sample([[0]], 3, rng=RNG)),
        ("num_sampled must be at least 1, got 0", lambda: UNIFORM.sample([[0]], 0, rng=RNG)),
        ("num_sampled must be an integer, got 2.5", lambda: UNIFORM.sample([[0]], 2.5, rng=RNG)),
        ("labels must be in [0, 10), got 10", lambda: UNIFORM.sample([[10]], 2, rng=RNG)),
        ("labels must be in [0, 10), got -1", lambda: UNIFORM.sample([[-1]], 2, rng=RNG)),
        ("labels[:, None]", lambda: UNIFORM.sample([0, 1], 2, rng=RNG)),
        ("labels must have shape [batch_size, num_true], got ()", lambda: UNIFORM.sample(3, 2, rng=RNG)),
        ("labels must not be empty", lambda: UNIFORM.sample(np.zeros((0, 1), int), 2, rng=RNG)),
        ("labels must not be empty", lambda: UNIFORM.sample(np.zeros((3, 0), int), 2, rng=RNG)),
        ("labels must be integers", lambda: UNIFORM.sample([[0.5]], 2, rng=RNG)),
        ("rng must be a generator, np.random.default_rng(seed), got 3", lambda: UNIFORM.sample([[0]], 2, rng=3)),
        ("num_classes must be at least 1, got 0", lambda: core.LogUniformSampler(0)),
        ("num_classes must be an integer, got nan", lambda: core.UniformSampler(np.nan)),
        ("ids must be in [0, 10), got 10", lambda: UNIFORM.probs([10])),
        ("ids must be integers", lambda: UNIFORM.probs([0.5])),
        ("counts must not all be 0", lambda: core.FixedUnigramSampler([0, 0])),
        ("counts must not be empty", lambda: core.FixedUnigramSampler([])),
        ("counts must be finite and not negative, got nan", lambda: core.FixedUnigramSampler([1, np.nan])),
        ("counts must be finite and not negative, got inf", lambda: core.FixedUnigramSampler([1, np.inf])),
        ("counts must be finite and not negative, got -1.0", lambda: core.FixedUnigramSampler([1, -1])),
        ("counts must be one row", lambda: core.FixedUnigramSampler([[1, 2]])),
        ("distortion must be positive, got -1", lambda: core.FixedUnigramSampler([1], distortion=-1)),
        ("distortion must be positive, got nan", lambda: core.FixedUnigramSampler([1], distortion=np.nan)),
        ("num_reserved_ids must be at least 0", lambda: core.FixedUnigramSampler([1], num_reserved_ids=-1)),
        ("logits must be one row", lambda: core.SoftmaxSampler([[1.0, 2.0]])),
        ("logits must not be NaN", lambda: core.SoftmaxSampler([1.0, np.nan])),
        ("draws than can be counted", lambda: core.FixedUnigramSampler([1e300, 1, 1]).sample([[0]], 3, rng=RNG)),
        ("draws than can be counted", lambda: core.FixedUnigramSampler([1e308, 1e-15]).sample([[0]], 2, rng=RNG)),
        ("probs must be in [0, 1], got 1.5", lambda: core.expected_count([1.5], 1, 1)),
        ("probs must be in [0, 1], got nan", lambda: core.expected_count(np.nan, 1, 1)),
        ("num_tries must be at least 5, got 4", lambda: core.expected_count(0.5, 5, 4)),
        ("num_sampled must be at least 1", lambda: core.first_distinct([1], 0)),
        ("ids must be one row", lambda: core.first_distinct([[1]], 1)),
        ("labels must be in [0, 3)", lambda: core.all_candidates([[3]], 3)),
    ],
)
def test_bad_input_is_answered(message, call):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
