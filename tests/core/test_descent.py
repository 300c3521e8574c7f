"""Down the slope, on the logits themselves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import core
from tests import reference

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


# Softmax over the classes, or over the batch by mistake. Item 8.

batches = st.integers(2, 5).flatmap(
    lambda size: st.tuples(
        st.lists(st.lists(st.floats(-4, 4), min_size=3, max_size=3), min_size=size, max_size=size),
        st.lists(st.integers(0, 2), min_size=size, max_size=size),
    )
)


def wrong_axis_loss(logits, labels):
    """The mean -ln of each label's share of its column, as a loop."""
    columns = list(zip(*logits, strict=True))
    return float(np.mean([-reference.log_softmax(columns[y])[i] for i, y in enumerate(labels)]))


@given(batches)
@settings(max_examples=40)
def test_item_8_both_losses_are_their_loops(batch):
    logits, labels = batch
    right = np.mean([reference.sparse_cross_entropy(row, y) for row, y in zip(logits, labels, strict=True)])
    for axis in (0, -2):
        walk = core.descend_batch(logits, labels, axis=axis, learning_rate=1.0, num_steps=0)
        np.testing.assert_allclose(walk.losses, [wrong_axis_loss(logits, labels)], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(walk.true_losses, [right], rtol=1e-9, atol=1e-12)
    for axis in (1, -1):
        walk = core.descend_batch(logits, labels, axis=axis, learning_rate=1.0, num_steps=0)
        np.testing.assert_allclose(walk.losses, [right], rtol=1e-9, atol=1e-12)


@given(batches)
@settings(max_examples=15)
def test_item_8_each_step_is_the_gradient_of_the_reported_loss(batch):
    logits, labels = np.array(batch[0]), batch[1]

    def loss(flat, axis):
        walk = core.descend_batch(np.reshape(flat, logits.shape), labels, axis=axis, learning_rate=1.0, num_steps=0)
        return float(walk.losses[0])

    for axis in (0, 1):
        walk = core.descend_batch(logits, labels, axis=axis, learning_rate=0.5, num_steps=1)
        want = reference.slope(lambda flat, over=axis: loss(flat, over), logits.ravel().tolist())
        np.testing.assert_allclose((walk.logits[0] - walk.logits[1]).ravel() / 0.5, want, rtol=1e-5, atol=1e-6)


@given(batches, st.sampled_from([0, 1]), st.floats(0.1, 3.99))
@settings(max_examples=40)
def test_item_8_safe_steps_never_raise_the_reported_loss(batch, axis, rate):
    walk = core.descend_batch(*batch, axis=axis, learning_rate=rate, num_steps=15)
    assert (np.diff(walk.losses) <= 1e-12).all()


def test_item_8_the_wrong_axis_starts_at_ln_batch_size_and_ends_at_a_floor():
    labels = [0, 0, 1, 2, 2, 2]
    walk = core.descend_batch(np.zeros((6, 4)), labels, axis=0, learning_rate=3.9, num_steps=3000)
    assert walk.losses[0] == pytest.approx(np.log(6))
    assert walk.true_losses[0] == pytest.approx(np.log(4))
    floor = (2 * np.log(2) + 3 * np.log(3)) / 6
    assert floor < walk.losses[-1] < floor + 0.01
    np.testing.assert_array_equal(walk.logits[-1][:, 3], 0)  # nobody has class 3, so nobody learns not to choose it


def test_item_8_in_a_batch_of_one_there_is_nothing_to_learn():
    walk = core.descend_batch([[1.0, -2.0, 5.0]], [1], axis=0, learning_rate=1.0, num_steps=5)
    np.testing.assert_array_equal(walk.losses, 0)
    np.testing.assert_array_equal(walk.logits, np.broadcast_to([[1.0, -2.0, 5.0]], walk.logits.shape))


def test_batch_descent_names_bad_arguments():
    with pytest.raises(ValueError, match=r"logits must be \[batch_size, num_classes\], got shape \(3,\)"):
        core.descend_batch([1.0, 2.0, 3.0], [0], learning_rate=1.0, num_steps=1)
    with pytest.raises(ValueError, match=r"labels must have shape \(2,\)"):
        core.descend_batch(np.zeros((2, 3)), [0], learning_rate=1.0, num_steps=1)
    with pytest.raises(ValueError, match=r"axis must be in \[-2, 2\)"):
        core.descend_batch(np.zeros((2, 3)), [0, 1], axis=2, learning_rate=1.0, num_steps=1)
