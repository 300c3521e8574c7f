"""What a probability promises and what it keeps. Item 7."""

import numpy as np
import pytest
import scipy.optimize
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import core
from tests import reference

NINE_IN_TEN = np.log([[0.9, 0.1]] * 4), [0, 0, 0, 1]
"""0.9 sure each time, three in four right: e^z = 9 to 1 should be 3 to 1, its root"""

eighths = st.integers(-64, 64).map(lambda k: k / 8)
"""Logits that are equal or clearly not: of almost equal ones another may be the largest once exp has rounded them."""
temperatures = st.floats(0.05, 20)
bins = st.integers(1, 20)


@st.composite
def answers(draw):
    """Logits and labels of a few rows."""
    num_rows, num_classes = draw(st.integers(1, 12)), draw(st.integers(2, 5))
    logits = draw(hnp.arrays(np.float64, (num_rows, num_classes), elements=eighths))
    labels = draw(hnp.arrays(np.int64, num_rows, elements=st.integers(0, num_classes - 1)))
    return logits, labels


@st.composite
def fittable(draw):
    """The same with a best temperature: one answer is wrong, but on average the labels' logits are above the others."""
    logits, labels = draw(answers())
    at_label = np.take_along_axis(logits, labels[:, None], axis=-1)[:, 0]
    assume((logits.max(axis=-1) - at_label).mean() > 1e-3)
    assume((at_label - logits.mean(axis=-1)).mean() > 1e-3)
    return logits, labels


def loss(logits, labels, temperature):
    return float(core.sparse_cross_entropy(logits, labels, temperature=temperature, reduction="mean"))


# Bins


def test_bins_by_hand():
    probs = [[0.7, 0.3], [0.8, 0.2], [0.9, 0.1], [0.05, 0.95]]
    counts, confidence, accuracy = core.reliability(np.log(probs), [0, 1, 0, 1], num_bins=4)
    np.testing.assert_array_equal(counts, [0, 0, 1, 3])
    np.testing.assert_allclose(confidence, [np.nan, np.nan, 0.7, (0.8 + 0.9 + 0.95) / 3])
    np.testing.assert_allclose(accuracy, [np.nan, np.nan, 1, 2 / 3])
    gaps = [0, 0, 1 / 4 * abs(1 - 0.7), 3 / 4 * abs(2 / 3 - 2.65 / 3)]
    np.testing.assert_allclose(core.Reliability(counts, confidence, accuracy).gaps, gaps)
    want = sum(gaps)
    assert core.expected_calibration_error(np.log(probs), [0, 1, 0, 1], num_bins=4) == pytest.approx(want)


@pytest.mark.filterwarnings("error")
def test_a_confidence_on_an_edge_belongs_to_the_bin_below():
    np.testing.assert_array_equal(core.reliability([[0.0, 0.0]], [0], num_bins=2).counts, [1, 0])
    np.testing.assert_array_equal(core.reliability([[0.0] * 10], [0], num_bins=10).counts, [1] + [0] * 9)
    np.testing.assert_array_equal(core.reliability([[1e4, 0.0]], [0], num_bins=3).counts, [0, 0, 1])
    np.testing.assert_array_equal(core.reliability([[5.0]], [0], num_bins=3).counts, [0, 0, 1])


def test_an_empty_bin_is_nan_and_not_zero():
    empty = core.reliability([[9.0, 0.0]], [1], num_bins=3)
    assert np.isnan(empty.confidence[:2]).all()
    assert np.isnan(empty.accuracy[:2]).all()
    assert empty.accuracy[2] == 0  # nothing right is something else


@given(answers(), temperatures, bins)
def test_loops_agree(answers, temperature, num_bins):
    logits, labels = answers
    probs = core.softmax(logits, temperature=temperature).tolist()
    got = core.reliability(logits, labels, temperature=temperature, num_bins=num_bins)
    want = np.array(reference.reliability(probs, labels.tolist(), num_bins)).T
    np.testing.assert_allclose(np.array(got), want, rtol=1e-12)
    assert core.expected_calibration_error(logits, labels, temperature=temperature, num_bins=num_bins) == pytest.approx(
        reference.expected_calibration_error(probs, labels.tolist(), num_bins), abs=1e-12
    )


