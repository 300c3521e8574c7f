"""What two pasted arrays are, what a call makes of them, and what it should have made. Codes and numbers, no sentences.

`CALLS` are the losses that a learner may call. `called` gives each position's loss by that call's own conventions, or
raises `RefusedError` where the framework would raise: the frameworks' recorded answers hold it to that. `diagnose`
finds the axis of the classes, what the numbers are, what the labels are, and so the loss that was meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

import core
from explainers.paste import Numbers, Pasted
from explainers.step import Array, Note, fmt

SAID = ("unsure", "logits", "probabilities")
IGNORE = -100
"""PyTorch's default `ignore_index`"""
EXTREME = 30.0
"""nats: a loss beyond it is more than a float32 probability tells from certainty"""
FLOAT16_EXP = float(core.exp_overflow("float16"))


class Call(NamedTuple):
    """One way to call a loss: `code` is run with `predictions` and `labels`, and gives the mean."""

    framework: str
    takes: str
    """logits, probs or log_probs"""
    labels: str
    """ids or dense"""
    code: str


CALLS: Mapping[str, Call] = {
    "np_log_softmax": Call(
        "numpy", "logits", "ids", "-log_softmax(predictions)[np.arange(len(labels)), labels].mean()"
    ),
    "np_log": Call("numpy", "probs", "ids", "-np.log(predictions)[np.arange(len(labels)), labels].mean()"),
    "tf_sparse": Call(
        "tensorflow",
        "logits",
        "ids",
        "tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=predictions))",
    ),
    "tf_dense": Call(
        "tensorflow",
        "logits",
        "dense",
        "tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=predictions))",
    ),
    "keras_sparse_logits": Call(
        "keras", "logits", "ids", "keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, predictions)"
    ),
    "keras_sparse": Call("keras", "probs", "ids", "keras.losses.SparseCategoricalCrossentropy()(labels, predictions)"),
    "keras_categorical_logits": Call(
        "keras", "logits", "dense", "keras.losses.CategoricalCrossentropy(from_logits=True)(labels, predictions)"
    ),
    "keras_categorical": Call("keras", "probs", "dense", "keras.losses.CategoricalCrossentropy()(labels, predictions)"),
    "torch_cross_entropy": Call("torch", "logits", "ids", "F.cross_entropy(predictions, labels)"),
    "torch_nll": Call("torch", "log_probs", "ids", "F.nll_loss(predictions, labels)"),
    "torch_bce": Call("torch", "logits", "dense", "F.binary_cross_entropy_with_logits(predictions, labels.float())"),
    "optax_integer": Call(
        "optax", "logits", "ids", "optax.softmax_cross_entropy_with_integer_labels(predictions, labels).mean()"
    ),
    "optax_dense": Call("optax", "logits", "dense", "optax.softmax_cross_entropy(predictions, labels).mean()"),
}

SECOND_AXIS = ("torch_cross_entropy", "torch_nll")
"""calls that look for the classes there; all others look at the last axis"""

USE: Mapping[str, Mapping[str, str]] = {
    "numpy": {
        "ids": "-np.take_along_axis(log_softmax(logits), labels[..., None], axis=-1).mean()",
        "ignored": "-np.take_along_axis(log_softmax(logits[labels >= 0]), labels[labels >= 0, None], axis=-1).mean()",
        "dense": "-(labels * log_softmax(logits)).sum(axis=-1).mean()",
    },
    "tensorflow": {
        "ids": "tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))",
        "ignored": "tf.reduce_mean(\n    tf.nn.sparse_softmax_cross_entropy_with_logits(\n"
        "        labels=labels[labels >= 0], logits=logits[labels >= 0]\n    )\n)",
        "dense": "tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits))",
    },
    "keras": {
        "ids": "keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)",
        "ignored": "keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-100)(labels, logits)",
        "dense": "keras.losses.CategoricalCrossentropy(from_logits=True)(labels, logits)",
    },
    "torch": {
        "ids": "F.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1))",
        "ignored": "F.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1), ignore_index=-100)",
        "dense": "F.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1, logits.shape[-1]))",
    },
    "optax": {
        "ids": "optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()",
        "ignored": "optax.softmax_cross_entropy_with_integer_labels(logits, labels, where=labels >= 0).mean("
        "where=labels >= 0)",
        "dense": "optax.softmax_cross_entropy(logits, labels).mean()",
    },
}
"""The call to use in each framework, once the arrays are `logits` [..., num_classes] and `labels`; gives the mean."""


