"""What the digits do: rounding bit by bit, the sums that break, and the four ways of a loss. Items 9 and 10."""

import math
import struct
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import core
from tests import reference

HALVES = ("float16", "bfloat16")
finite32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
small = st.floats(-8, 8, allow_subnormal=False)


def neighbours(value):
    """The bfloat16 numbers just below and above, by chopping the bits of a float32; and the bits of the lower one."""
    bits = struct.unpack("<I", struct.pack("<f", abs(value)))[0] & 0xFFFF0000
    return [exact(pattern) for pattern in (bits, bits + 0x10000)], bits


def exact(bits):
    """A float32 pattern as a fraction; one past the largest number counts as the power of two that stands there."""
    if bits == 0x7F800000:
        return Fraction(2) ** 128
    return Fraction(struct.unpack("<f", struct.pack("<I", bits))[0])


@given(finite32)
def test_bfloat16_is_the_nearest_of_two_neighbours_and_the_even_one_in_the_middle(value):
    (low, high), bits = neighbours(value)
    size = Fraction(abs(value))
    if size - low == high - size:
        want = low if bits >> 16 & 1 == 0 else high
    else:
        want = min((low, high), key=lambda at: abs(size - at))
    got = float(core.round_to(value, "bfloat16"))
    assert math.copysign(1, got) == math.copysign(1, value)
    assert abs(got) == (math.inf if want == Fraction(2) ** 128 else float(want))


@pytest.mark.parametrize(
    ("bits", "rounded"),
    [
        (0x3F800000, 0x3F800000),  # 1
        (0x3F808000, 0x3F800000),  # in the middle, last bit 0: down
        (0x3F818000, 0x3F820000),  # in the middle, last bit 1: up
        (0x3F808001, 0x3F810000),  # just above the middle
        (0x3FFFFFFF, 0x40000000),  # carries into the exponent
        (0x7F7FFFFF, 0x7F800000),  # the largest float32: up to inf
        (0x7F7F7FFF, 0x7F7F0000),  # just below: the largest bfloat16
        (0x00008000, 0x00000000),  # half the smallest subnormal: to 0
        (0x00008001, 0x00010000),
        (0x80000000, 0x80000000),  # -0
        (0xFF800000, 0xFF800000),  # -inf
    ],
)
def test_bfloat16_bit_by_bit(bits, rounded):
    given = np.array(bits, np.uint32).view(np.float32)
    assert hex(int(core.round_to(given, "bfloat16").view(np.uint32))) == hex(rounded)


