"""This in code: what a lesson computes, as a program with the numbers of the screen in it and what it will print.

The programs are explainers/code/<folder>/<framework>.py: Python, in which names in capitals stand for numbers. A page
gives `show` a function that makes the snippet of its lesson; it is called when somebody looks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import core
from explainers import clinic as clinic_lesson
from explainers import nce as nce_lesson
from explainers import sampled_softmax as sampled_lesson
from explainers import sequence as sequence_lesson
from explainers.step import Array, Live

FRAMEWORKS = {"numpy": "NumPy", "tensorflow": "TensorFlow", "keras": "Keras", "torch": "PyTorch", "jax": "JAX"}
"""how the address and the files call a framework, and how it calls itself"""
DECIMALS = 5
"""that the programs print"""
LEARNING_RATE = 1.0
MOST_NUMBERS, LARGEST = 400, 1e6
"""how many logits of the learner's own a program takes, and how far from zero"""
CODE = Path(__file__).parent / "code"
_NAME = re.compile(r"\b[A-Z][A-Z_]+\b")


@dataclass(frozen=True)
class Snippet:
    """One program in every framework."""

    folder: str
    """of explainers/code"""
    given: Mapping[str, Any]
    """what each name in capitals stands for"""
    results: Mapping[str, Any]
    """what each line prints, by core"""
    differing: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """the results of a framework that computes something else"""

    def code(self, framework: str) -> str:
        """The program, ready to be run; a framework that is not in `FRAMEWORKS` raises ValueError."""
        literals = {name: literal(value) for name, value in self.given.items()}
        return _NAME.sub(lambda name: literals.get(name[0], name[0]), _template(self.folder, framework))

    def output(self, framework: str) -> str:
        """What it prints, to the last digits that float32 holds."""
        results = self.differing.get(framework, self.results)
        return "\n".join(f"{name} {np.round(value, DECIMALS) + 0.0}" for name, value in results.items())


@cache
def _template(folder: str, framework: str) -> str:
    if framework not in FRAMEWORKS:
        raise ValueError(f"framework must be one of {', '.join(FRAMEWORKS)}, got {framework!r}")
    return (CODE / folder / f"{framework}.py").read_text(encoding="utf-8").strip()


def literal(value: Any, indent: str = "") -> str:
    """A number or an array as Python writes it, to the last digit; an array of rows has a line for each row.

    >>> literal(np.array([2.0, -0.0])), literal(True)
    ('[2.0, 0.0]', 'True')
    >>> print(literal(np.eye(2)))
    [
        [1.0, 0.0],
        [0.0, 1.0],
    ]
    """
    array = np.asarray(value)
    if array.ndim < 2:
        written = repr(array.tolist() if array.dtype == bool else (array + 0).tolist())
        return written.replace("-inf", 'float("-inf")')
    inner = indent + "    "
    rows = "".join(f"{inner}{literal(row, inner)},\n" for row in array)
    return f"[\n{rows}{indent}]"


def softmax(live: Live) -> Snippet:
    """Softmax, its log and the logsumexp; at temperature 0 the argmax."""
    if live.temperature == 0:
        return Snippet("argmax", {"LOGITS": live.logits}, {"probs": live.probs})
    return Snippet(
        "softmax",
        {"LOGITS": live.logits, "TEMPERATURE": live.temperature},
        {
            "probs": live.probs,
            "log_probs": core.log_softmax(live.logits, temperature=live.temperature),
            "logsumexp": core.logsumexp(live.logits, temperature=live.temperature),
        },
    )


def cross_entropy(live: Live, *, smoothing: float = 0.1) -> Snippet:
    """The loss of an id, of its one-hot, of a smoothed one, and of probabilities instead of logits."""
    t, one_hot = live.temperature, core.one_hot(live.label, len(live.names))
    return Snippet(
        "cross_entropy",
        _labelled(live) | {"LABEL_SMOOTHING": smoothing},
        {
            "sparse": core.sparse_cross_entropy(live.logits, live.label, temperature=t),
            "dense": core.cross_entropy(live.logits, one_hot, temperature=t),
            "smoothed": core.cross_entropy(live.logits, core.smooth_labels(one_hot, smoothing), temperature=t),
            "from_probs": core.sparse_cross_entropy_from_probs(live.probs, live.label),
        },
    )


def gradient(live: Live) -> Snippet:
    """The loss and its gradient with respect to the logits."""
    t = live.temperature
    return Snippet(
        "gradient",
        _labelled(live),
        {
            "loss": core.sparse_cross_entropy(live.logits, live.label, temperature=t),
            "grad": core.sparse_cross_entropy_grad(live.logits, live.label, temperature=t),
        },
    )


