"""The models of tunes from outside: how they were trained, and how one is trained live. Items 20 and 24."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core import next_character
from explainers import tunes
from explainers.figures import Role, axis, curve, dot, letters, line
from explainers.step import Figure, Step, fmt

MODELS = ("lstm", "gru", "mlp", "bigram")
"""the lesson's own first"""
CLOCKS = ("steps", "seconds")
"""what the curves are drawn over"""
LN_V = float(np.log(len(tunes.VOCABULARY)))
"""the loss of a model that knows nothing, in nats"""
LOWEST, HIGHEST = 1.0, 4.5
"""the ends of the axis of the loss"""
STYLES: Mapping[str, tuple[Role, bool]] = {
    "bigram": ("logit", False),
    "mlp": ("exp", True),
    "lstm": ("prob", False),
    "gru": ("loss", True),
}
"""role and dash of each model's line"""
LAST_SAMPLE = max(len(run.samples) for run in tunes.runs().values()) - 1.0
"""the tunes made up on the way are counted from 0"""
EXCERPT = 24
"""characters shown as inputs and labels"""


def _uniform(highest: float) -> dict[str, Any]:
    return line("ln V", [0, highest], [LN_V, LN_V], "logit", dash=True)


def shift(shifted: bool) -> Step:
    """Item 20: the labels are the inputs, shifted by one; forget it, and the answer is in the question."""
    text = tunes.VALIDATION[0].splitlines()[-1][: EXCERPT + 1]
    inputs = text[:-1]
    labels = text[1:] if shifted else inputs
    with_shift, without = tunes.runs()["bigram"], tunes.runs()[tunes.UNSHIFTED]
    last = float(with_shift.steps[-1])
    return Step(
        "shift",
        r"y_{b,t} = x_{b,\,t+1}",
        numbers={
            "num_steps": str(with_shift.steps[-1]),
            "with_shift": with_shift.validation_losses[-1],
            "without": without.validation_losses[-1],
            "ln_v": LN_V,
        },
        figures=(
            letters(inputs, title="x"),
            letters(labels, [float(x == y) for x, y in zip(inputs, labels, strict=True)], title="y"),
            curve(
                axis("n", 0.0, last),
                axis("L", 0.0, HIGHEST),
                [
                    line("y = x[t + 1]", with_shift.steps, with_shift.validation_losses, "prob"),
                    line("y = x[t]", without.steps, without.validation_losses, "loss"),
                    _uniform(last),
                ],
            ),
        ),
    )


def ladder(clock: str, model: str, place: int) -> Step:
    """Item 24: four models, one loss; each begins near ln V, and what it remembers decides where it ends."""
    runs = {name: tunes.runs()[name] for name in MODELS}
    over = {name: run.steps if clock == "steps" else run.seconds for name, run in runs.items()}
    longest = float(max(at[-1] for at in over.values()))
    chosen = runs[model]
    step = list(chosen.samples)[min(place, len(chosen.samples) - 1)]
    return Step(
        "ladder",
        r"L = \frac{1}{B\,T} \sum_{b,t} \left( \operatorname{logsumexp}(z_{b,t}) - z_{b,t,\,y_{b,t}} \right)",
        numbers={
            "ln_v": LN_V,
            "num_classes": str(len(tunes.VOCABULARY)),
            "first": chosen.validation_losses[0],
            "model_code": model,
            "step": str(step),
            "machine_code": chosen.machine,
            **{f"{name}_loss": run.validation_losses[-1] for name, run in runs.items()},
            **{f"{name}_seconds": run.seconds[-1] for name, run in runs.items()},
            **{f"{name}_parameters": str(run.num_parameters) for name, run in runs.items()},
        },
        figures=(
            curve(
                axis("n" if clock == "steps" else "s", 0.0, longest),
                axis("L", LOWEST, HIGHEST),
                [
                    *(line(name, over[name], run.validation_losses, *STYLES[name]) for name, run in runs.items()),
                    _uniform(longest),
                ],
            ),
            letters(_notes(chosen.samples[step]), title=f"{model}, n = {step}"),
        ),
    )


def train(model: str) -> Step:
    """The stored curve of a model, for a learner's own training to be compared with."""
    run = tunes.runs()[model]
    return Step(
        "train",
        numbers={
            "model_code": model,
            "num_steps": str(run.num_steps),
            "seconds": run.seconds[-1],
            "stored": run.validation_losses[-1],
            "ln_v": LN_V,
        },
    )


def command(model: str, seed: int) -> tuple[Any, list[str]]:
    """What is to be run for a training: a module with `events(argv)`, and the argv."""
    return next_character, ["--model", model, "--seed", str(seed)]


def live(argv: Sequence[str], events: Sequence[dict[str, Any]]) -> list[Figure]:
    """A training as it goes, started with this argv: its curve over the stored one, and its last tune."""
    _, model, _, seed = argv
    told = [event for event in events if event.get("kind") == "progress"]
    stored = tunes.runs()[model]
    last = float(stored.steps[-1])
    before = line(f"{model}, seed={stored.seed}", stored.steps, stored.validation_losses, "prob")
    steps, losses = [event["step"] for event in told], [event["validation_loss"] for event in told]
    now = [line(f"{model}, seed={seed}", steps, losses, "loss")] if told else []
    dots = [dot(fmt(losses[-1]), steps[-1], losses[-1])] if told else []
    figures: list[Figure] = [
        curve(axis("n", 0.0, last), axis("L", LOWEST, HIGHEST), [before, *now, _uniform(last)], dots)
    ]
    samples = [event for event in told if event["sample"]]
    if samples:
        figures.append(letters(_notes(samples[-1]["sample"].strip()), title=f"n = {samples[-1]['step']}"))
    return figures


def done(events: Sequence[dict[str, Any]]) -> float:
    """How much of a training is done, in [0, 1]."""
    told = [event for event in events if "step" in event]
    return min(1.0, told[-1]["step"] / told[-1]["num_steps"]) if told else 0.0


def _notes(tune: str) -> str:
    """A tune without its head."""
    return tune[tunes.body(tune) :]
