"""What the digits do: softmax and its loss as float16, bfloat16, float32 and float64 really compute them.

A floating-point number has a range (its exponent) and a grid (its significant bits). float16 keeps 11 bits and ends at
65,504; bfloat16 keeps the range of float32 and only 8 bits. So float16 breaks by overflow and bfloat16 by coarseness:
above 256 it cannot count by ones.

NumPy has no bfloat16. `round_to` makes one: a float32 whose last 16 bits are zero. As on real hardware every operation
is computed more finely and rounded once, and NumPy computes float16 in the same way.

Read `round_to` and `spacing`, then the two sums (`running_sum`, `tree_sum`), and last what they do to softmax
(`softmax_cells`) and to the four ways of writing its loss (`loss_ways`). What can be represented is called `precision`
here, not dtype, because bfloat16 is no dtype of NumPy.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core import checks
from core.checks import Floats
from core.cross_entropy import sparse_cross_entropy


class Format(NamedTuple):
    """What a floating-point format can hold."""

    carrier: np.dtype[np.floating]
    """the NumPy dtype that its numbers travel in"""
    digits: int
    """significant bits, the hidden one included"""
    largest: float
    smallest: float
    """the smallest number above 0 (subnormal)"""


def _native(name: str) -> Format:
    info = np.finfo(name)
    return Format(np.dtype(name), int(info.nmant) + 1, float(info.max), float(info.smallest_subnormal))


FORMATS = {
    "float16": _native("float16"),
    "bfloat16": Format(np.dtype(np.float32), 8, 2.0**127 * (2 - 2.0**-7), 2.0**-133),
    "float32": _native("float32"),
    "float64": _native("float64"),
}
PRECISIONS = tuple(FORMATS)


def _format(precision: npt.DTypeLike) -> tuple[str, Format]:
    name = precision if isinstance(precision, str) else np.dtype(precision).name
    if name not in FORMATS:
        raise ValueError(f"precision must be one of {', '.join(FORMATS)}, got {name!r}")
    return name, FORMATS[name]


def exp_overflow(precision: npt.DTypeLike) -> float:
    """The largest logit whose exp is a finite number in this precision: ln of its largest number.

    Args:
        precision: a name in `PRECISIONS`, or a NumPy dtype.

    Returns:
        A logit; above it exp is inf.

    Raises:
        ValueError: the precision is unknown.

    Example:
        >>> [round(exp_overflow(precision), 2) for precision in ("float16", "bfloat16", "float32", "float64")]
        [11.09, 88.72, 88.72, 709.78]
    """
    return math.log(_format(precision)[1].largest)


def exp_underflow(precision: npt.DTypeLike) -> float:
    """The logit below which exp is rounded to 0 in this precision: ln of half its smallest (subnormal) number.

    Half, because what lies above the middle between 0 and the smallest number is rounded up to it. Underflow is
    harmless in softmax (a share of 0 is nearly right) and fatal in a logarithm (ln 0 is -inf): use `log_softmax`
    there. Hardware that flushes subnormal numbers to 0 gets there sooner.

    Args:
        precision: a name in `PRECISIONS`, or a NumPy dtype.

    Returns:
        A logit.

    Raises:
        ValueError: the precision is unknown.

    Example:
        >>> [round(exp_underflow(precision), 2) for precision in ("float16", "bfloat16", "float32", "float64")]
        [-17.33, -92.88, -103.97, -745.13]
    """
    return math.log(_format(precision)[1].smallest) - math.log(2)


def round_to(values: npt.ArrayLike, precision: npt.DTypeLike) -> Floats:
    """The nearest number that the precision has; in the middle between two, the one whose last bit is 0.

    bfloat16 is cut from float32: adding just under half of what will be cut off, and one more where the last kept bit
    is 1, carries exactly where rounding goes up, into the exponent too, up to inf. float64 passes through float32 on
    its way, as in PyTorch; that is a second rounding, and can only matter next to a middle.

    Args:
        values: real numbers, [...].
        precision: a name in `PRECISIONS`, or a NumPy dtype.

    Returns:
        Like `values`, in float16, float32 (for bfloat16, too) or float64. Too large is inf. No warning.

    Raises:
        ValueError: the values are no numbers, or the precision is unknown.

    Example:
        >>> round_to([0.1, 257.0, 70_000.0], "float16").tolist()
        [0.0999755859375, 257.0, inf]
        >>> round_to([0.1, 257.0, 70_000.0], "bfloat16").tolist()
        [0.10009765625, 256.0, 70144.0]

    Source: IEEE 754, section 4.3.1; bfloat16 as PyTorch rounds it (`round_to_nearest_even` in c10/util/BFloat16.h).
    """
    name, _ = _format(precision)
    array = checks.floats("values", np.atleast_1d(values)).reshape(np.shape(values))
    return _rounded(array, name)


def _rounded(values: Floats, name: str) -> Floats:
    """`round_to` without its checks."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        carried = np.asarray(values).astype(FORMATS[name].carrier)
        if name != "bfloat16":
            return carried
        bits = carried.view(np.uint32)
        cut = ((bits + (0x7FFF + ((bits >> 16) & 1))) & 0xFFFF0000).astype(np.uint32).view(np.float32)
        return np.where(np.isnan(carried), carried, cut)  # a NaN may be all ones, and would carry into the sign


