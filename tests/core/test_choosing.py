"""Choosing the next token: what each knob does and does not, and what is fed back."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import core

numbers = st.floats(-20, 20, allow_subnormal=False)
rows = hnp.arrays(np.float64, st.integers(1, 8), elements=numbers)
matrices = hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=3, max_side=5), elements=numbers)
temperatures = st.floats(0.05, 10)
top_ks = st.none() | st.integers(1, 9)
top_ps = st.none() | st.floats(0.01, 1)


def naive(logits, temperature, top_k, top_p):
    """The same in words: sort, cut, divide; no ties."""
    probs = core.softmax(logits, temperature=temperature)
    order = sorted(range(len(logits)), key=lambda i: -logits[i])
    kept = order[: top_k or len(order)]
    total = sum(probs[i] for i in kept)
    if top_p is not None:
        nucleus, mass = [], 0.0
        for i in kept:
            if mass >= top_p:
                break
            nucleus.append(i)
            mass += probs[i] / total
        kept = nucleus
    total = sum(probs[i] for i in kept)
    return [probs[i] / total if i in kept else 0.0 for i in range(len(logits))]


@given(rows, temperatures, top_ks, top_ps)
def test_sort_cut_divide(logits, temperature, top_k, top_p):
    assume(len(set(np.round(logits, 6))) == len(logits))
    got = core.next_probs(logits, temperature=temperature, top_k=top_k, top_p=top_p)
    np.testing.assert_allclose(got, naive(logits, temperature, top_k, top_p), atol=1e-9)


@given(matrices, temperatures, top_ks, top_ps)
def test_rows_are_distributions_and_the_best_is_always_kept(logits, temperature, top_k, top_p):
    probs = core.next_probs(logits, temperature=temperature, top_k=top_k, top_p=top_p)
    np.testing.assert_allclose(probs.sum(axis=-1), 1, rtol=1e-12)
    assert (np.take_along_axis(probs, logits.argmax(axis=-1)[..., None], axis=-1) > 0).all()
    for place in np.ndindex(logits.shape[:-1]):
        alone = core.next_probs(logits[place], temperature=temperature, top_k=top_k, top_p=top_p)
        np.testing.assert_allclose(alone, probs[place], rtol=1e-12)


@given(rows, temperatures)
def test_without_a_cut_it_is_softmax(logits, temperature):
    want = core.softmax(logits, temperature=temperature)
    np.testing.assert_allclose(core.next_probs(logits, temperature=temperature), want, rtol=1e-12)
    cut = core.next_probs(logits, temperature=temperature, top_k=len(logits) + 3, top_p=1)
    np.testing.assert_allclose(cut, want, rtol=1e-12)


@given(rows, temperatures, st.floats(0.01, 0.99))
def test_the_nucleus_is_the_fewest_that_have_top_p(logits, temperature, top_p):
    full = core.softmax(logits, temperature=temperature)
    kept = core.next_probs(logits, temperature=temperature, top_p=top_p) > 0
    assert full[kept].sum() >= top_p - 1e-9
    if kept.sum() > 1:
        assert full[kept].sum() - full[kept].min() < top_p + 1e-9


@given(rows)
def test_temperature_zero_is_argmax_and_the_limit(logits):
    cold = core.next_probs(logits, temperature=0, top_k=3, top_p=0.9)
    np.testing.assert_array_equal(cold, np.eye(len(logits))[logits.argmax()])
    gaps = logits.max() - np.delete(logits, logits.argmax())
    assume((gaps > 1e-3).all())
    np.testing.assert_allclose(core.next_probs(logits, temperature=1e-5), cold, atol=1e-12)


def test_ties():
    tied = [1.0, 1.0, 1.0, 0.0]
    np.testing.assert_allclose(core.next_probs(tied, top_k=2), [1 / 3, 1 / 3, 1 / 3, 0])
    np.testing.assert_allclose(core.next_probs([0.0, 0.0, 0.0, 0.0], top_p=0.5), [0.5, 0.5, 0, 0])
    np.testing.assert_array_equal(core.next_probs(tied, temperature=0), [1, 0, 0, 0])


def test_the_order_of_operations_is_temperature_then_top_k_then_top_p():
    logits = np.log([0.5, 0.25, 0.15, 0.1])
    assert (core.next_probs(logits, top_p=0.7) > 0).sum() == 2
    assert (core.next_probs(logits, temperature=5, top_p=0.7) > 0).sum() == 3  # flatter, so more are needed
    assert (core.next_probs(logits, top_k=2, top_p=0.6) > 0).sum() == 1  # .5 of the .75 left is .667


def test_transformers_order_and_ties_by_its_own_rule():
    """Its top-p sorts upwards and drops while the running sum is at most 1 - top_p."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        logits = rng.normal(size=7)
        probs = core.softmax(logits, temperature=0.8)
        order = np.argsort(probs)
        dropped = order[np.cumsum(probs[order]) <= 1 - 0.6]
        want = probs.copy()
        want[dropped] = 0
        got = core.next_probs(logits, temperature=0.8, top_p=0.6)
        np.testing.assert_allclose(got, want / want.sum(), rtol=1e-12)


