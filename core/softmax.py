"""From logits to probabilities.

A logit is any real number. Softmax turns a row of them into shares of one:

    probs_i = exp(logits_i) / sum_j exp(logits_j)

Three things surprise. Only *differences* of logits matter: adding a constant to all of them changes nothing, and
`logits_i - logits_j` is the log of the odds `probs_i / probs_j`. It is a soft *arg*max; the soft max is `logsumexp`.
And the formula as printed overflows, so each function here subtracts the row's largest logit first, which by the first
surprise is free.

Read `naive_softmax` (the formula as printed), `exp_blocks` (the same made safe and fast, the one loop that all of core
shares), then `logsumexp`, `log_softmax` and `softmax`, and last how the probabilities answer when a logit moves:
the Jacobians.

float16 is computed in float32 and cast back. Its largest number is 65,504 and from 2,048 on it cannot count by ones:
the *sum* breaks, however well the maximum was subtracted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from core import checks
from core.checks import Floats

BLOCK = 1 << 21
"""How many bytes of logits are worked on at once: few enough to stay in the cache from one step to the next."""


def naive_softmax(logits: npt.ArrayLike, *, axis: int = -1) -> Floats:
    """Exponentiate, then divide: the formula as printed, in the dtype given, to see how it breaks.

    `exp` overflows to inf above `exp_overflow(dtype)`, and inf/inf is NaN; where every exp underflows to 0 it is 0/0.
    `softmax` never does either: use that one.

    Args:
        logits: real numbers, [..., num_classes].
        axis: the axis of the classes.

    Returns:
        Like `logits`, with inf and NaN where the formula breaks. No warning.

    Example:
        >>> naive_softmax([2.0, -1.0, 3.0, 2.0]).round(4)
        array([0.2097, 0.0104, 0.5701, 0.2097])
        >>> naive_softmax([1000.0, 1001.0])
        array([nan, nan])
        >>> softmax([1000.0, 1001.0]).round(4)
        array([0.2689, 0.7311])

    Source: CS231n notes, "Practical issues: Numeric stability".
    """
    logits = checks.floats("logits", logits)
    axis = checks.axis(axis, logits.ndim)
    with np.errstate(all="ignore"):
        exps: Floats = np.exp(logits)
        probs: Floats = exps / exps.sum(axis=axis, keepdims=True)
    return probs


def exp_blocks(
    rows: Floats, temperature: float = 1.0, *, out: Floats | None = None
) -> Iterator[tuple[slice, Floats, Floats, Floats]]:
    """exp(logits - max) and its sum, a block of rows at a time: the numerator and the denominator of softmax.

    Every softmax and cross-entropy of core is this loop and one line more. All is done in place in one small buffer,
    which the processor's cache holds, because at large sizes the time goes into moving numbers to and from memory, not
    into exp. The result of the previous step is overwritten by the next.

    The row's largest logit is subtracted *before* dividing by the temperature: no exponent is above 0, whatever the
    temperature, so exp cannot overflow, and one term of each sum is exp(0) = 1, so nothing is divided by 0.

    Args:
        rows: logits, [num_rows, num_classes]; -inf masks a class.
        temperature: what the logits are divided by.
        out: where the exponentials go, [num_rows, num_classes], or None for a buffer that is used again.

    Yields:
        block: which rows these are, a slice.
        exps: exp((logits - largest) / temperature), [num_block, num_classes]; may be overwritten.
        largest: each row's largest logit, [num_block, 1].
        totals: the sum of each row's exps, [num_block, 1], between 1 and num_classes.

    Raises:
        ValueError: a row has no softmax: it holds NaN or +inf, or nothing but -inf.

    Example:
        >>> for block, exps, largest, totals in exp_blocks(np.log([[1.0, 2.0, 4.0], [5.0, 5.0, 5.0]])):
        ...     print(block, exps.tolist(), totals.tolist())
        slice(0, 2, None) [[0.25, 0.5, 1.0], [1.0, 1.0, 1.0]] [[1.75], [3.0]]
    """
    num_rows, num_classes = rows.shape
    dtype = working_dtype(rows)
    size = min(num_rows, max(1, BLOCK // (num_classes * dtype.itemsize)))
    target = np.empty((size, num_classes), dtype) if out is None else out
    for start in range(0, num_rows, size):
        block = slice(start, min(start + size, num_rows))
        largest = rows[block].max(axis=1, keepdims=True)
        checks.row_maxima(largest, first_row=start)
        exps = target[block] if out is not None else target[: block.stop - start]
        shift_and_scale(rows[block], largest, temperature, out=exps)
        with np.errstate(under="ignore"):
            np.exp(exps, out=exps)
        yield block, exps, largest.astype(dtype, copy=False), exps.sum(axis=1, keepdims=True)


def shift_and_scale(rows: Floats, largest: Floats, temperature: float, *, out: Floats | None = None) -> Floats:
    """(logits - largest) / temperature: the exponents of softmax, none above 0; like `rows`, or in `out`."""
    with np.errstate(over="ignore", under="ignore"):  # -1e308 - 1e308 is -inf, and exp(-inf) = 0 is right
        exponents = np.subtract(rows, largest, out=out, dtype=working_dtype(rows))
        if temperature != 1:
            exponents /= temperature
    return exponents


def working_dtype(array: Floats) -> np.dtype[np.floating]:
    """The dtype that sums are made in: float32 for float16 (see the head of this file), else the array's own."""
    return np.dtype(np.float32) if array.dtype == np.float16 else array.dtype


