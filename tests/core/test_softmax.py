"""Logits to probabilities: the formula, its properties, its extremes, and the beliefs that it should undo."""

import warnings

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import core
from core.softmax import BLOCK, exp_blocks
from tests import reference

SEED = np.array([[2.0, -1.0, 3.0, 2.0], [1.0, 0.0, -0.5, 4.0]])
SEED_PROBS = [[0.20972851, 0.01044177, 0.57010121, 0.20972851], [0.04613281, 0.01697131, 0.01029362, 0.92660226]]

numbers = st.floats(-20, 20, allow_subnormal=False)
rows = st.lists(numbers, min_size=1, max_size=8)
temperatures = st.floats(0.1, 10)
matrices = hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=4, max_side=5), elements=numbers)


def test_worked_numbers():
    np.testing.assert_allclose(core.softmax(SEED), SEED_PROBS, atol=5e-9)
    np.testing.assert_allclose(core.logsumexp(SEED), [3.5619413795, 4.0762308707], atol=5e-11)


@given(rows, temperatures)
def test_loops_agree(logits, temperature):
    for name in ("softmax", "log_softmax", "logsumexp", "softmax_jacobian"):
        got = getattr(core, name)(logits, temperature=temperature)
        want = getattr(reference, name)(logits, temperature)
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-11, err_msg=name)


@given(matrices, st.data())
def test_scipy_agrees_on_any_axis(logits, data):
    axis = data.draw(st.integers(-logits.ndim, logits.ndim - 1))
    tight = {"rtol": 1e-12, "atol": 1e-13}
    np.testing.assert_allclose(core.softmax(logits, axis=axis), scipy.special.softmax(logits, axis=axis), **tight)
    np.testing.assert_allclose(
        core.log_softmax(logits, axis=axis), scipy.special.log_softmax(logits, axis=axis), **tight
    )
    np.testing.assert_allclose(core.logsumexp(logits, axis=axis), scipy.special.logsumexp(logits, axis=axis), **tight)


@given(matrices)
def test_sums_to_one_and_exponentiates(logits):
    probs = core.softmax(logits)
    np.testing.assert_allclose(probs.sum(axis=-1), 1, rtol=1e-13)
    np.testing.assert_allclose(np.exp(core.log_softmax(logits)), probs, rtol=1e-12)


@pytest.mark.parametrize("batch_size", [1, 2, 1000])
def test_blocks_join_seamlessly(batch_size):
    num_classes = BLOCK // 8 // 3 + 1  # two rows a block, the last block one row
    logits = np.random.default_rng(0).standard_normal((min(batch_size, 5), num_classes))
    whole = np.stack([core.softmax(row) for row in logits])
    np.testing.assert_array_equal(core.softmax(logits), whole)
    np.testing.assert_array_equal(core.logsumexp(logits), [core.logsumexp(row) for row in logits])
    np.testing.assert_array_equal(core.log_softmax(logits), [core.log_softmax(row) for row in logits])