class RefusedError(ValueError):
    """The framework would raise; the code says over what: shape, range, float or integer labels."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# ---- what a call makes of the arrays ----


def called(call: str, predictions: Numbers, labels: Numbers) -> Array:
    """Each position's loss by the conventions of a call, right or wrong.

    Args:
        call: a key of `CALLS`.
        predictions: as pasted.
        labels: as pasted; with a fraction or a decimal point they are floats.

    Returns:
        The losses in nats, of the shape that the framework gives them; NaN where it says NaN.

    Raises:
        RefusedError: where the framework raises.

    Example:
        >>> called("keras_sparse_logits", np.array([[0.05, 0.95, 0.0]]), np.array([1])).round(4)  # softmax twice
        array([0.5841])
    """
    if not predictions.ndim:
        raise RefusedError("shape")
    scores = predictions.astype(np.float64)
    with np.errstate(all="ignore"):
        return np.asarray(_CALLED[call](scores, labels), np.float64)


def _finite(losses: Any, scores: Array, *others: Any) -> Array:
    """`losses(scores, ...)` by core, and NaN for rows that have no softmax."""
    bad = ~np.isfinite(scores.max(axis=-1))
    return np.where(bad, np.nan, losses(np.where(bad[..., None], 0.0, scores), *others))


def _whole(labels: Numbers) -> None:
    if labels.dtype.kind == "f":
        raise RefusedError("float")


def _in_range(labels: Numbers, num_classes: int) -> None:
    if ((labels < 0) | (labels >= num_classes)).any():
        raise RefusedError("range")


def _numpy(scores: Array, labels: Numbers, *, logits: bool) -> Array:
    """NumPy says itself what it says."""
    logs = log_softmax(scores) if logits else np.log(scores)
    try:
        return -logs[np.arange(len(labels)), labels]
    except IndexError:
        _whole(labels)
        raise RefusedError("range" if labels.ndim == 1 and len(labels) == len(scores) else "shape") from None
    except TypeError:  # a single label has no length
        raise RefusedError("shape") from None


def log_softmax(scores: Array) -> Array:
    """core.log_softmax, and NaN for rows that have none."""
    bad = ~np.isfinite(scores.max(axis=-1, keepdims=True))
    return np.where(bad, np.nan, core.log_softmax(np.where(bad, 0.0, scores)))


def _sparse(scores: Array, labels: Numbers) -> Array:
    """TensorFlow: one id for each row, checked."""
    _whole(labels)
    if labels.shape != scores.shape[:-1]:
        raise RefusedError("shape")
    _in_range(labels, scores.shape[-1])
    return _finite(core.sparse_cross_entropy, scores, labels)


def _keras_sparse(scores: Array, labels: Numbers, *, logits: bool) -> Array:
    """Keras makes integers of the ids, and takes [N, 1] for [N]."""
    ids = np.asarray(labels).astype(np.int64)
    if ids.ndim == scores.ndim and ids.shape[-1] == 1:
        ids = ids[..., 0]
    if ids.shape != scores.shape[:-1] or scores.shape == (1,):
        raise RefusedError("shape")
    _in_range(ids, scores.shape[-1])
    if logits:
        return _finite(core.sparse_cross_entropy, scores, ids)
    return _finite(core.sparse_cross_entropy_from_probs, scores, ids)


def _dense(scores: Array, labels: Numbers) -> Array:
    """TensorFlow: rows of logits and of labels are stretched to each other, whatever the labels sum to."""
    if not labels.ndim:
        raise RefusedError("shape")
    rows, targets = scores.reshape(-1, scores.shape[-1]), labels.reshape(-1, labels.shape[-1])
    try:
        rows, targets = np.broadcast_arrays(rows, targets)
        return np.asarray(-(targets * log_softmax(rows)).sum(axis=-1)).reshape(scores.shape[:-1])
    except ValueError:
        raise RefusedError("shape") from None


def _optax_dense(scores: Array, labels: Numbers) -> Array:
    """optax: log-probabilities and labels are stretched to each other."""
    try:
        return np.asarray(-(labels * log_softmax(scores)).sum(axis=-1))
    except ValueError:
        raise RefusedError("shape") from None


def _keras_categorical(scores: Array, labels: Numbers, *, logits: bool) -> Array:
    """Keras: of a single class the axis may be left out."""
    if scores.shape[-1] == 1 and labels.shape == scores.shape[:-1]:
        scores, labels = (scores, labels[:, None]) if labels.ndim == 1 else (scores[..., 0], labels)
    if labels.shape != scores.shape:
        raise RefusedError("shape")
    if logits:
        return _dense(scores, labels)
    shares = scores / scores.sum(axis=-1, keepdims=True)
    return np.asarray(-(labels * np.log(np.clip(shares, 1e-7, 1 - 1e-7))).sum(axis=-1))


def _torch(scores: Array, labels: Numbers, *, logits: bool) -> Array:
    """The classes are the second axis (of one axis the only one); the label -100 costs nothing."""
    axis = min(1, scores.ndim - 1)
    rows = np.moveaxis(scores, axis, -1)
    if logits and labels.shape == scores.shape and labels.ndim:
        if labels.dtype.kind != "f":
            raise RefusedError("integer" if labels.ndim != 1 else "shape")
        return _dense(rows, np.moveaxis(labels, axis, -1))
    if rows.ndim == 1 and labels.shape == (1,):
        rows = rows[None]
    if labels.shape != rows.shape[:-1]:
        raise RefusedError("shape")
    _whole(labels)
    kept = labels != IGNORE
    ids = np.where(kept, labels, 0)
    _in_range(ids, rows.shape[-1])
    logs = log_softmax(rows) if logits else rows
    return np.where(kept, -np.take_along_axis(logs, ids[..., None], axis=-1)[..., 0], 0.0)


def _torch_bce(scores: Array, labels: Numbers) -> Array:
    if labels.shape != scores.shape:
        raise RefusedError("shape")
    return np.maximum(scores, 0) - scores * labels + np.log1p(np.exp(-np.abs(scores)))


def _optax_integer(scores: Array, labels: Numbers) -> Array:
    """optax: beyond the range NaN, below it NumPy's way from the end."""
    _whole(labels)
    if labels.shape != scores.shape[:-1]:
        raise RefusedError("shape")
    num_classes = scores.shape[-1]
    ids = np.where(labels < 0, labels + num_classes, labels)
    outside = (ids < 0) | (ids >= num_classes)
    logs = np.take_along_axis(log_softmax(scores), np.where(outside, 0, ids)[..., None], axis=-1)[..., 0]
    return np.where(outside, np.nan, -logs)


