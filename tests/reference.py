"""The formulas as plain Python loops: slow, short, and with nothing in common with core but the mathematics.

Rows are lists of floats. Where a formula would overflow it is left to overflow: the tests that use it keep their
numbers small, and core's large numbers are tested against exact answers instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

Row = Sequence[float]


def softmax(logits: Row, temperature: float = 1.0) -> list[float]:
    exps = [math.exp(z / temperature) for z in logits]
    total = math.fsum(exps)
    return [e / total for e in exps]


def logsumexp(logits: Row, temperature: float = 1.0) -> float:
    return math.log(math.fsum(math.exp(z / temperature) for z in logits))


def log_softmax(logits: Row, temperature: float = 1.0) -> list[float]:
    return [z / temperature - logsumexp(logits, temperature) for z in logits]


def softmax_jacobian(logits: Row, temperature: float = 1.0) -> list[list[float]]:
    p = softmax(logits, temperature)
    return [[p[i] * ((i == j) - p[j]) / temperature for j in range(len(p))] for i in range(len(p))]


def one_hot(label: int, num_classes: int) -> list[float]:
    return [1.0 if j == label else 0.0 for j in range(num_classes)]


def smooth_labels(label_probs: Row, epsilon: float) -> list[float]:
    return [(1 - epsilon) * q + epsilon / len(label_probs) for q in label_probs]


def cross_entropy(logits: Row, label_probs: Row, temperature: float = 1.0, class_weights: Row | None = None) -> float:
    log_probs = log_softmax(logits, temperature)
    weights = class_weights or [1.0] * len(log_probs)
    return -math.fsum(w * q * log_p for w, q, log_p in zip(weights, label_probs, log_probs, strict=True))


def sparse_cross_entropy(
    logits: Row, label: int, temperature: float = 1.0, epsilon: float = 0.0, class_weights: Row | None = None
) -> float:
    """PyTorch's: the smoothed part is weighted class by class."""
    log_probs = log_softmax(logits, temperature)
    weights = class_weights or [1.0] * len(log_probs)
    at_label = -(1 - epsilon) * weights[label] * log_probs[label]
    spread = -epsilon / len(log_probs) * math.fsum(w * log_p for w, log_p in zip(weights, log_probs, strict=True))
    return at_label + spread


def mean(losses: Sequence[float], labels: Sequence[int], ignore_index: int | None, class_weights: Row | None) -> float:
    """The sum over kept positions, divided by the weights of their labels; NaN if nothing is kept."""
    kept = [i for i, label in enumerate(labels) if label != ignore_index]
    total = math.fsum(class_weights[labels[i]] if class_weights else 1.0 for i in kept)
    return math.fsum(losses[i] for i in kept) / total if total else math.nan


def entropy(probs: Row) -> float:
    return -math.fsum(p * math.log(p) for p in probs if p > 0)


def kl_divergence(probs: Row, other: Row) -> float:
    return math.fsum(p * math.log(p / q) for p, q in zip(probs, other, strict=True) if p > 0)


def squared_error(logits: Row, label: int) -> float:
    return math.fsum((p - (j == label)) ** 2 for j, p in enumerate(softmax(logits)))


def sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def sigmoid_cross_entropy(logit: float, label: float) -> float:
    return -label * math.log(sigmoid(logit)) - (1 - label) * math.log(sigmoid(-logit))


def sparse_cross_entropy_from_probs(probs: Row, label: int, epsilon: float = 1e-7) -> float:
    """Clip, then divide by the new sum."""
    clipped = [min(max(p, epsilon), 1 - epsilon) for p in probs]
    return -math.log(clipped[label] / math.fsum(clipped))


def cross_entropy_from_probs(probs: Row, label_probs: Row, epsilon: float = 1e-7) -> float:
    """Divide by the sum, then clip."""
    total = math.fsum(probs)
    return -math.fsum(
        q * math.log(min(max(p / total, epsilon), 1 - epsilon)) for p, q in zip(probs, label_probs, strict=True)
    )


def dense(inputs: Row, weights: Sequence[Row], biases: Row) -> list[float]:
    return [
        math.fsum(w * h for w, h in zip(row, inputs, strict=True)) + b for row, b in zip(weights, biases, strict=True)
    ]


def slope(function: Callable[[list[float]], float], at: Row, step: float = 1e-5) -> list[float]:
    """Central differences: (f(x + h) - f(x - h)) / 2h in each direction, exact to about h²."""
    gradient = []
    for i in range(len(at)):
        above, below = list(at), list(at)
        above[i] += step
        below[i] -= step
        gradient.append((function(above) - function(below)) / (2 * step))
    return gradient