def cast_back(result: Floats, like: Floats) -> Floats:
    """The result in the dtype that was given; one number as a NumPy scalar."""
    with np.errstate(over="ignore", under="ignore"):  # a log-probability of -70,000 is -inf in float16
        cast: Floats = result.astype(like.dtype, copy=False)[()]
    return cast


def logsumexp(logits: npt.ArrayLike, *, axis: int = -1, temperature: float = 1.0) -> Floats:
    """The log of the sum of the exponentials: the soft max of a row, and the normaliser of its softmax.

    It lies between the largest logit and that plus ln num_classes, and its gradient is softmax. With a temperature it
    is that of `logits / temperature`.

    Args:
        logits: real numbers, [..., num_classes]; -inf masks a class.
        axis: the axis of the classes.
        temperature: what the logits are divided by first.

    Returns:
        One number a row, in the unit of the logits (nats), [...].

    Raises:
        ValueError: a logit is NaN, the temperature is not positive, or the axis is not there. A row of only -inf is
            not an error here (the sum is 0, the answer -inf), nor is +inf (the answer is inf), as in the frameworks.

    Example:
        >>> float(logsumexp([2.0, -1.0, 3.0, 2.0]).round(4))
        3.5619
        >>> float(logsumexp([1000.0, 1000.0]).round(4))  # ln(exp 1000 + exp 1000) = 1000 + ln 2
        1000.6931

    Source: CS231n notes; m + ln sum_j exp(z_j - m), m = max z.
    """
    logits, rows, lead = _classes_last(logits, axis)
    temperature = checks.positive("temperature", temperature)
    largest = rows.max(axis=1, keepdims=True)
    checks.not_a_number(largest)
    answer = largest[:, 0].astype(working_dtype(rows))  # which is the whole answer where it is infinite
    finite = np.isfinite(answer)
    with np.errstate(over="ignore"):
        answer /= temperature
        if finite.any():
            kept = rows if finite.all() else rows[finite]
            totals = np.concatenate([totals for _, _, _, totals in exp_blocks(kept, temperature)])
            answer[finite] += np.log(totals[:, 0])
    return cast_back(answer.reshape(lead), logits)