_CALLED: Mapping[str, Any] = {
    "np_log_softmax": lambda scores, labels: _numpy(scores, labels, logits=True),
    "np_log": lambda scores, labels: _numpy(scores, labels, logits=False),
    "tf_sparse": _sparse,
    "tf_dense": _dense,
    "keras_sparse_logits": lambda scores, labels: _keras_sparse(scores, labels, logits=True),
    "keras_sparse": lambda scores, labels: _keras_sparse(scores, labels, logits=False),
    "keras_categorical_logits": lambda scores, labels: _keras_categorical(scores, labels, logits=True),
    "keras_categorical": lambda scores, labels: _keras_categorical(scores, labels, logits=False),
    "torch_cross_entropy": lambda scores, labels: _torch(scores, labels, logits=True),
    "torch_nll": lambda scores, labels: _torch(scores, labels, logits=False),
    "torch_bce": _torch_bce,
    "optax_integer": _optax_integer,
    "optax_dense": _optax_dense,
}


def reduced(call: str, losses: Array, labels: Numbers) -> float:
    """The mean as that framework makes it: PyTorch leaves ignored positions out of the count, too."""
    count: float = losses.size
    if call in SECOND_AXIS and labels.shape == losses.shape:
        count = float((labels != IGNORE).sum())
    with np.errstate(all="ignore"):
        return float(np.float64(losses.sum()) / count)


