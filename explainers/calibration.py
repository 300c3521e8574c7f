"""What a real network promises and what it keeps: the step `calibration` of the cross-entropy lesson. Item 7.

The predictions are stored (data/README.md says whose), so all that does not hang on the temperature is computed once.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

import core
from explainers.figures import axis, bars, column, curve, dot, grid, line
from explainers.step import Array, Question, Step, fmt, terms

NUM_BINS = 10
LOWEST, HIGHEST = 0.2, 5.0
"""the ends of the temperature's slider"""

with np.load(Path(__file__).parents[1] / "data" / "digits" / "predictions.npz") as _stored:
    _PARTS = {
        part: (_stored[f"{part}_logits"].astype(np.float64), _stored[f"{part}_labels"])
        for part in ("train", "validation", "test")
    }
for _array in (array for part in _PARTS.values() for array in part):
    _array.flags.writeable = False
LOGITS, LABELS = _PARTS["test"]


def measured(temperature: float) -> tuple[core.Reliability, Array]:
    """The bins, and over all digits: accuracy, mean confidence, calibration error and mean loss in nats, [4]."""
    bins = core.reliability(LOGITS, LABELS, temperature=temperature, num_bins=NUM_BINS)
    shares = np.nan_to_num(np.stack([bins.accuracy, bins.confidence])) @ bins.counts / len(LABELS)
    loss = core.sparse_cross_entropy(LOGITS, LABELS, temperature=temperature, reduction="mean")
    return bins, np.array([*shares, bins.gaps.sum(), loss])


MEASURES = ("acc", "conf", "ECE", "L")
BEST = core.fit_temperature(*_PARTS["validation"])
"""the temperature with the least loss on digits that are neither learnt from nor shown"""
_TRAIN_LOSS = float(core.sparse_cross_entropy(*_PARTS["train"], reduction="mean"))
_PLAIN_BINS, _PLAIN = measured(1.0)
_FITTED = measured(BEST)[1]
_PATH = np.linspace(LOWEST, HIGHEST, 49)
_ALONG = np.stack([measured(t)[1] for t in _PATH], axis=-1)
_TOP = 1.2
"""the end of the loss axis, in nats"""


def calibration(temperature: float) -> Step:
    """The reliability diagram, what each bin adds to the error, and what the temperature moves and does not move."""
    bins, now = measured(temperature)
    accuracy, confidence, error, loss = now
    edges = [fmt(edge) for edge in np.arange(NUM_BINS + 1) / NUM_BINS]
    sign = f"T = {fmt(temperature)}"
    top = bins.confidence[-1], bins.accuracy[-1]
    gaps = bins.gaps[bins.counts > 0]
    rows = {"T = 1": _PLAIN, sign: now, f"T* = {fmt(BEST)}": _FITTED}
    return Step(
        "calibration",
        r"\begin{aligned} \mathrm{ECE} &= \sum_b \frac{n_b}{N}\,|\mathrm{acc}_b - \mathrm{conf}_b| \\"
        r" T^* &= \arg\min_T\, \bar L(z / T) \end{aligned}",
        r"\begin{aligned} \mathrm{ECE} &= @gaps \\ &= @ece \\ T^* &= @best \end{aligned}",
        {
            "t": temperature,
            "accuracy": accuracy,
            "confidence": confidence,
            "ece": error,
            "gaps": r" \\ &\quad + ".join(terms(row) for row in np.split(gaps, range(3, len(gaps), 3))),
            "best": BEST,
            "ece_plain": _PLAIN[2],
            "ece_best": _FITTED[2],
            "loss_plain": _PLAIN[3],
            "loss_best": _FITTED[3],
            "count": str(len(LABELS)),
            "fitted_on": str(len(_PARTS["validation"][1])),
            "trained": str(len(_PARTS["train"][1])),
            "train_loss": _TRAIN_LOSS,
            "edge": edges[-2],
            "top_count": str(_PLAIN_BINS.counts[-1]),
            "top_confidence": _PLAIN_BINS.confidence[-1],
            "top_accuracy": _PLAIN_BINS.accuracy[-1],
        },
        (
            curve(
                axis("conf", 0.0, 1.0),
                axis("acc", 0.0, 1.0),
                [
                    line("acc = conf", [0.0, 1.0], [0.0, 1.0], "logit", dash=True),
                    *([line("T = 1", *_points(_PLAIN_BINS), "exp", dash=True)] if temperature != 1 else []),
                    line(sign, *_points(bins), "prob"),
                    line("(conf_b, acc_b)", *_points(bins), "prob", cloud=True),
                ],
                [dot(f"{fmt(top[0])} → {fmt(top[1])}", *top)],
            ),
            bars(
                [f"{low}–{high}: {n}" for (low, high), n in zip(pairwise(edges), bins.counts, strict=True)],
                column("n/N · |acc − conf|", bins.gaps, "loss", bound=0.15),
            ),
            curve(
                axis("T", 0.0, HIGHEST),
                axis("", 0.0, _TOP),
                [
                    line(f"acc = {fmt(accuracy)}", _PATH, _ALONG[0], "prob", dash=True),
                    line("L", _PATH, np.where(_ALONG[3] <= _TOP, _ALONG[3], np.nan), "loss"),
                    line("ECE", _PATH, _ALONG[2], "exp"),
                ],
                [
                    dot(f"L = {fmt(loss)}", temperature, loss if loss <= _TOP else np.nan, "loss"),
                    dot(f"ECE = {fmt(error)}", temperature, error, "exp"),
                ],
            ),
            grid("", list(rows), MEASURES, np.stack(list(rows.values())), bound=1.0),
        ),
    )


def _points(bins: core.Reliability) -> tuple[Array, Array]:
    """Confidence and accuracy of the bins that hold something."""
    return bins.confidence[bins.counts > 0], bins.accuracy[bins.counts > 0]


def question() -> Question:
    """Whether a temperature makes the network right more often."""
    divisor = 2.0
    (before, sure, *_), (after, less_sure, *_) = _PLAIN, measured(divisor)[1]
    return Question(
        "calibration",
        1 + int(np.sign(round(before - after, 12))),
        {"accuracy": before, "after": after, "confidence": sure, "softer": less_sure, "two": divisor},
    )