def test_blocks_cover_every_row_once():
    logits = np.zeros((7, BLOCK // 8 // 2))
    blocks = [block for block, *_ in exp_blocks(logits)]
    assert [(block.start, block.stop) for block in blocks] == [(0, 2), (2, 4), (4, 6), (6, 7)]


def test_input_is_left_alone():
    for dtype in (np.float64, np.float32, np.float16):
        logits = SEED.astype(dtype)
        for function in (core.softmax, core.log_softmax, core.logsumexp, core.naive_softmax, core.softmax_jacobian):
            function(logits)
        np.testing.assert_array_equal(logits, SEED.astype(dtype))


@given(matrices, st.floats(-1000, 1000))
def test_item_1_differences_are_log_odds(logits, shift):
    log_probs = core.log_softmax(logits)
    np.testing.assert_allclose(np.diff(log_probs), np.diff(logits), atol=1e-11)
    np.testing.assert_allclose(log_probs, logits - core.logsumexp(logits)[..., None], atol=1e-11)
    np.testing.assert_allclose(core.log_softmax(log_probs + shift), log_probs, atol=1e-9)


def test_item_1_odds_of_1_3():
    probs = core.softmax([1.3, 0.0])
    assert probs[0] / probs[1] == pytest.approx(3.669, abs=1e-3)


@given(matrices, st.floats(-1000, 1000))
def test_item_2_shift_changes_nothing(logits, shift):
    np.testing.assert_allclose(core.softmax(logits + shift), core.softmax(logits), rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(core.logsumexp(logits + shift), core.logsumexp(logits) + shift, rtol=1e-10, atol=1e-10)


def test_item_2_scale_does_change():
    assert core.softmax(2 * SEED)[0, 2] > core.softmax(SEED)[0, 2] + 0.1


@given(st.lists(numbers, min_size=2, max_size=8))
def test_item_3_plus_ln_2_doubles_the_odds_against_every_other(logits):
    before, after = core.softmax(logits), core.softmax([logits[0] + np.log(2), *logits[1:]])
    np.testing.assert_allclose(after[0] / after[1:], 2 * before[0] / before[1:], rtol=1e-9)
    np.testing.assert_allclose(after[0], 2 * before[0] / (1 + before[0]), rtol=1e-9)  # less than twice as probable


@given(matrices, temperatures)
def test_item_4_logsumexp_is_the_soft_max(logits, temperature):
    largest, gap = logits.max(axis=-1), np.log(logits.shape[-1])
    soft = temperature * core.logsumexp(logits, temperature=temperature)
    assert (soft >= largest - 1e-10).all()
    assert (soft <= largest + temperature * gap + 1e-10).all()


def test_item_4_low_temperature_is_one_hot():
    np.testing.assert_allclose(core.softmax(SEED, temperature=1e-3), [[0, 0, 1, 0], [0, 0, 0, 1]], atol=1e-12)


@given(st.lists(st.integers(-20, 20), min_size=2, max_size=8, unique=True), st.floats(0.2, 100))
def test_item_5_temperature_keeps_the_order(logits, temperature):
    np.testing.assert_array_equal(np.argsort(core.softmax(logits, temperature=temperature)), np.argsort(logits))


@given(rows, temperatures)
def test_item_5_temperature_divides(logits, temperature):
    got = core.softmax(logits, temperature=temperature)
    np.testing.assert_allclose(got, core.softmax(np.array(logits) / temperature), rtol=1e-9, atol=1e-13)


@given(rows, temperatures)
def test_item_6_temperature_before_or_after_log_softmax(logits, temperature):
    before = core.softmax(logits, temperature=temperature)
    after = core.softmax(core.log_softmax(logits), temperature=temperature)
    np.testing.assert_allclose(after, before, atol=1e-12)
    power = core.softmax(logits) ** (1 / temperature)
    np.testing.assert_allclose(power / power.sum(), before, atol=1e-12)


@pytest.mark.parametrize(
    ("dtype", "above", "below"),
    [("float16", 11.09, -17.33), ("float32", 88.72, -103.97), ("float64", 709.78, -745.13)],
)
def test_item_9_overflow_and_underflow(dtype, above, below):
    kind = np.dtype(dtype).type
    assert core.exp_overflow(dtype) == pytest.approx(above, abs=0.005)
    assert core.exp_underflow(dtype) == pytest.approx(below, abs=0.005)
    step = 0.01
    with np.errstate(all="ignore"):
        assert np.isfinite(np.exp(kind(above - step)))
        assert np.isinf(np.exp(kind(above + step)))
        assert np.exp(kind(below + 2 * step)) > 0
        assert np.exp(kind(below - 2 * step)) == 0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_item_9_naive_breaks_where_stable_does_not(dtype):
    logits = np.array([core.exp_overflow(dtype) + 2, 0.0], dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        naive = core.naive_softmax(logits)
    assert naive.dtype == dtype
    assert np.isnan(naive[0])
    assert naive[1] == 0
    np.testing.assert_allclose(core.softmax(logits), [1, 0], atol=1e-4)


@given(matrices)
def test_naive_is_right_where_nothing_overflows(logits):
    np.testing.assert_allclose(core.naive_softmax(logits), core.softmax(logits), rtol=1e-11)
    np.testing.assert_allclose(core.naive_softmax(logits, axis=0), core.softmax(logits, axis=0), rtol=1e-11)


def test_item_10_the_sum_breaks_in_float16():
    ones = np.ones(200_000, np.float16)
    with np.errstate(over="ignore"):
        assert np.isinf(ones.sum())
    total = np.float16(0)
    for one in ones[:3000]:
        total += one
    assert total == 2048
    logits = np.zeros(200_000, np.float16)
    assert not core.naive_softmax(logits).any()  # 1 / inf
    assert core.logsumexp(logits) == np.float16(np.log(200_000))
    assert core.softmax(logits).sum(dtype=np.float32) == pytest.approx(1, rel=0.05)  # 5e-6 has two digits in float16


@given(matrices)
@settings(max_examples=50)
def test_item_11_bounded_logits_cannot_be_sure(logits):
    num_classes = logits.shape[-1]
    best = np.e / (np.e + (num_classes - 1) / np.e)
    cosines = np.tanh(logits)
    assert core.softmax(cosines).max() <= best + 1e-12


# Jacobians


@given(rows, temperatures, st.data())
def test_jacobians_by_central_differences(logits, temperature, data):
    i = data.draw(st.integers(0, len(logits) - 1))
    for function, jacobian in (
        (core.softmax, core.softmax_jacobian),
        (core.log_softmax, core.log_softmax_jacobian),
    ):
        want = reference.slope(lambda at, f=function: float(f(at, temperature=temperature)[i]), logits)
        np.testing.assert_allclose(jacobian(logits, temperature=temperature)[i], want, rtol=1e-5, atol=1e-6)


@given(matrices, temperatures, st.integers(0, 100))
def test_jacobian_times_vector_is_vjp(logits, temperature, seed):
    upstream = np.random.default_rng(seed).standard_normal(logits.shape)
    for jacobian, vjp in (
        (core.softmax_jacobian, core.softmax_vjp),
        (core.log_softmax_jacobian, core.log_softmax_vjp),
    ):
        matrix = jacobian(logits, temperature=temperature)
        want = np.einsum("...i,...ij->...j", upstream, matrix)
        got = vjp(logits, upstream, temperature=temperature)
        np.testing.assert_allclose(got, want, atol=1e-10)
        np.testing.assert_allclose(got.sum(axis=-1), 0, atol=1e-10)
        np.testing.assert_allclose(matrix.sum(axis=-1), 0, atol=1e-12)


# The same, one move at a time


@given(matrices, temperatures)
def test_steps_lead_to_softmax(logits, temperature):
    steps = core.softmax_steps(logits, temperature=temperature)
    np.testing.assert_allclose(steps.probs, core.softmax(logits, temperature=temperature), rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(steps.scaled, logits / temperature)
    np.testing.assert_array_equal(steps.largest[..., 0], steps.scaled.max(axis=-1))
    np.testing.assert_array_equal(steps.shifted, steps.scaled - steps.largest)
    np.testing.assert_allclose(steps.exps, np.exp(steps.shifted))
    np.testing.assert_allclose(steps.total[..., 0], steps.exps.sum(axis=-1))


@given(rows, temperatures)
def test_item_3_odds_are_ratios_of_probabilities(logits, temperature):
    probs, odds = core.softmax(logits, temperature=temperature), core.odds(logits, temperature=temperature)
    np.testing.assert_allclose(odds * probs[None, :], np.broadcast_to(probs[:, None], odds.shape), rtol=1e-9)


@pytest.mark.filterwarnings("error")
def test_steps_and_odds_at_extremes():
    with np.errstate(all="raise"):
        steps = core.softmax_steps([10_000.0, -10_000.0, -np.inf])
        np.testing.assert_array_equal(steps.probs, [1, 0, 0])
        assert core.odds([10_000.0, -10_000.0])[0, 1] == np.inf
        assert core.odds([10_000.0, -10_000.0])[1, 0] == 0
        assert np.isnan(core.odds([0.0, -np.inf])[1, 1])


# Extremes


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp", "softmax_jacobian", "log_softmax_jacobian"])
def test_dtype_is_kept(name, dtype):
    got = getattr(core, name)(SEED.astype(dtype), temperature=2.0)
    want = getattr(core, name)(SEED, temperature=2.0)
    assert got.dtype == dtype
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(got.astype(float), want, rtol=8 * eps, atol=2 * eps)


def test_integers_and_lists_become_float64():
    for logits in ([1, 2, 3], np.array([1, 2, 3], np.int8), np.array([1, 2, 3], np.uint64), np.longdouble([1, 2, 3])):
        assert core.softmax(logits).dtype == np.float64
        np.testing.assert_allclose(core.softmax(logits), core.softmax([1.0, 2.0, 3.0]), rtol=1e-15)


@pytest.mark.filterwarnings("error")
def test_plus_minus_ten_thousand():
    logits = [[10_000.0, -10_000.0, 0.0], [-10_000.0, -10_000.0, -9_999.0], [10_000.0, 10_000.0, 0.0]]
    np.testing.assert_allclose(core.softmax(logits)[0], [1, 0, 0])
    np.testing.assert_allclose(core.softmax(logits)[1], reference.softmax([0, 0, 1]))
    np.testing.assert_allclose(core.softmax(logits)[2], [0.5, 0.5, 0])
    np.testing.assert_allclose(core.log_softmax(logits)[0], [0, -20_000, -10_000])
    np.testing.assert_allclose(core.logsumexp(logits), [10_000, -9_998.448555286068, 10_000.693147180559])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_largest_numbers_of_the_dtype(dtype):
    huge = np.finfo(dtype).max
    logits = np.array([huge, -huge, huge], dtype)
    np.testing.assert_array_equal(core.softmax(logits), np.array([0.5, 0, 0.5], dtype))
    np.testing.assert_array_equal(core.softmax(logits, temperature=1e-30), np.array([0.5, 0, 0.5], dtype))
    assert core.log_softmax(logits)[1] == -np.inf
    assert core.logsumexp(logits) == huge


@pytest.mark.filterwarnings("error")
def test_no_warning_under_any_error_state():
    with np.errstate(all="raise"):
        core.softmax([0.0, -1e308, 1e308])
        core.log_softmax([0.0, -1e308, 1e308])
        core.logsumexp([0.0, -1e308, 1e308])


@pytest.mark.filterwarnings("error")
def test_masks():
    logits = np.array([[1.0, -np.inf, 2.0, -np.inf], [-np.inf, -np.inf, 0.5, -np.inf]])
    probs = core.softmax(logits)
    np.testing.assert_allclose(probs[0, [0, 2]], core.softmax([1.0, 2.0]))
    np.testing.assert_array_equal(probs[1], [0, 0, 1, 0])
    assert (probs[0, [1, 3]] == 0).all()
    assert (core.log_softmax(logits)[0, [1, 3]] == -np.inf).all()
    np.testing.assert_allclose(core.softmax(logits, temperature=3.0)[0, 2], core.softmax([1.0, 2.0], temperature=3)[1])


@pytest.mark.filterwarnings("error")
def test_logsumexp_of_infinities():
    logits = [[-np.inf, -np.inf], [np.inf, 0.0], [0.0, 0.0], [np.inf, -np.inf]]
    np.testing.assert_array_equal(core.logsumexp(logits), [-np.inf, np.inf, np.log(2), np.inf])
    assert core.logsumexp([-np.inf]) == -np.inf


def test_one_class():
    np.testing.assert_array_equal(core.softmax([[3.0], [-1e4]]), [[1], [1]])
    np.testing.assert_array_equal(core.log_softmax([[3.0], [-1e4]]), [[0], [0]])
    np.testing.assert_array_equal(core.softmax_jacobian([3.0]), [[0]])


def test_200_000_classes():
    logits = np.random.default_rng(1).standard_normal((2, 200_000))
    np.testing.assert_allclose(core.softmax(logits), scipy.special.softmax(logits, axis=1), rtol=1e-12)
    narrow = core.softmax(logits.astype(np.float32))
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, scipy.special.softmax(logits, axis=1), rtol=2e-6)


def test_non_contiguous_and_reversed_views():
    logits = np.random.default_rng(2).standard_normal((6, 8))
    for view in (logits.T, logits[::-2, ::3], logits[:, ::-1], np.broadcast_to(logits[0], (3, 8))):
        np.testing.assert_array_equal(core.softmax(view), core.softmax(view.copy()))


def test_single_numbers_come_back_as_numbers():
    assert isinstance(core.logsumexp([1.0, 2.0]), np.float64)
    assert isinstance(core.logsumexp(np.float32([1.0, 2.0])), np.float32)