# ---- what the arrays are ----


@dataclass
class Diagnosis:
    """What was found, worst first, and the numbers it led to; what could not be found is None."""

    notes: list[Note] = field(default_factory=list)
    value: float | None = None
    """the mean that the call gives"""
    refused: str = ""
    """why the call raises, if it does"""
    right: float | None = None
    """the mean cross-entropy that was meant"""
    logits: Array | None = None
    """[..., num_classes], from which that mean comes"""
    targets: Numbers | None = None
    """ids [...] or distributions [..., num_classes]"""
    losses: Array | None = None
    """the right loss of each position, [...]; NaN where it is ignored"""
    kind: str = ""
    """what the predictions are: logits, probs, log_probs"""
    label_kind: str = ""
    """what the labels are: ids, one_hot, soft"""
    fixes: list[str] = field(default_factory=list)
    """lines of NumPy that make `logits` and `labels` of `predictions` and `labels`"""
    use: str = ""
    """which of each framework's calls in `USE`"""

    @property
    def codes(self) -> list[str]:
        """The codes of all that was found."""
        return [note.key.removeprefix("finding-") for note in self.notes]

    def say(self, code: str, **numbers: Any) -> None:
        """Add a finding."""
        self.notes.append(Note(f"finding-{code}", numbers))


def shape_text(shape: Sequence[int]) -> str:
    """A shape as it is written: [2, 3].

    >>> shape_text((2, 3))
    '[2, 3]'
    """
    return f"[{', '.join(map(str, shape))}]"


def _sums_to_one(values: Array, axis: int) -> bool:
    """Within what printing with four digits hides."""
    return bool(np.all(np.abs(values.sum(axis=axis) - 1) <= 1e-4 * values.shape[axis] + 1e-3))


def kind_of(values: Array, axis: int = -1) -> str:
    """What numbers are along an axis: probs sum to one, so do the exps of log_probs, and all else is logits.

    >>> kind_of(np.array([[0.2, 0.8]])), kind_of(np.log([[0.2, 0.8]])), kind_of(np.array([[2.0, -1.0]]))
    ('probs', 'log_probs', 'logits')
    """
    if np.isnan(values).any() or (values == np.inf).any() or values.shape[axis] < 2:
        return "logits"
    if values.min() >= -1e-6 and _sums_to_one(values, axis):
        return "probs"
    if values.max() <= 1e-6 and _sums_to_one(np.exp(values), axis):
        return "log_probs"
    return "logits"


def diagnose(
    pasted: Pasted, pasted_labels: Pasted, *, call: str, said: str = "unsure", reported: float | None = None
) -> Diagnosis:
    """Look at both arrays, find what was meant, and compare it with what the call makes of them.

    Args:
        pasted: the predictions.
        pasted_labels: the labels.
        call: a key of `CALLS`.
        said: what the learner takes the predictions for, of `SAID`.
        reported: the loss that their program printed, if they say so.

    Returns:
        The findings, and the numbers behind them.

    Raises:
        ValueError: `call` or `said` is not one of those.
    """
    if call not in CALLS:
        raise ValueError(f"call must be one of {', '.join(CALLS)}, got {call!r}")
    if said not in SAID:
        raise ValueError(f"said must be one of {', '.join(SAID)}, got {said!r}")
    found = Diagnosis()
    predictions, labels = pasted.array.astype(np.float64), pasted_labels.array
    if _swapped(pasted, pasted_labels):
        found.say("swapped", shape=shape_text(pasted.shape), labels_shape=shape_text(pasted_labels.shape))
        return found
    elided = [axis for part in (pasted, pasted_labels) for axis in part.elided]
    if elided:
        found.say("elided", shape=shape_text(pasted.shape), shown=shape_text(predictions.shape))
        if predictions.ndim - 1 in pasted.elided:
            return found
    with np.errstate(all="ignore"):  # NaN, infinity and numbers beyond all bounds are what is looked for
        _call(found, call, predictions, labels)
        _not_finite(found, predictions)
        scores = _classes_last(found, call, predictions, labels)
        if scores is None:
            return found
        targets = _targets(found, call, scores, labels)
        found.kind = kind_of(scores)
        _what_they_are(found, call, said, scores)
        if "axis" not in found.codes and targets is not None:
            _right(found, scores, targets)
            _how_large(found, pasted, call)
            _reported(found, reported)
    return found


