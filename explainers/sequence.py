"""Labels [batch, time] on logits [batch, time, num_classes]: where a label is looked up, and where a note is chosen.

Items 8, 15, 16, 18, 19, 20, 24 and 26.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import core
from explainers import listening, shape_lab
from explainers.board import Link, link
from explainers.figures import bars, block, value
from explainers.presets import PRESETS
from explainers.step import Array, Challenge, Live, Question, Step, latex_name, made, mark

NUM_SEQUENCES, NUM_STEPS = 2, 6
"""the block on the page: [batch, time]"""
FALLEN = 2
"""how far the tiles can fall: above the block, on their cells, into the loss"""
CELLS: tuple[Link, ...] = ("z", "p", "logp")
"""what the cells of the block show"""
SEED_EXAMPLE = PRESETS["notes_probs"]
"""the question that this lesson answers: notes A B C D, probabilities .01 .70 .28 .01, true note C"""


@dataclass(frozen=True)
class Block:
    """Logits [batch, time, num_classes] with their labels [batch, time]."""

    names: tuple[str, ...]
    logits: Array
    labels: npt.NDArray[np.intp]


def small_block(live: Live, sequence: int, time: int) -> Block:
    """A block whose row at (sequence, time) is the learner's; all other rows and labels are drawn once and for all."""
    rng = np.random.default_rng(0)
    count = len(live.names)
    logits = np.round(rng.normal(0.0, 2.0, (NUM_SEQUENCES, NUM_STEPS, count)), 1)
    labels = rng.integers(count, size=(NUM_SEQUENCES, NUM_STEPS))
    logits[sequence, time], labels[sequence, time] = live.logits, live.label
    return Block(live.names, logits, labels)


def explain(
    live: Live,
    *,
    sequence: int = 0,
    time: int = 2,
    fallen: int = 0,
    cells: str = "z",
    labels_as: str = "ids",
    logits_as: str = "as_is",
    call: str = "torch",
    off_by: int = 0,
    padded: int = 2,
    padding: str = "ignore_index",
    second: int = 20,
    settings: listening.Settings = listening.DEFAULT,
    only: Collection[str] | None = None,
) -> list[Step]:
    """The lesson in steps; the temperature must be positive."""
    return made(
        only,
        {
            "block": lambda: _block(live, sequence, time, fallen, cells),
            "logits": lambda: _logits(live),
            "shapes": lambda: shape_lab.shapes(labels_as, logits_as, call, off_by),
            "ignored": lambda: shape_lab.ignored(live, padded, padding),
            "means": lambda: shape_lab.means(live, second),
            "choose": lambda: listening.choose(settings),
            "listen": lambda: listening.listen(settings),
            "surprise": lambda: listening.surprise(settings),
            "own": lambda: listening.own(settings),
        },
    )


def take_seed_example() -> dict[str, Any]:
    """The controls of the board for the seed example."""
    return {
        "classes": ", ".join(SEED_EXAMPLE.names),
        **{f"z{i}": z for i, z in enumerate(SEED_EXAMPLE.logits)},
        "label": float(SEED_EXAMPLE.label),
        "t": SEED_EXAMPLE.temperature,
    }


def _y(live: Live) -> dict[str, Any]:
    return {"y": live.label_name, "y_tex": latex_name(live.label_name), "y_id": str(live.label)}


