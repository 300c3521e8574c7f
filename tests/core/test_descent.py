"""Down the slope, on the logits themselves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import core

rows = st.lists(st.floats(-5, 5, allow_subnormal=False), min_size=1, max_size=6)


@given(rows, st.floats(0.2, 4), st.floats(0.01, 0.99), st.integers(0, 10_000))
@settings(max_examples=60)
def test_safe_steps_never_raise_the_loss(logits, temperature, fraction, seed):
    soft = np.random.default_rng(seed).dirichlet(np.ones(len(logits)))
    rate = fraction * 4 * temperature**2
    descent = core.descend(logits, soft, learning_rate=rate, num_steps=12, temperature=temperature)
    assert (np.diff(descent.losses) <= 1e-12).all()
    np.testing.assert_allclose(descent.logits.sum(axis=1), sum(logits), atol=1e-9)


def test_unsafe_steps_can_raise_the_loss():
    descent = core.descend([0.5, -0.5], [0.5, 0.5], learning_rate=20.0, num_steps=2)
    assert descent.losses[1] > descent.losses[0]


@given(rows)
def test_each_step_is_the_gradient(logits):
    label = core.one_hot(0, len(logits))
    descent = core.descend(logits, label, learning_rate=0.5, num_steps=3)
    assert descent.logits.shape == (4, len(logits))
    assert descent.losses.shape == (4,)
    for before, after, loss in zip(descent.logits, descent.logits[1:], descent.losses, strict=False):
        np.testing.assert_allclose(after, before - 0.5 * core.sparse_cross_entropy_grad(before, 0), rtol=1e-12)
        assert loss == pytest.approx(core.sparse_cross_entropy(before, 0), rel=1e-12)


def test_rests_at_a_soft_label():
    soft = [0.7, 0.2, 0.1]
    descent = core.descend([3.0, 0.0, 1.0], soft, learning_rate=1.0, num_steps=400)
    np.testing.assert_allclose(core.softmax(descent.logits[-1]), soft, atol=1e-9)
    assert descent.losses[-1] == pytest.approx(core.entropy(soft), abs=1e-12)


def test_never_rests_at_a_hard_label():
    descent = core.descend([0.0, 0.0], [1.0, 0.0], learning_rate=1.0, num_steps=1000)
    assert (np.diff(descent.logits[:, 0]) > 0).all()
    assert descent.losses[1000] == pytest.approx(descent.losses[500] / 2, rel=0.05)  # as 1/steps


def test_no_steps_and_start_untouched():
    start = np.array([1.0, 2.0], np.float32)
    descent = core.descend(start, [1.0, 0.0], learning_rate=1.0, num_steps=0)
    np.testing.assert_array_equal(descent.logits, [start])
    assert descent.logits.dtype == descent.losses.dtype == np.float32
    core.descend(start, [1.0, 0.0], learning_rate=1.0, num_steps=5)
    np.testing.assert_array_equal(start, [1, 2])