def log_softmax(logits: npt.ArrayLike, *, axis: int = -1, temperature: float = 1.0) -> Floats:
    """The log of each probability: the logits shifted so that their exponentials sum to one.

    This is what "the logits are log-probabilities" gets wrong: they are only after subtracting `logsumexp`. Where
    softmax would underflow to 0 and its logarithm be -inf, this is exact. No epsilon is needed.

    Args:
        logits: real numbers, [..., num_classes]; -inf masks a class.
        axis: the axis of the classes.
        temperature: what the logits are divided by first; 1 leaves them, larger flattens, smaller sharpens.

    Returns:
        Log-probabilities in nats, like `logits`, none above 0.

    Raises:
        ValueError: a row has no softmax (NaN, +inf, or only -inf), the temperature is not positive, or the axis is
            not there.

    Example:
        >>> log_softmax([0.0, 1000.0])
        array([-1000.,     0.])
        >>> with np.errstate(divide="ignore"):
        ...     np.log(softmax([0.0, 1000.0]))
        array([-inf,   0.])

    Source: CS231n notes; z - logsumexp(z).
    """
    logits, rows, lead = _classes_last(logits, axis)
    temperature = checks.positive("temperature", temperature)
    log_probs = np.empty(rows.shape, working_dtype(rows))
    for block, _, largest, totals in exp_blocks(rows, temperature):
        exponents = shift_and_scale(rows[block], largest, temperature, out=log_probs[block])
        exponents -= np.log(totals)
    return _classes_back(log_probs, lead, axis, logits)


def softmax(logits: npt.ArrayLike, *, axis: int = -1, temperature: float = 1.0) -> Floats:
    """Shares of one: each class's exponential over the sum of all.

    Adding ln 2 to one logit doubles its odds against *every* other class, not its probability. A temperature changes
    the spread, never the order. As it falls to 0 the largest logit takes all; at 0 it is a division by zero, and
    raises: what you want there is argmax.

    Args:
        logits: real numbers, [..., num_classes]; -inf masks a class (its probability is exactly 0).
        axis: the axis of the classes. Over the wrong one the result still sums to one, only along the wrong one.
        temperature: what the logits are divided by first; 1 leaves them, larger flattens, smaller sharpens.

    Returns:
        Probabilities, like `logits`, summing to one along `axis`.

    Raises:
        ValueError: a row has no softmax (NaN, +inf, or only -inf), the temperature is not positive, or the axis is
            not there.

    Example:
        >>> softmax([2.0, -1.0, 3.0, 2.0]).round(4)
        array([0.2097, 0.0104, 0.5701, 0.2097])
        >>> softmax([1002.0, 999.0, 1003.0, 1002.0]).round(4)  # only differences matter
        array([0.2097, 0.0104, 0.5701, 0.2097])
        >>> softmax([2.0, -1.0, 3.0, 2.0], temperature=0.1).round(3)
        array([0., 0., 1., 0.])

    Source: CS231n notes; p_i = exp(z_i - m) / sum_j exp(z_j - m), m = max z. Temperature: Guo et al. 2017, eq. 9.
    """
    logits, rows, lead = _classes_last(logits, axis)
    temperature = checks.positive("temperature", temperature)
    probs = np.empty(rows.shape, working_dtype(rows))
    for _, exps, _, totals in exp_blocks(rows, temperature, out=probs):
        exps /= totals
    return _classes_back(probs, lead, axis, logits)


class SoftmaxSteps(NamedTuple):
    """Every number on the way from logits to probabilities, in order; `largest` and `total` are one a row."""

    scaled: Floats
    largest: Floats
    shifted: Floats
    exps: Floats
    total: Floats
    probs: Floats


