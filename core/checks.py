"""What bad input says.

Every public function sends its arguments through here first, so that a mistake stops where it was made and not three
lines later as a NaN. Each message names the argument, the value and what is allowed.

Dtypes: float16, float32 and float64 are kept; integers and nested lists become float64.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]

REDUCTIONS = ("none", "sum", "mean")


def floats(name: str, values: npt.ArrayLike) -> Floats:
    """An array of real numbers with at least one axis and one number in it; ints and lists become float64."""
    array = _array(name, values)
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{name} must be real numbers (floats or integers), got dtype {array.dtype}")
    if array.ndim == 0:
        raise ValueError(f"{name} must have an axis of classes, got the single number {array}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    if array.dtype in (np.float16, np.float32, np.float64):
        return array
    return array.astype(np.float64)


def integers(name: str, values: npt.ArrayLike) -> Ints:
    """An array of integers of any shape, a single one too. 2.0 is refused: a label is a name, not a measurement."""
    array = _array(name, values)
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integers, got dtype {array.dtype}: {_short(array)}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    return array


def axis(value: int, ndim: int) -> int:
    """The axis as given, if an array of `ndim` axes has it."""
    try:
        value = operator.index(value)
    except TypeError:
        raise ValueError(f"axis must be an integer, got {value!r}") from None
    if not -ndim <= value < ndim:
        raise ValueError(f"axis must be in [{-ndim}, {ndim}) for an array of {ndim} axes, got {value}")
    return value


def positive(name: str, value: float) -> float:
    """A finite number above zero."""
    number = _number(name, value)
    if not number > 0:
        raise ValueError(f"{name} must be positive, got {value}")
    if math.isinf(number):
        raise ValueError(f"{name} must be finite, got {value}")
    return number


def count(name: str, value: int, *, at_least: int) -> int:
    """An integer that is not below `at_least`."""
    try:
        number = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} must be an integer, got {value!r}") from None
    if number < at_least:
        raise ValueError(f"{name} must be at least {at_least}, got {value}")
    return number


def fraction(name: str, value: float) -> float:
    """A number in [0, 1]."""
    number = _number(name, value)
    if not 0 <= number <= 1:
        raise ValueError(f"{name} must be in [0, 1], got {value}")
    return number


def reduction(value: str) -> str:
    """One of "none", "sum" and "mean"."""
    if value not in REDUCTIONS:
        raise ValueError(f"reduction must be one of {', '.join(map(repr, REDUCTIONS))}, got {value!r}")
    return value


def row_maxima(largest: Floats, first_row: int = 0) -> None:
    """Rows that softmax can divide, judged by their largest logit alone.

    The largest logit is needed anyway (softmax subtracts it), and it gives away every row without an answer: the
    maximum of a row that holds a NaN is NaN, and only then or with +inf or with nothing but -inf is it not finite.
    So the check costs no pass over the logits.
    """
    if np.isfinite(largest).all():
        return
    not_a_number(largest, first_row)
    infinite = int(np.flatnonzero(np.isinf(largest))[0])
    if largest.flat[infinite] > 0:
        raise ValueError(f"logits must be finite or -inf, got inf in row {first_row + infinite}: inf/inf is no share")
    raise ValueError(f"logits must not all be -inf, got only -inf in row {first_row + infinite}: no class is left")


def not_a_number(largest: Floats, first_row: int = 0) -> None:
    """Rows without NaN, judged by their largest logit alone."""
    if np.isnan(largest).any():
        row = first_row + int(np.flatnonzero(np.isnan(largest))[0])
        raise ValueError(f"logits must not be NaN, got nan in row {row}")


def same_shape(name: str, array: npt.NDArray[Any], other_name: str, other: npt.NDArray[Any]) -> None:
    """`array` has the shape of `other`."""
    if array.shape != other.shape:
        raise ValueError(
            f"{name} must have shape {other.shape} to go with {other_name} of shape {other.shape}, got {array.shape}"
        )


def labels(
    logits: Floats, values: npt.ArrayLike, ignore_index: int | None = None, *, name: str = "logits"
) -> tuple[Ints, npt.NDArray[np.bool]]:
    """One class id for each row of the logits (or of what `name` says they are).

    Returns:
        The labels, flat, with 0 where they are ignored, and which of them are kept; both [num_rows].
    """
    array = integers("labels", values)
    if array.shape != logits.shape[:-1]:
        raise ValueError(
            f"labels must have shape {logits.shape[:-1]} to go with {name} of shape {logits.shape}, got {array.shape}"
        )
    flat = array.reshape(-1)
    if ignore_index is None:
        kept = np.ones(flat.shape, bool)
    else:
        kept = flat != count("ignore_index", ignore_index, at_least=np.iinfo(np.int64).min)
        flat = np.where(kept, flat, 0)
    class_ids("labels", flat, logits.shape[-1])
    return flat, kept


def class_ids(name: str, ids: Ints, num_classes: int) -> None:
    """Ids in [0, num_classes). NumPy alone would take -1 for the last class, silently."""
    outside = (ids < 0) | (ids >= num_classes)
    if outside.any():
        raise ValueError(f"{name} must be in [0, {num_classes}), got {ids[outside].flat[0]}")


def distributions(name: str, values: npt.ArrayLike, *, allow_unnormalised: bool = False) -> Floats:
    """Non-negative numbers [..., num_classes] whose rows sum to one, but for rounding in their dtype."""
    probs = floats(name, values)
    low = probs.min()
    if not low >= 0 or np.isinf(probs.max()):
        bad = "nan" if np.isnan(low) else low if low < 0 else np.inf
        raise ValueError(f"{name} must be finite and not negative, got {bad}")
    if not allow_unnormalised:
        totals = probs.sum(axis=-1, dtype=np.float64)
        wrong = np.abs(totals - 1) > max(1e-5, float(np.finfo(probs.dtype).eps) ** 0.5)
        if wrong.any():
            raise ValueError(f"{name} must sum to one in each row, got a sum of {totals[wrong].flat[0]:.6g}")
    return probs


def class_weights(values: npt.ArrayLike | None, num_classes: int) -> Floats | None:
    """One finite weight that is not negative for each class, or None."""
    if values is None:
        return None
    weights = floats("class_weights", values)
    if weights.shape != (num_classes,):
        raise ValueError(f"class_weights must have shape ({num_classes},), one for each class, got {weights.shape}")
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        raise ValueError(f"class_weights must be finite and not negative, got {weights[wrong][0]}")
    return weights


def _array(name: str, values: npt.ArrayLike) -> npt.NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be a rectangular array of numbers, got {_short(values)} ({error})") from None


def _number(name: str, value: float) -> float:
    if isinstance(value, (bool, np.bool)):
        raise ValueError(f"{name} must be a number, got {value}")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number, got {value!r}") from None


def _short(values: object) -> str:
    text = " ".join(str(values).split())
    return text if len(text) <= 60 else text[:57] + "..."