def _block(live: Live, sequence: int, time: int, fallen: int, cells: str) -> Step:
    """Item 16: one id addresses one row of the block; [batch, time] and [batch, time, V] differ by exactly V."""
    shown = small_block(live, sequence, time)
    losses = core.sparse_cross_entropy(shown.logits, shown.labels, temperature=live.temperature)
    inside = shown.logits
    if cells != "z":
        inside = {"p": core.softmax, "logp": core.log_softmax}[cells](shown.logits, temperature=live.temperature)
    count = len(live.names)
    picked = core.log_softmax(live.logits, temperature=live.temperature)[live.label]
    return Step(
        "block",
        r"L_{b,t} = -\ln p_{b,\,t,\;y_{b,t}} \qquad L = \frac{1}{B\,T} \sum_{b,t} L_{b,t}",
        rf"L_{{@b,@time}} = -\ln p_{{@b,\,@time,\,{mark(live.label, '@y_id')}}} = -(@log_p) = @loss"
        r" \qquad L = \frac{@total}{@num_labels} = @mean",
        _y(live)
        | {
            "b": str(sequence),
            "time": str(time),
            "log_p": picked,
            "loss": losses[sequence, time],
            "total": losses.sum(),
            "mean": losses.mean(),
            "num_sequences": str(NUM_SEQUENCES),
            "num_steps": str(NUM_STEPS),
            "num_classes": str(count),
            "num_labels": str(losses.size),
            "num_logits": str(shown.logits.size),
        },
        (
            block(
                shown.names,
                inside,
                shown.labels,
                losses,
                titles=[f"labels[{b}] → logits[{b}]" for b in range(NUM_SEQUENCES)],
                fallen=fallen,
                live=(sequence, time, cells),
            ),
        ),
    )


def _logits(live: Live) -> Step:
    """Item 12, and half of item 21: two ways to one number, and the way that is neither."""
    probs, log_probs = live.probs, core.log_softmax(live.logits, temperature=live.temperature)
    loss = core.sparse_cross_entropy(live.logits, live.label, temperature=live.temperature)
    doubled = core.double_softmax_cross_entropy(live.logits / live.temperature, live.label)
    return Step(
        "logits",
        r"\begin{aligned} \text{from\_logits=True:}\quad & L = \operatorname{logsumexp}(z/T) - z_y/T \\"
        r" \text{from\_logits=False:}\quad & L = -\ln \operatorname{clip}(p_y) \end{aligned}",
        r"\begin{aligned} & @lse - (@scaled_y) = @loss \\"
        rf" & -\ln \operatorname{{clip}}({mark(live.label, '@p_y')}) = @loss_p \end{{aligned}}",
        _y(live)
        | {
            "lse": core.logsumexp(live.logits / live.temperature),
            "scaled_y": live.logits[live.label] / live.temperature,
            "p_y": probs[live.label],
            "loss": loss,
            "loss_p": core.sparse_cross_entropy_from_probs(probs, live.label),
            "doubled": doubled,
        },
        (
            bars(live.names, link(live, "p"), link(live, "loss"), label=live.label),
            value("L", float(0.0 - log_probs[live.label]), live="loss"),
        ),
    )


def _faults(row: Array, name_of_id_2: int) -> int:
    """Which of two claims is wrong, as the options say it: "these are probabilities", "id 2 is the second"."""
    are_probs = bool((row >= 0).all() and np.isclose(row.sum(), 1))
    is_second = name_of_id_2 == 2
    return {(False, True): 0, (True, False): 1, (False, False): 2, (True, True): 3}[are_probs, is_second]


def questions(live: Live, *, second: int = 20) -> list[Question]:
    """What is asked before a step is shown."""
    shown = small_block(live, 0, 2)
    picked = np.take_along_axis(shown.logits, shown.labels[..., None], axis=-1).size
    counts = [shown.logits.size, picked, NUM_SEQUENCES]
    return [
        Question("block", counts.index(picked), {"all": str(counts[0]), "each": str(counts[1]), "few": str(counts[2])}),
        Question("logits", _faults(shown.logits[1, 0], name_of_id_2=1 + list(range(83)).index(2))),
        *shape_lab.questions(live, second=second),
        *listening.questions(),
    ]


def challenges(
    live: Live, *, fallen: int = 0, settings: listening.Settings = listening.DEFAULT, **choices: Any
) -> list[Challenge]:
    """What the learner is asked to reach with the controls."""
    loss = core.sparse_cross_entropy(live.logits, live.label, temperature=live.temperature)
    return [
        Challenge("fall", fallen == FALLEN and bool(loss < 0.1), {"loss": loss}, at="block"),
        *shape_lab.challenges(live, **choices),
        *listening.challenges(settings),
    ]