def softmax_steps(logits: npt.ArrayLike, *, temperature: float = 1.0) -> SoftmaxSteps:
    """Softmax one move at a time: divide by the temperature, subtract the largest, exponentiate, sum, divide.

    `softmax` gives the same probabilities in one call and without keeping what lies between.

    Args:
        logits: real numbers, [..., num_classes].
        temperature: what the logits are divided by.

    Returns:
        The five stages and the probabilities; arrays like `logits`, `largest` and `total` [..., 1].

    Raises:
        ValueError: as `softmax`.

    Example:
        >>> steps = softmax_steps([2.0, -1.0, 3.0, 2.0])
        >>> steps.shifted.tolist(), float(steps.total[0].round(4))
        ([-1.0, -4.0, 0.0, -1.0], 1.7541)
        >>> bool(np.allclose(steps.probs, softmax([2.0, -1.0, 3.0, 2.0])))
        True
    """
    logits = checks.floats("logits", logits)
    temperature = checks.positive("temperature", temperature)
    with np.errstate(over="ignore", under="ignore"):
        scaled = logits / temperature
        largest = scaled.max(axis=-1, keepdims=True)
        checks.row_maxima(largest)
        shifted = scaled - largest
        exps = np.exp(shifted)
        total = exps.sum(axis=-1, keepdims=True)
        return SoftmaxSteps(scaled, largest, shifted, exps, total, exps / total)


def odds(logits: npt.ArrayLike, *, temperature: float = 1.0) -> Floats:
    """How many times as likely each class is as each other: probs_i / probs_j = exp((z_i - z_j) / temperature).

    Only the two logits count, whatever the other classes do: which is why differences of logits are log-odds.

    Args:
        logits: real numbers, [..., num_classes].
        temperature: what the logits are divided by.

    Returns:
        odds[..., i, j], [..., num_classes, num_classes]; inf where a class is beyond all comparison, and 0/0 = NaN
            between two that are masked by -inf.

    Example:
        >>> odds([np.log(4.0), np.log(2.0)]).round(4)
        array([[1. , 2. ],
               [0.5, 1. ]])
    """
    scaled = checks.floats("logits", logits) / checks.positive("temperature", temperature)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return np.exp(scaled[..., :, None] - scaled[..., None, :])


def softmax_jacobian(logits: npt.ArrayLike, *, temperature: float = 1.0) -> Floats:
    """How each probability answers to each logit: J[i, j] = d probs_i / d logits_j = p_i (1[i = j] - p_j) / T.

    It is symmetric; its rows sum to zero, as shifting all logits changes nothing; where one class has all the
    probability it is zero everywhere: a saturated softmax passes no gradient on.

    Args:
        logits: real numbers, [..., num_classes].
        temperature: what the logits are divided by first. The derivative is with respect to the undivided logits.

    Returns:
        [..., num_classes, num_classes]. That is num_classes squared: for a gradient use `softmax_vjp`.

    Raises:
        ValueError: as `softmax`.

    Example:
        >>> softmax_jacobian([0.0, 0.0])
        array([[ 0.25, -0.25],
               [-0.25,  0.25]])

    Source: CS231n notes; diag(p) - p pᵀ.
    """
    temperature = checks.positive("temperature", temperature)
    probs = softmax(logits, temperature=temperature)
    wide = probs.astype(working_dtype(probs), copy=False)
    eye = np.eye(probs.shape[-1], dtype=wide.dtype)
    return cast_back(wide[..., :, None] * (eye - wide[..., None, :]) / temperature, probs)


def log_softmax_jacobian(logits: npt.ArrayLike, *, temperature: float = 1.0) -> Floats:
    """How each log-probability answers to each logit: d log p_i / d logits_j = (1[i = j] - p_j) / T.

    Unlike `softmax_jacobian` it does not vanish where softmax saturates: that is why cross-entropy, which looks at
    log-probabilities, goes on learning when confidently wrong, and squared error on probabilities does not.

    Args:
        logits: real numbers, [..., num_classes].
        temperature: what the logits are divided by first.

    Returns:
        [..., num_classes, num_classes]; row y is minus the gradient of the cross-entropy of label y.

    Raises:
        ValueError: as `softmax`.

    Example:
        >>> log_softmax_jacobian([1000.0, 0.0])[1]
        array([-1.,  1.])
        >>> softmax_jacobian([1000.0, 0.0])[0]
        array([0., 0.])
    """
    temperature = checks.positive("temperature", temperature)
    probs = softmax(logits, temperature=temperature)
    eye = np.eye(probs.shape[-1], dtype=working_dtype(probs))
    return cast_back((eye - probs[..., None, :]) / temperature, probs)