def spacing(value: float, precision: npt.DTypeLike) -> float:
    """How far the next larger number is: the grid on which everything of this size must lie.

    Args:
        value: a number that is finite in this precision.
        precision: a name in `PRECISIONS`, or a NumPy dtype.

    Returns:
        A power of two.

    Raises:
        ValueError: the value is not finite in this precision, or the precision is unknown.

    Example:
        >>> [spacing(1000.0, precision) for precision in ("float16", "bfloat16", "float32")]
        [0.5, 4.0, 6.103515625e-05]

    Source: Goldberg 1991, "What every computer scientist should know about floating-point arithmetic" (ulp).
    """
    name, form = _format(precision)
    (stored,) = _stored("value", value, name)
    if stored == 0:
        return form.smallest
    _, exponent = math.frexp(float(stored))
    return max(math.ldexp(1.0, exponent - form.digits), form.smallest)


def running_sum(values: npt.ArrayLike, precision: npt.DTypeLike) -> Floats:
    """The sum after each number, added one by one, every partial sum rounded: what a plain loop keeps in its variable.

    A sum stops growing where its grid is twice as coarse as what is added: ones stick at 2,048 in float16 and at 256
    in bfloat16. `tree_sum` adds the same numbers without sticking.

    Args:
        values: real numbers, [num_values].
        precision: a name in `PRECISIONS`, or a NumPy dtype.

    Returns:
        Partial sums, [num_values], in the dtypes of `round_to`; the last is the sum. No warning.

    Raises:
        ValueError: the values are not one row of numbers, or the precision is unknown.

    Example:
        >>> [float(running_sum(np.ones(200_000), precision)[-1]) for precision in ("float16", "bfloat16", "float32")]
        [2048.0, 256.0, 200000.0]

    Source: Higham 2002, "Accuracy and Stability of Numerical Algorithms", chapter 4 (recursive summation).
    """
    name, _ = _format(precision)
    terms = _rounded(_row("values", values), name)
    with np.errstate(over="ignore", invalid="ignore"):
        if name != "bfloat16":
            return np.add.accumulate(terms)  # sequential, and in the dtype of the terms
        return _running_bfloat16(terms)


def _running_bfloat16(terms: Floats) -> Floats:
    """One by one, until neither the largest nor the smallest number that is left can move the sum: then none can."""
    sums = np.empty_like(terms)
    most, least = np.maximum.accumulate(terms[::-1])[::-1], np.minimum.accumulate(terms[::-1])[::-1]
    total = np.zeros((), np.float32)
    for i, term in enumerate(terms):
        before, total = total, _rounded(total + term, "bfloat16")
        sums[i] = total
        if total == before and all(_rounded(total + end, "bfloat16") == total for end in (most[i], least[i])):
            sums[i:] = total
            break
    return sums


def tree_sum(values: npt.ArrayLike, precision: npt.DTypeLike) -> float:
    """The sum in pairs, then pairs of pairs, every partial sum rounded: much as NumPy and parallel hardware add.

    All partial sums grow alike, so nothing sticks. But a sum that the precision cannot hold is still inf.

    Args:
        values: real numbers, [num_values].
        precision: a name in `PRECISIONS`, or a NumPy dtype.

    Returns:
        The sum. No warning.

    Raises:
        ValueError: the values are not one row of numbers, or the precision is unknown.

    Example:
        >>> [tree_sum(np.ones(200_000), precision) for precision in ("float16", "bfloat16", "float32")]
        [inf, 200704.0, 200000.0]

    Source: Higham 2002, chapter 4 (pairwise summation).
    """
    name, _ = _format(precision)
    sums = _rounded(_row("values", values), name)
    with np.errstate(over="ignore", invalid="ignore"):
        while sums.size > 1:
            if sums.size % 2:
                sums = np.append(sums, sums.dtype.type(0))
            sums = _rounded(sums[::2] + sums[1::2], name)
    return float(sums[0])


class SoftmaxCells(NamedTuple):
    """Every number on the way to softmax in one precision: as printed, and with the largest logit subtracted first."""

    logits: Floats
    """as they are stored"""
    exps: Floats
    total: Floats
    naive_probs: Floats
    shifted: Floats
    """logits - max"""
    shifted_exps: Floats
    shifted_total: Floats
    probs: Floats