def test_bfloat16_keeps_nan_without_a_warning():
    patterns = np.array([0x7FC00000, 0x7F800001, 0xFFFFFFFF], np.uint32).view(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(core.round_to(patterns, "bfloat16")).all()
        assert np.isnan(core.round_to(patterns[2], "bfloat16"))


def test_bfloat16_is_that_of_torch():
    torch = pytest.importorskip("torch")
    every = np.arange(0, 2**32, 9973, dtype=np.uint64).astype(np.uint32).view(np.float32)
    want = torch.from_numpy(every.copy()).to(torch.bfloat16).to(torch.float32).numpy()
    np.testing.assert_array_equal(core.round_to(every, "bfloat16"), want)
    wide = np.random.default_rng(0).normal(0, 1e3, 10_000)
    want = torch.from_numpy(wide).to(torch.bfloat16).to(torch.float32).numpy()
    np.testing.assert_array_equal(core.round_to(wide, "bfloat16"), want)


@given(st.lists(small, min_size=1, max_size=6))
@settings(max_examples=30)
def test_running_bfloat16_is_that_of_torch(values):
    torch = pytest.importorskip("torch")
    total = torch.zeros((), dtype=torch.bfloat16)
    want = []
    for value in torch.tensor(values, dtype=torch.float32).to(torch.bfloat16):
        total = total + value
        want.append(float(total))
    assert core.running_sum(values, "bfloat16").tolist() == want


@pytest.mark.parametrize("precision", core.PRECISIONS)
def test_formats_are_what_round_to_does(precision):
    form = core.FORMATS[precision]
    assert core.round_to(form.largest, precision) == form.largest
    assert core.round_to(form.smallest, precision) == form.smallest
    with np.errstate(over="ignore"):
        halfway = np.float64(form.largest) + core.spacing(form.largest, precision) / 2
        assert np.isinf(core.round_to(halfway, precision))
    assert core.round_to(1 + 2.0 ** (1 - form.digits), precision) > 1
    assert core.round_to(1 + 2.0**-form.digits, precision) == 1
    assert core.round_to([1.0], precision).dtype == form.carrier
    np.testing.assert_array_equal(core.round_to([[1, 2], [3, 4]], precision), [[1, 2], [3, 4]])


@given(st.floats(1e-3, 1e4), st.sampled_from(core.PRECISIONS))
def test_spacing_is_the_step_to_the_next_number(value, precision):
    at, step = float(core.round_to(value, precision)), core.spacing(value, precision)
    assert core.round_to(at + step, precision) == at + step
    assert core.round_to(at + 0.499 * step, precision) == at
    assert core.spacing(-value, precision) == step


def test_spacing_agrees_with_numpy_down_to_zero():
    for precision in ("float16", "float32", "float64"):
        for value in (0.0, 1e-7, 0.1, 1.0, 2048.0, 60_000.0):
            assert core.spacing(value, precision) == np.spacing(np.dtype(precision).type(value))
    assert core.spacing(0.0, "bfloat16") == 2.0**-133


@pytest.mark.parametrize(("precision", "above", "below"), [("bfloat16", 88.72, -92.88)])
def test_item_9_bfloat16_overflows_like_float32(precision, above, below):
    assert core.exp_overflow(precision) == pytest.approx(above, abs=0.005)
    assert core.exp_underflow(precision) == pytest.approx(below, abs=0.005)
    with np.errstate(over="ignore"):
        assert np.isfinite(core.round_to(np.exp(np.float32(above - 0.01)), precision))
        assert np.isinf(core.round_to(np.exp(np.float32(above + 0.01)), precision))
    assert core.round_to(np.exp(below + 0.01), precision) > 0
    assert core.round_to(np.exp(below - 0.01), precision) == 0


@pytest.mark.parametrize(("precision", "stuck"), [("float16", 2048), ("bfloat16", 256), ("float32", 200_000)])
def test_item_10_ones_one_by_one(precision, stuck):
    sums = core.running_sum(np.ones(200_000), precision)
    assert sums.shape == (200_000,)
    assert sums[-1] == stuck
    np.testing.assert_array_equal(sums, np.minimum(np.arange(1, 200_001), stuck))


def test_item_10_ones_in_pairs():
    ones = np.ones(200_000)
    assert core.tree_sum(ones, "float16") == np.inf
    with np.errstate(over="ignore"):
        assert ones.astype(np.float16).sum() == np.inf
    assert core.tree_sum(ones[:65_504], "float16") == pytest.approx(65_504, rel=1e-3)
    assert core.tree_sum(ones, "bfloat16") == pytest.approx(200_000, rel=2.0**-8)
    assert core.tree_sum(ones, "float32") == 200_000
    assert core.round_to(np.log(core.tree_sum(ones, "float32")), "float16") == np.float16(np.log(200_000))


@given(st.lists(small, min_size=1, max_size=40), st.sampled_from(core.PRECISIONS))
def test_sums_are_their_loops(values, precision):
    terms = [float(v) for v in core.round_to(values, precision)]
    assert core.running_sum(values, precision).tolist() == reference.running_sum(terms, precision, core.round_to)
    assert core.tree_sum(values, precision) == reference.tree_sum(terms, precision, core.round_to)


@pytest.mark.parametrize("precision", core.PRECISIONS)
def test_a_sum_that_is_stuck_may_move_again(precision):
    values = [*np.ones(300), 1000.0, *np.ones(10), -1000.0, -50.0]
    terms = [float(v) for v in core.round_to(values, precision)]
    assert core.running_sum(values, precision).tolist() == reference.running_sum(terms, precision, core.round_to)


@given(st.lists(small, min_size=2, max_size=10), st.data())
def test_all_ways_agree_where_nothing_breaks(logits, data):
    label = data.draw(st.integers(0, len(logits) - 1))
    want = reference.sparse_cross_entropy(logits, label)
    np.testing.assert_allclose(core.loss_ways(logits, label, "float64"), want, rtol=1e-9, atol=1e-12)
    for precision in ("float16", "float32"):
        eps = 2.0 ** (1 - core.FORMATS[precision].digits)
        ways = core.loss_ways(logits, label, precision)
        np.testing.assert_allclose(ways.exact, want, atol=16 * eps)
        np.testing.assert_allclose(ways.fused, ways.exact, rtol=eps, atol=eps)


@pytest.mark.parametrize("precision", core.PRECISIONS)
def test_cells_are_softmax_where_nothing_breaks(precision):
    cells = core.softmax_cells([2.0, -1.0, 3.0, 2.0], precision)
    want = core.softmax([2.0, -1.0, 3.0, 2.0])
    eps = 2.0 ** (1 - core.FORMATS[precision].digits)
    np.testing.assert_allclose(cells.naive_probs, want, rtol=4 * eps)
    np.testing.assert_allclose(cells.probs, want, rtol=4 * eps)
    np.testing.assert_array_equal(cells.shifted, [-1, -4, 0, -1])
    for array in (cells.exps, cells.probs, cells.total):
        np.testing.assert_array_equal(core.round_to(array, precision), array)


@pytest.mark.parametrize("precision", core.PRECISIONS)
@pytest.mark.filterwarnings("error")
def test_item_9_each_way_cures_what_breaks_the_one_before(precision):
    edge, floor = core.exp_overflow(precision), core.exp_underflow(precision)
    high = core.loss_ways([np.ceil(edge) + 1, np.ceil(edge)], 0, precision)
    assert math.isnan(high.naive)
    assert high.max_trick == pytest.approx(high.exact, abs=0.01)
    low = core.loss_ways([np.floor(floor) - 1, 0.0], 0, precision)
    assert low.max_trick == np.inf
    assert low.logsumexp == pytest.approx(low.exact, rel=0.01)
    far = core.loss_ways([2.0 ** core.FORMATS[precision].digits, 0.0], 0, precision)
    assert far.fused == far.exact == pytest.approx(0, abs=1e-100)


@pytest.mark.parametrize(("precision", "height"), [("float16", 1000.0), ("bfloat16", 128.0), ("float32", 2.0**23)])
def test_item_9_logsumexp_loses_the_digits_that_the_fused_loss_keeps(precision, height):
    ways = core.loss_ways([height, height - 1], 0, precision)
    assert abs(ways.logsumexp - ways.exact) > 0.05
    assert ways.fused == pytest.approx(ways.exact, rel=0.005)


def test_item_9_in_float16_the_fused_loss_is_the_one_of_core():
    logits = np.array([900.0, 899.0, 870.0], np.float16)
    assert core.loss_ways(logits, 1, "float16").fused == core.sparse_cross_entropy(logits, 1)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="precision must be one of float16, bfloat16, float32, float64, got 'float8'"):
        core.round_to([1.0], "float8")
    with pytest.raises(ValueError, match="got 'int64'"):
        core.exp_overflow(np.int64)
    with pytest.raises(ValueError, match=r"logits must be finite in float16, got 70000\.0"):
        core.softmax_cells([70_000.0, 0.0], "float16")
    with pytest.raises(ValueError, match="value must be finite in float32, got inf"):
        core.spacing(np.inf, "float32")
    with pytest.raises(ValueError, match=r"values must be one row of numbers, got shape \(1, 2\)"):
        core.running_sum([[1.0, 2.0]], "float16")
    with pytest.raises(ValueError, match=r"labels must be in \[0, 2\), got 2"):
        core.loss_ways([1.0, 2.0], 2, "float16")
