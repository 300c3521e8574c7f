"""The loss as a landscape: over the probability triangle, and over the one number that it needs, the margin.

The triangle's corners are the label, its strongest rival and all the others together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

import core
from explainers.figures import axis, curve, dot, line, simplex
from explainers.step import Array, Figure, Live, fmt

LEVELS = (0.1, 0.3, 0.6, 1.0, 1.5, 2.0, 3.0, 4.0)
"""losses in nats at which a contour is drawn"""
RAYS = 72


def groups(live: Live) -> list[list[int]]:
    """The classes of each corner: the label, the strongest wrong class, the rest; needs three classes or more."""
    wrong = [int(i) for i in np.argsort(-live.logits, kind="stable") if i != live.label]
    return [[live.label], wrong[:1], wrong[1:]]


def shares(probs: Array, corners: list[list[int]]) -> Array:
    """Probabilities [..., num_classes] added up by corner, [..., 3]."""
    return np.stack([probs[..., corner].sum(axis=-1) for corner in corners], axis=-1)


def contours(targets: Array, levels: ArrayLike) -> list[Array]:
    """Where the cross-entropy with `targets` [3] is each of the levels, as points [num_points, 3] of the triangle.

    The loss has its only minimum at the targets and grows along every ray from there, so bisection finds a level on
    each ray. A ray that leaves the triangle below the level gives no point, a level below the minimum none at all.
    """
    angles = np.linspace(0, 2 * np.pi, RAYS + 1)
    along, across = np.array([2.0, -1.0, -1.0]) / 6**0.5, np.array([0.0, 1.0, -1.0]) / 2**0.5
    rays = np.cos(angles)[:, None] * along + np.sin(angles)[:, None] * across
    wanted = np.asarray(levels, float)[:, None]
    with np.errstate(divide="ignore"):
        edge = np.where(rays < -1e-12, targets / -rays, np.inf).min(axis=1)

    def at(reach: Array) -> Array:
        return np.clip(targets + reach[..., None] * rays, 1e-300, None)

    def loss(reach: Array) -> Array:
        points = at(reach)
        return core.cross_entropy(np.log(points), np.broadcast_to(targets, points.shape))

    low, high = np.zeros((len(wanted), len(edge))), np.tile(edge, (len(wanted), 1))
    for _ in range(25):
        middle = (low + high) / 2
        below = loss(middle) < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    found = (loss(edge) >= wanted) & (edge > 0) & (loss(np.zeros_like(edge)) < wanted)
    return [_joined(points, hit) for points, hit in zip(at(low), found, strict=True)]


def _joined(points: Array, found: NDArray[np.bool_]) -> Array:
    """The points that were found, begun behind a gap, so that no line crosses it."""
    if found.all():
        return points
    start = int(np.flatnonzero(~found)[-1]) + 1
    rolled: Array = np.roll(points, -start, axis=0)[np.roll(found, -start)]
    return rolled


def triangle(live: Live, targets: Array, path: Array | None = None) -> Figure:
    """The triangle with the learner's point, the targets [num_classes] as a diamond, and a path of logits in it.

    Inside the corner of the others the proportions stay as they are; they add a constant to the loss.
    """
    corners = groups(live)
    goal, point = shares(targets, corners), shares(live.probs, corners)
    log_probs = core.log_softmax(live.logits, temperature=live.temperature)
    rest = corners[2]
    inside = log_probs[rest] - core.logsumexp(log_probs[rest])
    constant = -float((targets[rest] * inside).sum())
    walked = () if path is None else shares(core.softmax(path, temperature=live.temperature), corners)
    return simplex(
        [live.label_name, live.names[corners[1][0]], " + ".join(live.names[i] for i in rest)],
        corners,
        point,
        contours=[
            (fmt(level), points)
            for level, points in zip(LEVELS, contours(goal, np.array(LEVELS) - constant), strict=True)
            if len(points) > 1
        ],
        path=walked,
        target=goal,
    )


def margin(live: Live) -> float:
    """How far the label's logit leads the soft maximum of all the others; with two classes, their difference."""
    others = np.delete(live.logits, live.label)
    return float(live.logits[live.label] - live.temperature * core.logsumexp(others, temperature=live.temperature))


def margin_curve(live: Live) -> Figure:
    """The loss as a function of the margin alone: that of a logistic regression, ln(1 + exp(-margin / T))."""
    here, loss = margin(live), float(core.sparse_cross_entropy(live.logits, live.label, temperature=live.temperature))
    reach = max(8.0 * live.temperature, abs(here))
    margins = np.linspace(-reach, reach, 161)
    losses = core.sigmoid_cross_entropy(margins / live.temperature, np.ones_like(margins))
    return curve(
        axis("z(y) − T · logsumexp(z/T)", -reach, reach),
        axis("L", 0.0, float(losses[0])),
        [line("L", margins, losses, "loss")],
        [dot(f"L = {fmt(loss)}", here, loss, live=("margin", "loss"))],
    )