def test_masked_classes_stay_masked():
    logits = [0.0, -np.inf, 1.0]
    for options in ({}, {"top_k": 3}, {"top_k": 2}, {"top_p": 0.99}, {"temperature": 0}):
        assert core.next_probs(logits, **options)[1] == 0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_is_kept(dtype):
    assert core.next_probs(np.array([1, 2, 3], dtype), temperature=0.7, top_k=2, top_p=0.9).dtype == dtype


# Drawing


def test_draws_are_as_frequent_as_they_are_probable():
    probs = np.array([0.5, 0.0, 0.3, 0.2, 0.0])
    drawn = core.choose(np.tile(probs, (20_000, 1)), np.random.default_rng(0))
    counts = np.bincount(drawn, minlength=5)
    assert counts[1] == counts[4] == 0
    np.testing.assert_allclose(counts / 20_000, probs, atol=4 * (0.25 / 20_000) ** 0.5)


@given(matrices, st.integers(0, 1000))
def test_what_has_no_probability_is_never_drawn(logits, seed):
    probs = core.next_probs(logits, top_k=1)
    ids = core.choose(probs, np.random.default_rng(seed))
    assert ids.shape == logits.shape[:-1]
    assert (np.take_along_axis(probs, np.asarray(ids)[..., None], axis=-1) > 0).all()


class Darts:
    """A generator that throws where it is told."""

    def __init__(self, dart):
        self.dart = dart

    def random(self, shape):
        return np.full(shape, self.dart)


@pytest.mark.parametrize("dart", [0.0, np.nextafter(1.0, 0.0)])
def test_the_ends_of_the_ruler(dart):
    for probs in ([0.0, 1.0, 0.0], [0.0, 1 / 3, 1 / 3, 1 / 3, 0.0], np.float32([0, 0.1, 0.7, 0.2, 0])):
        assert probs[int(core.choose(probs, Darts(dart)))] > 0


# Generation


class Follow:
    """After i comes i + 1 or, as probable, i + 2; remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def logits(self, ids, state=None):
        self.asked.append((np.asarray(ids).tolist(), state))
        ids = np.asarray(ids)
        chances = np.eye(10)[(ids + 1) % 10] + np.eye(10)[(ids + 2) % 10] + 1e-30
        return np.log(chances), len(self.asked)


def test_what_was_chosen_is_fed_back_with_the_state():
    model = Follow()
    ids = core.generate(model, [3, 4], 3, np.random.default_rng(0))
    assert model.asked == [([[3, 4]], None), ([[int(ids[0])]], 1), ([[int(ids[1])]], 2)]
    steps = np.diff([4, *ids.tolist()]) % 10
    assert set(steps.tolist()) <= {1, 2}


def test_same_seed_same_text_and_argmax_needs_no_seed():
    runs = [core.generate(Follow(), [0], 50, np.random.default_rng(seed)).tolist() for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]
    cold = [core.generate(Follow(), [0], 5, np.random.default_rng(seed), temperature=0).tolist() for seed in (1, 2)]
    assert cold[0] == cold[1] == [1, 2, 3, 4, 5]


def test_it_stops_after_the_stop_and_only_there():
    ids = core.generate(Follow(), [7], 20, np.random.default_rng(0), temperature=0, stop=[1, 2])
    assert ids.tolist() == [8, 0, 1, 2]  # of the two that tie, 9 and 0, the lower
    assert len(core.generate(Follow(), [1, 2], 4, np.random.default_rng(0), stop=[1, 2])) == 4  # not for the prompt
    assert core.generate(Follow(), [1], 0, np.random.default_rng(0)).tolist() == []


# Bad input


@pytest.mark.parametrize("temperature", [-1, np.nan, np.inf, "hot", True])
def test_bad_temperatures_are_named(temperature):
    with pytest.raises(ValueError, match=f"temperature must be .*{temperature}"):
        core.next_probs([1.0, 2.0], temperature=temperature)


@pytest.mark.parametrize("top_k", [0, -1, 1.5])
def test_bad_top_k_is_named(top_k):
    with pytest.raises(ValueError, match=f"top_k must be .*{top_k}"):
        core.next_probs([1.0, 2.0], top_k=top_k)


@pytest.mark.parametrize("top_p", [0, -0.1, 1.1, np.nan])
def test_bad_top_p_is_named(top_p):
    with pytest.raises(ValueError, match=rf"top_p must be in \(0, 1\], got {top_p}"):
        core.next_probs([1.0, 2.0], top_p=top_p)


def test_bad_rows_and_prompts_are_named():
    with pytest.raises(ValueError, match="logits must not be NaN"):
        core.next_probs([np.nan, 1.0])
    with pytest.raises(ValueError, match="probs must sum to one"):
        core.choose([0.5, 0.1], np.random.default_rng(0))
    with pytest.raises(ValueError, match="prompt_ids must not be empty"):
        core.generate(Follow(), np.zeros(0, int), 3, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"prompt_ids must be one row of ids, got shape \(1, 2\)"):
        core.generate(Follow(), [[1, 2]], 3, np.random.default_rng(0))
    with pytest.raises(ValueError, match="length must be at least 0, got -1"):
        core.generate(Follow(), [1], -1, np.random.default_rng(0))