def _swapped(pasted: Pasted, pasted_labels: Pasted) -> bool:
    """The labels have the fractions and the further axis."""
    predictions, labels = pasted.array, pasted_labels.array
    return (
        predictions.dtype.kind == "i"
        and labels.dtype.kind == "f"
        and labels.ndim == predictions.ndim + 1
        and labels.shape[:-1] == predictions.shape
    )


def _call(found: Diagnosis, call: str, predictions: Array, labels: Numbers) -> None:
    try:
        found.value = reduced(call, called(call, predictions, labels), labels)
    except RefusedError as refused:
        found.refused = refused.code


def _not_finite(found: Diagnosis, predictions: Array) -> None:
    for code, where in (
        ("nan", np.isnan(predictions)),
        ("infinite", predictions == np.inf),
        ("masked", predictions == -np.inf),
    ):
        if where.any():
            first = shape_text([int(i) for i in np.argwhere(where)[0]])
            found.say(code, count=str(int(where.sum())), place=first)


def _classes_last(found: Diagnosis, call: str, predictions: Array, labels: Numbers) -> Array | None:
    """The predictions as [..., num_classes]; what that takes is found and fixed."""
    shape, wanted = predictions.shape, labels.shape
    if shape and wanted and wanted[-1] == 1 and wanted[:-1] == shape[:-1] and shape[-1] > 1:
        wanted = wanted[:-1]
    shapes = {"shape": shape_text(shape), "labels_shape": shape_text(labels.shape)}
    if wanted in (shape, shape[:-1]) and len(shape):
        if call in SECOND_AXIS and len(shape) > 2:
            found.say("torch_axis", **shapes, count=str(shape[1]), num_classes=str(shape[-1]))
        return predictions
    for axis in range(len(shape) - 1):
        if shape[:axis] + shape[axis + 1 :] == wanted:
            if call not in SECOND_AXIS or axis != 1:
                found.say("classes_at", **shapes, axis=str(axis), num_classes=str(shape[axis]))
            found.fixes.append(f"predictions = np.moveaxis(predictions, {axis}, -1)")
            return np.moveaxis(predictions, axis, -1)
    if len(shape) > 1 and labels.size * shape[-1] == predictions.size:
        transposed = wanted[::-1] == shape[:-1] and len(wanted) > 1
        found.say("labels_transposed" if transposed else "labels_flat", **shapes, wanted=shape_text(shape[:-1]))
        return predictions
    found.say("mismatch", **shapes, wanted=shape_text(shape[:-1]))
    return None


