"""Logits in a box. Item 11."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import core
from tests import reference

sizes = st.integers(2, 50)
scales = st.floats(0, 20)


@given(sizes, scales)
def test_the_best_row_reaches_the_bound(num_classes, scale):
    best = core.bounded_best(num_classes, scale)
    row = [scale] + [-scale] * (num_classes - 1)
    assert best.prob == pytest.approx(reference.softmax(row)[0], rel=1e-12)
    assert best.loss == pytest.approx(reference.sparse_cross_entropy(row, 0), rel=1e-9, abs=1e-12)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=12), scales)
def test_item_11_no_row_in_the_box_does_better(cosines, scale):
    best = core.bounded_best(len(cosines), scale)
    logits = scale * np.array(cosines)
    assert core.softmax(logits).max() <= best.prob + 1e-12
    assert core.sparse_cross_entropy(logits, 0) >= best.loss - 1e-12


def test_item_11_the_formula():
    for num_classes in (2, 10, 1000, 200_000):
        want = np.e / (np.e + (num_classes - 1) / np.e)
        assert core.bounded_best(num_classes).prob == pytest.approx(want, rel=1e-14)


@given(sizes)
def test_item_11_softmax_twice_is_a_box_of_one_half(num_classes):
    assert core.bounded_best(num_classes, 0.5).loss == pytest.approx(core.double_softmax_range(num_classes)[0])


@given(st.integers(2, 10**6), st.floats(0.001, 0.999))
def test_the_scale_that_is_needed_gives_the_probability(num_classes, share):
    prob = 1 / num_classes + share * (1 - 1 / num_classes)
    scale = core.bounded_scale(num_classes, prob)
    assert core.bounded_best(num_classes, scale).prob == pytest.approx(prob, rel=1e-9)
    assert core.bounded_best(num_classes, 0.99 * scale).prob < prob


@pytest.mark.filterwarnings("error")
def test_extremes():
    best = core.bounded_best(200_000, [0.0, 1e300])
    np.testing.assert_allclose(best.prob, [1 / 200_000, 1])
    np.testing.assert_allclose(best.loss, [np.log(200_000), 0])
    assert core.bounded_best(1, 3.0) == (1.0, 0.0)
    assert core.bounded_best(10, 1.0).prob.shape == ()


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="scale must be finite and not negative, got -1"):
        core.bounded_best(10, -1.0)
    with pytest.raises(ValueError, match="num_classes must be at least 2, got 1"):
        core.bounded_scale(1, 0.5)
    for prob in (0.1, 1.0):
        with pytest.raises(ValueError, match=r"prob must be above 1/num_classes = 0\.1 and below 1, got"):
            core.bounded_scale(10, prob)