@given(answers(), temperatures, bins)
def test_item_7_no_temperature_changes_what_is_right(answers, temperature, num_bins):
    logits, labels = answers
    counts, _, accuracy = core.reliability(logits, labels, temperature=temperature, num_bins=num_bins)
    assert counts.sum() == len(labels)
    right = np.nansum(counts * accuracy)
    assert right == pytest.approx((logits.argmax(axis=-1) == labels).sum(), abs=1e-9)


def test_item_7_not_even_one_that_makes_all_probabilities_equal():
    logits = [[0.0, 1e-3], [1e-3, 0.0]]
    assert (core.softmax(logits, temperature=1e15) == 0.5).all()
    for labels, right in (([1, 0], 1.0), ([1, 1], 0.5), ([0, 1], 0.0)):
        assert core.reliability(logits, labels, temperature=1e15, num_bins=1).accuracy == right


@given(answers(), temperatures, bins)
def test_the_error_is_at_least_the_gap_of_the_means(answers, temperature, num_bins):
    """Bins add detail: gaps of opposite sign in different bins do not cancel, within one bin they do."""
    logits, labels = answers
    confidence = core.softmax(logits, temperature=temperature).max(axis=-1).mean()
    gap = abs((logits.argmax(axis=-1) == labels).mean() - confidence)
    error = core.expected_calibration_error(logits, labels, temperature=temperature, num_bins=num_bins)
    assert gap - 1e-12 <= error <= 1
    one_bin = core.expected_calibration_error(logits, labels, temperature=temperature, num_bins=1)
    assert one_bin == pytest.approx(gap, abs=1e-12)


def test_any_leading_shape_and_dtype():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(0, 3, (6, 4)), rng.integers(0, 4, 6)
    want = core.expected_calibration_error(logits, labels)
    assert core.expected_calibration_error(logits.reshape(2, 3, 4), labels.reshape(2, 3)) == want
    for dtype, tolerance in ((np.float32, 1e-6), (np.float16, 2e-3)):
        got = core.expected_calibration_error(logits.astype(dtype), labels.astype(np.uint8))
        assert got == pytest.approx(want, abs=tolerance)
        assert core.reliability(logits.astype(dtype), labels).confidence.dtype == np.float64


def test_knowing_nothing_is_perfectly_calibrated():
    labels = np.arange(10)
    assert core.expected_calibration_error(np.zeros((10, 10)), labels) == pytest.approx(0)


# The best temperature


def test_three_in_four_right_need_two():
    assert core.fit_temperature(*NINE_IN_TEN) == pytest.approx(2, rel=1e-14)


@given(st.integers(1, 99), st.floats(0.01, 50))
def test_the_best_temperature_of_equal_rows_makes_the_accuracy_the_confidence(wrong, gap):
    """100 equal rows of two classes, `gap` apart: softmax(gap / T) = accuracy where T = gap / log-odds."""
    assume(wrong < 50)
    logits, labels = np.tile([gap, 0.0], (100, 1)), np.arange(100) < wrong
    want = gap / np.log((100 - wrong) / wrong)
    assert core.fit_temperature(logits, labels.astype(int)) == pytest.approx(want, rel=1e-12)


@given(fittable())
def test_the_slope_at_the_best_temperature_is_zero(answers):
    logits, labels = answers
    best = core.fit_temperature(logits, labels)
    grad = core.sparse_cross_entropy_grad(logits, labels, temperature=best)
    assert best > 0
    assert (best * grad * logits).sum(axis=-1).mean() == pytest.approx(0, abs=1e-11)  # d loss / d (1/T)


@given(fittable(), temperatures)
def test_no_other_temperature_has_a_smaller_loss(answers, temperature):
    logits, labels = answers
    best = core.fit_temperature(logits, labels)
    assert loss(logits, labels, best) <= min(loss(logits, labels, temperature), loss(logits, labels, 1.0)) + 1e-12


@given(fittable(), st.floats(0.01, 100), st.floats(-50, 50))
def test_the_best_temperature_scales_with_the_logits_and_ignores_a_shift(answers, scale, shift):
    logits, labels = answers
    best = core.fit_temperature(logits, labels)
    assert core.fit_temperature(scale * logits, labels) == pytest.approx(scale * best, rel=1e-6)
    assert core.fit_temperature(logits + shift, labels) == pytest.approx(best, rel=1e-6)