def _targets(found: Diagnosis, call: str, scores: Array, labels: Numbers) -> Numbers | None:
    """The labels as ids [...] or distributions [..., num_classes]; what that takes is found and fixed."""
    num_classes, rows = scores.shape[-1], scores.shape[:-1]
    wants = CALLS[call].labels
    if labels.shape == scores.shape:
        shares = labels.astype(np.float64)
        if shares.min() < 0 or not _sums_to_one(shares, -1):
            found.say("labels_no_distribution", total=float(shares.sum(axis=-1).flat[0]))
            return None
        found.label_kind = "one_hot" if np.isin(shares, (0, 1)).all() else "soft"
        if labels.dtype.kind != "f":
            found.fixes.append("labels = labels.astype(np.float32)")
        if wants == "ids" and not (call == "torch_cross_entropy" and labels.dtype.kind == "f"):
            found.say("dense_for_ids" if call != "torch_cross_entropy" else "one_hot_integer")
        return shares
    found.label_kind = "ids"
    if labels.shape != rows:
        if "labels_transposed" in found.codes:
            found.fixes.append("labels = labels.T")
            labels = labels.T
        else:
            if "labels_flat" not in found.codes:
                found.say("labels_column", labels_shape=shape_text(labels.shape), wanted=shape_text(rows))
            found.fixes.append(f"labels = labels.reshape({', '.join(map(str, rows))})")
            labels = labels.reshape(rows)
    if wants == "dense":
        found.say("ids_for_dense", labels_shape=shape_text(labels.shape), num_classes=str(num_classes))
    ids = labels.astype(np.int64)
    if labels.dtype.kind == "f":
        if (ids != labels).any():
            found.say("labels_fractions", worst=float(labels[ids != labels].flat[0]))
            return None
        found.say("labels_float")
        found.fixes.append("labels = labels.astype(int)")
    kept = ids != IGNORE
    if not kept.any():
        found.say("all_ignored", count=str(ids.size))
        return None
    if not kept.all():
        found.say("ignored", count=str(int((~kept).sum())), total=str(ids.size), kept=str(int(kept.sum())))
    used = ids[kept]
    if used.min() >= 1 and used.max() == num_classes:
        found.say("off_by_one", num_classes=str(num_classes), last=str(num_classes - 1))
        found.fixes.append(
            "labels = labels - 1" if kept.all() else f"labels = np.where(labels == {IGNORE}, labels, labels - 1)"
        )
        return np.where(kept, ids - 1, ids)
    if used.min() < 0 or used.max() >= num_classes:
        outside = used[(used < 0) | (used >= num_classes)]
        found.say("out_of_range", worst=str(int(outside[0])), num_classes=str(num_classes), last=str(num_classes - 1))
        return None
    return ids


def _what_they_are(found: Diagnosis, call: str, said: str, scores: Array) -> None:
    """Is it what the call takes, what the learner takes it for, and was the right axis divided?"""
    num_classes, kind, takes = scores.shape[-1], found.kind, CALLS[call].takes
    others = [
        axis
        for axis in range(scores.ndim - 1)
        if kind == "logits" and scores.shape[axis] > 1 and kind_of(scores, axis) == "probs"
    ]
    if others:
        found.say("axis", axis=str(others[0]), first=float(scores.reshape(-1, num_classes)[0].sum()))
        return
    if num_classes == 1:
        found.say("one_class")
        return
    if call == "torch_bce":
        found.say("logistic", num_classes=str(num_classes))
    elif takes == "logits" and kind == "probs":
        best, worst = core.double_softmax_range(num_classes)
        found.say("twice", best=best, worst=worst, num_classes=str(num_classes))
    elif takes == "logits" and kind == "log_probs":
        found.say("harmless")
    elif takes == "probs" and kind != "probs":
        total = float(scores.reshape(-1, num_classes)[0].sum())
        found.say("no_probs", total=total, least=float(scores.min()))
    elif takes == "log_probs" and kind != "log_probs":
        found.say("nll_probs" if kind == "probs" else "nll_logits")
    if (said == "logits" and kind == "probs") or (said == "probabilities" and kind == "logits"):
        found.say("said_logits" if said == "logits" else "said_probabilities")