def running_sum(terms: Row, precision: str, round_to: Callable[[float, str], float]) -> list[float]:
    """Each partial sum rounded; what rounding is, is tested elsewhere."""
    sums: list[float] = []
    for term in terms:
        sums.append(float(round_to((sums[-1] if sums else 0.0) + term, precision)))
    return sums


def tree_sum(terms: Row, precision: str, round_to: Callable[[float, str], float]) -> float:
    sums = list(terms)
    while len(sums) > 1:
        sums += [0.0] * (len(sums) % 2)
        sums = [float(round_to(a + b, precision)) for a, b in zip(sums[::2], sums[1::2], strict=True)]
    return sums[0]


def reliability(probs: Sequence[Row], labels: Sequence[int], num_bins: int) -> list[tuple[int, float, float]]:
    """Count, mean confidence and accuracy of each bin; NaN where a bin is empty."""
    bins = []
    for m in range(num_bins):
        inside = [
            (max(row), row.index(max(row)) == label)
            for row, label in zip(map(list, probs), labels, strict=True)
            if m / num_bins < max(row) <= (m + 1) / num_bins
        ]
        count = len(inside)
        confidence = math.fsum(c for c, _ in inside) / count if count else math.nan
        accuracy = sum(right for _, right in inside) / count if count else math.nan
        bins.append((count, confidence, accuracy))
    return bins


def expected_calibration_error(probs: Sequence[Row], labels: Sequence[int], num_bins: int) -> float:
    filled = [(n, c, a) for n, c, a in reliability(probs, labels, num_bins) if n]
    return math.fsum(n / len(labels) * abs(a - c) for n, c, a in filled)


def log_uniform_probs(num_classes: int) -> list[float]:
    return [math.log((k + 2) / (k + 1)) / math.log(num_classes + 1) for k in range(num_classes)]


def unigram_probs(counts: Row, distortion: float, num_reserved_ids: int = 0) -> list[float]:
    powers = [0.0] * num_reserved_ids + [count**distortion for count in counts]
    return [power / math.fsum(powers) for power in powers]


def expected_count(prob: float, num_sampled: int, num_tries: int) -> float:
    return num_sampled * prob if num_tries == num_sampled else 1 - (1 - prob) ** num_tries


def first_distinct(ids: Sequence[int], num_sampled: int) -> tuple[list[int], int]:
    found: list[int] = []
    for tries, drawn in enumerate(ids, start=1):
        if drawn not in found:
            found.append(drawn)
        if len(found) == num_sampled:
            return found, tries
    return found, len(ids)


def sampled_logits(
    layer: tuple[Sequence[Row], Row, Sequence[int], Row],
    sampled: Sequence[int],
    counts: dict[int, float],
    subtract_log_q: bool,
    remove_accidental_hits: bool,
) -> list[float]:
    """One row: the true classes, then the sample; `counts` has the expected count of each class."""
    weights, biases, trues, inputs = layer
    logits = []
    for position, c in enumerate([*trues, *sampled]):
        z = math.fsum(w * h for w, h in zip(weights[c], inputs, strict=True)) + biases[c]
        if subtract_log_q:
            z -= math.log(counts[c])
        if remove_accidental_hits and position >= len(trues) and c in trues:
            z = -math.inf
        logits.append(z)
    return logits


def sampled_softmax(logits: Row, num_true: int) -> float:
    total = math.log(math.fsum(math.exp(z) for z in logits))
    return math.fsum((total - z) / num_true for z in logits[:num_true])


def nce(logits: Row, num_true: int) -> float:
    labels = [1 / num_true if position < num_true else 0.0 for position in range(len(logits))]
    return math.fsum(sigmoid_cross_entropy(z, y) if z > -math.inf else 0.0 for z, y in zip(logits, labels, strict=True))


def importance_softmax(logits: Row, trues: Sequence[int], sampled: Sequence[int], counts: dict[int, float]) -> float:
    """From uncorrected logits: each negative counts for the expected negatives over n times its expected count."""
    exps = [math.exp(z) for z in logits]
    true_exps, others = exps[: len(trues)], list(zip(exps[len(trues) :], sampled, strict=True))
    negatives = [(e, c) for e, c in others if c not in trues]
    expected = len(sampled) - math.fsum(counts[t] for t in trues)
    rest = math.fsum(e / counts[c] for e, c in negatives) * expected / len(negatives) if negatives else 0.0
    return math.log(math.fsum(true_exps) + rest) - math.fsum(logits[: len(trues)]) / len(trues)