def _labelled(live: Live) -> dict[str, Any]:
    return {"LOGITS": live.logits, "LABEL": live.label, "TEMPERATURE": live.temperature}


def sequence(live: Live, *, sequence: int = 0, time: int = 2) -> Snippet:
    """The losses of labels [batch, time], and their mean."""
    block = sequence_lesson.small_block(live, sequence, time)
    losses = core.sparse_cross_entropy(block.logits, block.labels, temperature=live.temperature)
    return Snippet(
        "sequence",
        {"LOGITS": block.logits, "LABELS": block.labels, "TEMPERATURE": live.temperature},
        {"losses": losses, "mean": losses.mean()},
    )


def _layer(batch: Mapping[str, Any], subtract_log_q: bool = True) -> dict[str, Any]:
    """What a sampled loss is called with; where log Q is not subtracted every class counts as expected once."""
    values = batch["sampled_values"]
    counts = {"TRUE_COUNT": values.true_expected_count[:, 0], "SAMPLED_COUNT": values.sampled_expected_count}
    if not subtract_log_q:
        counts = {name: np.ones_like(count) for name, count in counts.items()}
    return {
        **{name.upper(): batch[name] for name in ("weights", "biases", "inputs")},
        "LABELS": batch["labels"][:, 0],
        "SAMPLED": values.sampled,
        **counts,
    }


def sampled_softmax(live: Live, *, small: sampled_lesson.Small | None = None) -> Snippet:
    """`tf.nn.sampled_softmax_loss` of the sample on the screen, and what it stands for elsewhere."""
    small = small or sampled_lesson.Small()
    batch = sampled_lesson.batch(live, small)
    log_q, remove = small.subtract_log_q, small.remove_accidental_hits
    losses = core.sampled_softmax_loss(**batch, subtract_log_q=log_q, remove_accidental_hits=remove)
    return Snippet(
        "sampled_softmax",
        _layer(batch, log_q) | {"REMOVE_ACCIDENTAL_HITS": remove},
        {"losses": losses},
        {"tensorflow": {"losses": _one_copy_removed(batch, log_q)}}
        if remove and (_hits(batch).sum(axis=1) > 1).any()
        else {},
    )


def _hits(batch: Mapping[str, Any]) -> NDArray[np.bool]:
    return core.accidental_hits(batch["labels"], batch["sampled_values"].sampled)


def _one_copy_removed(batch: Mapping[str, Any], subtract_log_q: bool) -> Array:
    """TensorFlow's loss, [batch_size]: of a true class that was drawn several times it removes one copy only."""
    logits, labels = core.sampled_logits(**batch, subtract_log_q=subtract_log_q)
    for row, hits in zip(logits, _hits(batch), strict=True):
        if hits.any():
            row[1 + int(hits.argmax())] = -np.inf
    return core.cross_entropy(logits, labels)


def nce(
    live: Live, *, num_sampled: int = 5, sampler: str = nce_lesson.SAMPLERS[0], seed: int = nce_lesson.SEED
) -> Snippet:
    """`tf.nn.nce_loss` of the sample on the screen, and what it stands for elsewhere."""
    batch = nce_lesson.batch(live, num_sampled, sampler, seed)
    return Snippet("nce", _layer(batch), {"losses": core.nce_loss(**batch)})


def race(live: Live) -> Snippet:
    """One step of training with sampled softmax: the loss, and the weights after it."""
    batch = sampled_lesson.batch(live, sampled_lesson.Small())
    loss, grad = core.sampled_softmax_loss_with_grad(**batch, reduction="mean")
    weights = batch["weights"].copy()
    core.sgd_update(weights, grad.ids, grad.weights, learning_rate=LEARNING_RATE)
    return Snippet("race", _layer(batch) | {"LEARNING_RATE": LEARNING_RATE}, {"loss": loss, "weights": weights})


def clinic(told: clinic_lesson.Told) -> Snippet | None:
    """The mean loss of what was pasted; none where labels are soft, logits many, a loss not finite, or nothing read."""
    found = clinic_lesson.look(told).found
    if found.logits is None or found.label_kind == "soft":
        return None
    labels = clinic_lesson.label_ids(found)
    used = labels >= 0
    logits, labels = found.logits.reshape(len(labels), -1)[used], labels[used]
    impossible = logits == -np.inf  # the log of a probability of 0
    if not 0 < logits.size <= MOST_NUMBERS or not (impossible | (np.abs(logits) <= LARGEST)).all():
        return None
    losses = core.sparse_cross_entropy(logits, labels)
    if not np.isfinite(losses).all():
        return None
    return Snippet("clinic", {"LOGITS": logits, "LABELS": labels}, {"losses": losses, "mean": losses.mean()})