def _right(found: Diagnosis, scores: Array, targets: Numbers) -> None:
    """The loss that was meant, from what the numbers are."""
    logits = scores
    if found.kind == "probs":
        with np.errstate(divide="ignore"):
            logits = np.log(np.clip(scores, 0, None))
        found.fixes.append("logits = np.log(predictions)")
    else:
        found.fixes.append("logits = predictions")
    found.logits, found.targets = logits, targets
    if found.label_kind == "ids":
        kept = targets != IGNORE
        losses = _finite(core.sparse_cross_entropy, logits, np.where(kept, targets, 0).astype(np.int64))
        found.losses = np.where(kept, losses, np.nan)
        found.right = float(losses[kept].mean())
        found.use = "ids" if kept.all() else "ignored"
    else:
        found.losses = _finite(lambda rows: core.cross_entropy(rows, targets, allow_unnormalised=True), logits)
        found.right = float(found.losses.mean())
        found.use = "dense"


def _how_large(found: Diagnosis, pasted: Pasted, call: str) -> None:
    """The loss against that of a model that knows nothing, and numbers that a float cannot hold."""
    logits, right = found.logits, found.right
    if logits is None or right is None or found.losses is None or logits.shape[-1] < 2:
        return
    guess = float(np.log(logits.shape[-1]))
    ceiling = float(core.sparse_cross_entropy_from_probs(core.one_hot(1, 2), 0))
    if found.kind == "probs" and CALLS[call].takes == "probs" and np.nanmax(found.losses) > ceiling:
        found.say("epsilon", ceiling=ceiling, least=1e-7)
    elif np.isfinite(right) and np.nanmax(found.losses) > EXTREME:
        found.say("extreme", largest=float(np.nanmax(found.losses)))
    if pasted.dtype == "float16" and found.kind == "logits" and np.nanmax(np.abs(logits)) > FLOAT16_EXP:
        found.say("float16", largest=float(np.nanmax(np.abs(logits))), edge=FLOAT16_EXP)
    if np.isfinite(right):
        code = "uniform" if abs(right - guess) < 0.02 * guess else "worse" if right > 1.5 * guess else "loss_scale"
        found.say(code, guess=guess, num_classes=str(logits.shape[-1]), right=right)


def _reported(found: Diagnosis, reported: float | None) -> None:
    """Which number the learner's program printed."""
    if reported is None or found.right is None or found.losses is None or found.logits is None:
        return
    right, rows = found.right, found.logits.reshape(-1, found.logits.shape[-1])
    hard = None if found.label_kind == "soft" else np.asarray(found.targets)
    if hard is not None:
        hard = hard.argmax(axis=-1).reshape(-1) if found.label_kind == "one_hot" else hard.reshape(-1)
    candidates = {"mean": right, "sum": float(np.nansum(found.losses)), "bits": float(core.bits(right))}
    if np.isfinite(right) and right < 700:
        candidates |= {"perplexity": float(core.perplexity(right)), "wrong_perplexity": float(2**right)}
    if hard is not None and np.isfinite(rows).all() and (hard >= 0).all():
        truth = core.one_hot(hard, rows.shape[-1])
        candidates |= {
            "twice": float(core.double_softmax_cross_entropy(rows, hard).mean()),
            "logistic": float(core.sigmoid_cross_entropy(rows, truth).sum(axis=-1).mean()),
        }
    close = [code for code, number in candidates.items() if np.isclose(number, reported, rtol=2e-3, atol=1e-4)]
    found.say(f"reported_{close[0]}" if close else "reported_other", reported=reported, right=right)


def fixes_code(found: Diagnosis) -> str:
    """The lines that mend the arrays, then the call to use in each framework.

    >>> print(fixes_code(Diagnosis(fixes=["logits = predictions"], use="dense")).splitlines()[2])
    -(labels * log_softmax(logits)).sum(axis=-1).mean()
    """
    lines = list(found.fixes)
    for framework, calls in USE.items():
        lines += [f"# {framework}", calls[found.use]]
    return "\n".join(lines)


def texts(found: Diagnosis) -> tuple[str, str]:
    """The mean that the call gives and the right one as text; what is not known has a dash.

    >>> texts(Diagnosis(value=0.5))
    ('0.5', '–')
    """
    value, right = ("–" if number is None else fmt(number) for number in (found.value, found.right))
    return value, right
