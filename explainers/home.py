"""Home: the whole pipeline on one example, from the hidden vector to the loss and back as a gradient. Items 12, 13, 28.

The learner's logits are the truth here as in every lesson. A small layer with fixed weights explains them: its biases
are whatever the weights leave over. Moving the hidden vector keeps weights and biases and moves the logits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import core
from explainers.board import link
from explainers.figures import bars, grid, pipeline, stage, value
from explainers.step import Array, Live, Step, paren, terms

HIDDEN = (1.0, 2.0, -1.0)
"""the hidden vector that a visitor starts with"""
HIDDEN_NAMES = ("h₁", "h₂", "h₃")
WEIGHTS = np.array(
    [
        [0.5, 0.5, -0.5],
        [1.0, -0.5, 1.0],
        [1.0, 0.5, -1.0],
        [-0.5, 1.0, -0.5],
        [1.0, -0.5, 0.5],
        [-0.5, -0.5, 1.0],
        [0.5, -1.0, -0.5],
        [-1.0, 1.0, 0.5],
        [0.5, 0.5, 1.0],
        [-0.5, -1.0, 0.5],
    ]
)
"""[10, 3], a row for each class; with HIDDEN the first four give 2, -1, 3, 2 without any bias"""


def layer_biases(logits: Array, hidden: Sequence[float]) -> Array:
    """What the weights leave over: with these biases the layer gives exactly the learner's logits, [num_classes]."""
    weights = WEIGHTS[: len(logits)]
    biases: Array = logits - core.dense(hidden, weights, np.zeros(len(logits)))
    return biases


def move(hidden: Sequence[float], biases: Array, limit: float) -> list[float]:
    """The logits after the hidden vector has moved, within the limits of what can be typed, [num_classes]."""
    logits = core.dense(hidden, WEIGHTS[: len(biases)], biases)
    return [float(z) for z in np.clip(np.round(logits, 6), -limit, limit)]


def explain(live: Live, hidden: Sequence[float] = HIDDEN) -> list[Step]:
    """One step: the picture of the whole, there and back, and the loss in today's numbers."""
    weights = WEIGHTS[: len(live.names)]
    biases = layer_biases(live.logits, hidden)
    steps = core.softmax_steps(live.logits, temperature=live.temperature)
    loss = float(core.sparse_cross_entropy(live.logits, live.label, temperature=live.temperature))
    grad = core.sparse_cross_entropy_grad(live.logits, live.label, temperature=live.temperature)
    back = core.dense_grad(hidden, weights, grad)
    over_t = "" if live.temperature == 1 else " / T"
    picture = pipeline(
        stage("hidden", "gradient", "h", grid("", HIDDEN_NAMES, ["h"], np.reshape(hidden, (-1, 1)), bound=5.0)),
        stage(
            "dense",
            "gradient",
            "W h + b",
            grid("", live.names, ["w₁", "w₂", "w₃", "b"], np.column_stack([weights, biases]), bound=5.0),
        ),
        stage("logits", "softmax", "z = W h + b", bars(live.names, link(live, "z"), label=live.label, board=True)),
        stage(
            "softmax",
            "softmax",
            f"p = softmax(z{over_t})",
            bars(
                live.names,
                link(live, "p"),
                label=live.label,
                crown=int(np.argmax(live.logits)),
                board=True,
            ),
        ),
        stage(
            "label",
            "cross_entropy",
            "−ln p",
            bars(live.names, link(live, "nll", bound=max(5.0, loss)), label=live.label),
        ),
        stage("loss", "cross_entropy", "L = −ln p(y)", value("L", loss, "loss")),
        stage(
            "gradient",
            "gradient",
            f"−∂L/∂z = (y − p){over_t}" if over_t else "−∂L/∂z = y − p",
            bars(live.names, link(live, "move"), label=live.label),
        ),
        stage(
            "weights",
            "gradient",
            "∂L/∂W, ∂L/∂b",
            grid("", live.names, ["w₁", "w₂", "w₃", "b"], np.column_stack([back.weights, back.biases]), bound=2.0),
        ),
        stage(
            "inputs", "gradient", "∂L/∂h", grid("", HIDDEN_NAMES, ["h"], np.reshape(back.inputs, (-1, 1)), bound=2.0)
        ),
    )
    return [
        Step(
            "pipeline",
            r"L = -\ln p_y = \ln \sum_j e^{z_j/T} - \frac{z_y}{T}",
            r"L = \ln\left(@exps\right) - @s_y = @lse - @s_y = @loss",
            {
                "y": live.label_name,
                "z_y": live.logits[live.label],
                "p_y": steps.probs[live.label],
                "exps": terms(steps.scaled, "e^{@}", classes=range(len(live.names))),
                "s_y": paren(steps.scaled[live.label]),
                "lse": float(core.logsumexp(live.logits, temperature=live.temperature)),
                "loss": loss,
                "pull": -grad[live.label],
            },
            (picture,),
        )
    ]