def softmax_vjp(logits: npt.ArrayLike, upstream: npt.ArrayLike, *, temperature: float = 1.0) -> Floats:
    """The gradient that arrives at the probabilities, passed back to the logits: p * (u - sum_j u_j p_j) / T.

    A vector-Jacobian product: `upstream @ softmax_jacobian(logits)` without ever making the Jacobian. The sum is the
    mean of `upstream` under the probabilities: a logit is pulled up if its class is better than average.

    Args:
        logits: real numbers, [..., num_classes].
        upstream: gradient of some loss with respect to the probabilities, like `logits`.
        temperature: what the logits are divided by first.

    Returns:
        Gradient of that loss with respect to the undivided logits, like `logits`; sums to zero in each row.

    Raises:
        ValueError: as `softmax`, or the shapes differ.

    Example:
        >>> softmax_vjp([0.0, 0.0], [1.0, 0.0])
        array([ 0.25, -0.25])
    """
    temperature = checks.positive("temperature", temperature)
    upstream = checks.floats("upstream", upstream)
    probs = softmax(logits, temperature=temperature)
    checks.same_shape("upstream", upstream, "logits", probs)
    wide = probs.astype(working_dtype(probs), copy=False)
    average = (upstream * wide).sum(axis=-1, keepdims=True)
    return cast_back(wide * (upstream - average) / temperature, probs)


def log_softmax_vjp(logits: npt.ArrayLike, upstream: npt.ArrayLike, *, temperature: float = 1.0) -> Floats:
    """The gradient that arrives at the log-probabilities, passed back to the logits: (u - p sum_j u_j) / T.

    Cross-entropy sends back -one_hot, and so receives p - one_hot: its whole gradient is this line.

    Args:
        logits: real numbers, [..., num_classes].
        upstream: gradient of some loss with respect to the log-probabilities, like `logits`.
        temperature: what the logits are divided by first.

    Returns:
        Gradient of that loss with respect to the undivided logits, like `logits`; sums to zero in each row.

    Raises:
        ValueError: as `softmax`, or the shapes differ.

    Example:
        >>> log_softmax_vjp([2.0, -1.0, 3.0, 2.0], [0.0, 0.0, -1.0, 0.0]).round(4)
        array([ 0.2097,  0.0104, -0.4299,  0.2097])
    """
    temperature = checks.positive("temperature", temperature)
    upstream = checks.floats("upstream", upstream)
    probs = softmax(logits, temperature=temperature)
    checks.same_shape("upstream", upstream, "logits", probs)
    wide = upstream.astype(np.result_type(upstream, working_dtype(probs)), copy=False)
    return cast_back((wide - probs * wide.sum(axis=-1, keepdims=True)) / temperature, probs)


def _classes_last(logits: npt.ArrayLike, axis: int) -> tuple[Floats, Floats, tuple[int, ...]]:
    """The logits checked, the same as [num_rows, num_classes], and the shape that the rows had."""
    logits = checks.floats("logits", logits)
    moved = np.moveaxis(logits, checks.axis(axis, logits.ndim), -1)
    return logits, moved.reshape(-1, moved.shape[-1]), moved.shape[:-1]


def _classes_back(rows: Floats, lead: tuple[int, ...], axis: int, logits: Floats) -> Floats:
    """[num_rows, num_classes] in the shape and the dtype of the logits."""
    return cast_back(np.moveaxis(rows.reshape(*lead, -1), -1, axis), logits)