def softmax_cells(logits: npt.ArrayLike, precision: npt.DTypeLike) -> SoftmaxCells:
    """Softmax with every intermediate number rounded to the precision, the sum too.

    This is the microscope, not the tool: `softmax` sums float16 in float32 and so is better than what is shown here.

    Args:
        logits: one row of real numbers, [num_classes], finite in this precision.
        precision: a name in `PRECISIONS`, or a NumPy dtype.

    Returns:
        Arrays [num_classes] and totals [], with inf, NaN and 0 where the precision gives them. No warning.

    Raises:
        ValueError: the logits are not one row, one is not finite in this precision, or the precision is unknown.

    Example:
        >>> cells = softmax_cells([12.0, 11.0], "float16")
        >>> cells.exps.tolist(), cells.naive_probs.tolist(), cells.probs.tolist()
        ([inf, 59872.0], [nan, 0.0], [0.73095703125, 0.268798828125])
    """
    name, _ = _format(precision)
    z = _stored("logits", logits, name)
    with np.errstate(all="ignore"):
        exps = _rounded(np.exp(z), name)
        total = running_sum(exps, name)[-1]
        naive_probs = _rounded(exps / total, name)
        shifted = _rounded(z - z.max(), name)
        shifted_exps = _rounded(np.exp(shifted), name)
        shifted_total = running_sum(shifted_exps, name)[-1]
        probs = _rounded(shifted_exps / shifted_total, name)
    return SoftmaxCells(z, exps, total, naive_probs, shifted, shifted_exps, shifted_total, probs)


class LossWays(NamedTuple):
    """One cross-entropy, written in four ways that are equal on paper; in nats."""

    naive: float
    """-ln(exp(z_y) / sum_j exp(z_j))"""
    max_trick: float
    """-ln(exp(z_y - m) / sum_j exp(z_j - m))"""
    logsumexp: float
    """(m + ln sum_j exp(z_j - m)) - z_y"""
    fused: float
    """ln sum_j exp(z_j - m) - (z_y - m), summed in float32 at least, rounded once"""
    exact: float
    """the loss of these logits as the precision stores them, in float64"""


def loss_ways(logits: npt.ArrayLike, label: int, precision: npt.DTypeLike) -> LossWays:
    """The loss of one row in four ways, each number rounded to the precision.

    Each way cures what breaks the one before. The naive one overflows. The max trick cannot, but a probability that is
    rounded to 0 has no logarithm. Logsumexp takes the logarithm of a sum that is at least 1, but adds the largest logit
    to it and takes the label's away: a small difference of large numbers, which lie on a coarse grid. The fused loss
    of the frameworks never leaves the differences; it is `sparse_cross_entropy`.

    Args:
        logits: one row of real numbers, [num_classes], finite in this precision.
        label: a class id.
        precision: a name in `PRECISIONS`, or a NumPy dtype.

    Returns:
        Five losses in nats, with inf and NaN where the way breaks. No warning.

    Raises:
        ValueError: the logits are not one row, one is not finite in this precision, the label is no class, or the
            precision is unknown.

    Example:
        >>> [round(loss, 2) for loss in loss_ways([12.0, 11.0], 0, "float16")]  # overflow
        [nan, 0.31, 0.31, 0.31, 0.31]
        >>> [round(loss, 2) for loss in loss_ways([-20.0, 0.0], 0, "float16")]  # underflow
        [inf, inf, 20.0, 20.0, 20.0]
        >>> [round(loss, 2) for loss in loss_ways([1000.0, 999.0], 0, "float16")]  # cancellation
        [nan, 0.31, 0.5, 0.31, 0.31]

    Source: CS231n notes, "Practical issues: Numeric stability"; Blanchard, Higham and Higham 2021, "Accurately
    computing the log-sum-exp and softmax functions".
    """
    name, _ = _format(precision)
    cells = softmax_cells(logits, name)
    exact = float(sparse_cross_entropy(cells.logits.astype(np.float64), label))
    with np.errstate(all="ignore"):
        naive, max_trick = (-_rounded(np.log(probs[label]), name) for probs in (cells.naive_probs, cells.probs))
        logsumexp = _rounded(cells.logits.max() + _rounded(np.log(cells.shifted_total), name), name)
        cancelled = _rounded(logsumexp - cells.logits[label], name)
    fused = _rounded(sparse_cross_entropy(cells.logits, label), name)
    return LossWays(_nats(naive), _nats(max_trick), _nats(cancelled), _nats(fused), exact)


def _nats(loss: Floats) -> float:
    """A number that prints as 0 where it is -0."""
    return float(loss) + 0.0


def _row(name: str, values: npt.ArrayLike) -> Floats:
    array = checks.floats(name, values)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one row of numbers, got shape {array.shape}")
    return array


def _stored(name: str, values: npt.ArrayLike, precision: str) -> Floats:
    """One row as the precision stores it, if it can."""
    row = _row(name, np.atleast_1d(values))
    stored = _rounded(row, precision)
    outside = ~np.isfinite(stored)
    if outside.any():
        raise ValueError(f"{name} must be finite in {precision}, got {row[outside][0]}: use a smaller number")
    return stored