def test_scipy_finds_the_same():
    rng = np.random.default_rng(7)
    logits = rng.normal(0, 4, (300, 6))
    labels = np.where(rng.random(300) < 0.6, logits.argmax(axis=-1), rng.integers(0, 6, 300))
    found = scipy.optimize.minimize_scalar(lambda t: loss(logits, labels, t), bounds=(0.1, 50), method="bounded")
    assert core.fit_temperature(logits, labels) == pytest.approx(found.x, rel=1e-4)
    assert core.fit_temperature(logits.reshape(3, 100, 6), labels.reshape(3, 100)) == core.fit_temperature(
        logits, labels
    )


@pytest.mark.parametrize("distortion", [0.5, 1.0, 3.0])
def test_labels_drawn_from_the_model_itself_are_calibrated(distortion):
    """Labels drawn from softmax(z): T = 1 is best and the error is chance; of c·z the best T is c, and it repairs."""
    rng = np.random.default_rng(11)
    logits = rng.normal(0, 2, (40_000, 5))
    gumbel = -np.log(-np.log(rng.random(logits.shape)))
    labels = (logits + gumbel).argmax(axis=-1)  # the Gumbel trick: a draw from softmax(logits)
    best = core.fit_temperature(distortion * logits, labels)
    assert best == pytest.approx(distortion, rel=0.03)
    assert core.expected_calibration_error(distortion * logits, labels, temperature=best) < 0.01
    if distortion != 1:
        assert core.expected_calibration_error(distortion * logits, labels) > 0.1


@pytest.mark.filterwarnings("error")
def test_extreme_units():
    logits, labels = NINE_IN_TEN
    for unit in (1e-200, 1e-30, 1e30, 1e200):
        assert core.fit_temperature(unit * logits, labels) == pytest.approx(2 * unit, rel=1e-12)
    assert core.fit_temperature(logits + 1e6, labels) == pytest.approx(2, rel=1e-9)


# What bad input says


@pytest.mark.parametrize(
    ("logits", "labels", "says"),
    [
        ([[1.0, 0.0], [0.0, 1.0]], [0, 1], r"labels must not all have the largest logit, got 2 of 2: no T is best"),
        ([[1.0, 1.0]], [1], r"labels must not all have the largest logit, got 1 of 1"),
        (
            [[1.0, 0.0], [1.0, 0.0]],
            [1, 0],
            r"labels must on average .* got a mean difference of 0: no T is best",
        ),
        (
            [[2.0, 0.0, 1.0]],
            [1],
            r"labels must on average .* got a mean difference of -1: no T is best",
        ),
        ([[np.inf, 0.0]], [1], r"logits must differ by finite numbers, got a difference of nan"),
        ([[-np.inf, 0.0]], [1], r"logits must differ by finite numbers, got a difference of -inf"),
        ([[-1e308, 1e308]], [1], r"logits must differ by finite numbers, got a difference of -inf"),
        ([[np.nan, 0.0]], [1], r"logits must differ by finite numbers, got a difference of nan"),
        ([[1.0, 0.0]], [2], r"labels must be in \[0, 2\), got 2"),
        ([[1.0, 0.0]], [0, 1], r"labels must have shape \(1,\) .* got \(2,\)"),
        ([], [], r"logits must not be empty"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_no_best_temperature(logits, labels, says):
    with pytest.raises(ValueError, match=says):
        core.fit_temperature(logits, labels)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"temperature": 0}, "temperature must be positive, got 0"),
        ({"num_bins": 0}, "num_bins must be at least 1, got 0"),
        ({"num_bins": 2.5}, "num_bins must be an integer, got 2.5"),
        ({"labels": [0.0, 1.0]}, "labels must be integers"),
        ({"labels": [0, 1, 1]}, r"labels must have shape \(2,\)"),
        ({"logits": [[np.nan, 0.0], [0.0, 0.0]]}, "logits must not be NaN, got nan in row 0"),
        ({"logits": [["a", "b"]]}, "logits must be real numbers"),
    ],
)
def test_bad_arguments_are_named(change, says):
    given = {"logits": [[1.0, 0.0], [0.0, 1.0]], "labels": [0, 1]} | change
    for function in (core.reliability, core.expected_calibration_error):
        with pytest.raises(ValueError, match=says):
            function(**given)
