"""Labels [batch, time] on logits [batch, time, num_classes]: where a label is looked up, and where a note is chosen.

Items 8, 15, 16, 18, 19, 20, 24 and 26.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

import core
from core.checks import Ints
from explainers import ladder, listening, shape_lab, tunes
from explainers.board import Link, link
from explainers.figures import Role, bars, block, column, letters, value, visible
from explainers.presets import PRESETS
from explainers.step import Array, Challenge, Figure, Live, Question, Step, latex_name, made, mark

NUM_SEQUENCES, NUM_STEPS = 2, 6
"""the block on the page: [batch, time]"""
FALLEN = 2
"""how far the tiles can fall: above the block, on their cells, into the loss"""
CELLS: tuple[Link, ...] = ("z", "p", "logp")
"""what the cells of the block show"""
SEED_EXAMPLE = PRESETS["notes_probs"].live
"""the question that this lesson answers: notes A B C D, probabilities .01 .70 .28 .01, true note C"""
BLOCKS = ("notes", "tunes")
"""which block is shown: the learner's classes, or what the LSTM says of two tunes"""
TUNE, LAST_AT = tunes.VALIDATION[1], 60
"""the tune that training and generation begin with, and how many characters they go on"""
NUM_LIKELY = 6
"""how many of the next characters are shown"""


@dataclass(frozen=True)
class Block:
    """Logits [batch, time, num_classes] with their labels [batch, time]."""

    names: tuple[str, ...]
    logits: Array
    labels: Ints


def small_block(live: Live, sequence: int, time: int) -> Block:
    """A block whose row at (sequence, time) is the learner's; all other rows and labels are drawn once and for all."""
    rng = np.random.default_rng(0)
    count = len(live.names)
    logits = np.round(rng.normal(0.0, 2.0, (NUM_SEQUENCES, NUM_STEPS, count)), 1)
    labels = rng.integers(count, size=(NUM_SEQUENCES, NUM_STEPS))
    logits[sequence, time], labels[sequence, time] = live.logits, live.label
    return Block(live.names, logits, labels)


@cache
def tune_block() -> Block:
    """What the LSTM makes of the middle of two tunes that it was never trained on; the labels are what really came."""
    read = [listening.scored(tune[: tunes.body(tune) + LAST_AT + 1]) for tune in tunes.VALIDATION[:NUM_SEQUENCES]]
    names = tuple(visible(character) for character in tunes.VOCABULARY)
    return Block(
        names,
        np.stack([one.logits[-NUM_STEPS:] for one in read]).astype(float),
        np.stack([one.ids[-NUM_STEPS:] for one in read]),
    )


def explain(
    live: Live,
    *,
    sequence: int = 0,
    time: int = 2,
    fallen: int = 0,
    cells: str = "z",
    blocks: str = "notes",
    shifted: bool = True,
    at: int = 0,
    seed: int = 0,
    clock: str = "steps",
    model: str = "lstm",
    sample: int = int(ladder.LAST_SAMPLE),
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
            "block": lambda: _block(live, blocks, sequence, time, fallen, cells),
            "shift": lambda: ladder.shift(shifted),
            "logits": lambda: _logits(live),
            "shapes": lambda: shape_lab.shapes(labels_as, logits_as, call, off_by),
            "ignored": lambda: shape_lab.ignored(live, padded, padding),
            "means": lambda: shape_lab.means(live, second),
            "generate": lambda: _generate(at, seed),
            "ladder": lambda: ladder.ladder(clock, model, sample),
            "train": lambda: ladder.train(model),
            "choose": lambda: listening.choose(settings),
            "listen": lambda: listening.listen(settings),
            "surprise": lambda: listening.surprise(settings),
            "own": lambda: listening.own(settings),
        },
    )


def _y(live: Live) -> dict[str, Any]:
    return {"y": live.label_name, "y_tex": latex_name(live.label_name), "y_id": str(live.label)}


def _block(live: Live, blocks: str, sequence: int, time: int, fallen: int, cells: str) -> Step:
    """Item 16: one id addresses one row of the block; [batch, time] and [batch, time, V] differ by exactly V."""
    own = blocks == "notes"
    shown = small_block(live, sequence, time) if own else tune_block()
    temperature = live.temperature if own else 1.0
    losses = core.sparse_cross_entropy(shown.logits, shown.labels, temperature=temperature)
    inside = shown.logits
    if cells != "z":
        inside = {"p": core.softmax, "logp": core.log_softmax}[cells](shown.logits, temperature=temperature)
    label = int(shown.labels[sequence, time])
    cell = rf"p_{{@b,\,@time,\,{mark(label, '@y_id') if own else '@y_id'}}}"
    return Step(
        "block",
        r"L_{b,t} = -\ln p_{b,\,t,\;y_{b,t}} \qquad L = \frac{1}{B\,T} \sum_{b,t} L_{b,t}",
        rf"L_{{@b,@time}} = -\ln {cell} = -\ln @p_y = @loss \qquad L = \frac{{@total}}{{@num_labels}} = @mean",
        {
            "y": shown.names[label],
            "y_id": str(label),
            "b": str(sequence),
            "time": str(time),
            "p_y": core.softmax(shown.logits[sequence, time], temperature=temperature)[label],
            "loss": losses[sequence, time],
            "total": losses.sum(),
            "mean": losses.mean(),
            "num_sequences": str(NUM_SEQUENCES),
            "num_steps": str(NUM_STEPS),
            "num_classes": str(len(shown.names)),
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
                at=(sequence, time),
                live=cells if own else None,
                small=not own,
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


def true_tune() -> str:
    """The tune as it is, as far as it is read."""
    return TUNE[: tunes.body(TUNE) + LAST_AT + 1]


def own_tune(seed: int) -> str:
    """The head of the same tune, and what the model goes on with."""
    head = TUNE[: tunes.body(TUNE)]
    how = listening.sampling(temperature=1.0, seed=seed)
    return head + listening.continued(listening.BEGINNING + head, how, LAST_AT + 1, stop=False)


def _beside(text: str, place: int, sign: str, role: Role) -> tuple[Figure, Figure]:
    """A text up to a place, and the bars of what may come there; a mark at what did."""
    read, start = listening.scored(text), tunes.body(TUNE)
    logits, came = read.logits[place].astype(float), int(read.ids[place])
    likely = listening.candidates(logits, came, NUM_LIKELY)
    arrow = (likely.ids == came).astype(float)
    return (
        letters(text[start : place + 1], title=sign, at=place - start),
        bars(
            likely.names[:-1],
            column("z", logits[likely.ids], "logit"),
            column("p", core.softmax(logits)[likely.ids], "prob", bound=1.0),
            column(sign, arrow, role, bound=1.0, texts=["←" if x else "" for x in arrow]),
        ),
    )


def _generate(at: int, seed: int) -> Step:
    """Item 12: in training the label is given and only looked up; what is chosen is chosen in generation."""
    texts, place = (true_tune(), own_tune(seed)), tunes.body(TUNE) + at
    label, chosen = (visible(text[place]) for text in texts)
    loss, surprise = (float(listening.scored(text).losses[place]) for text in texts)
    return Step(
        "generate",
        r"\begin{aligned} & L_t = -\ln \operatorname{softmax}(z_t)_{y_t} & \qquad x_{t+1} &= y_t \\"
        r" & \hat y_t \sim \operatorname{softmax}(z_t) & x_{t+1} &= \hat y_t \end{aligned}",
        r"\begin{aligned} & L_{@at} = -\ln @p_label = @loss & \qquad x_{@after} &= @label_tex \\"
        r" & \hat y_{@at} = @chosen_tex, \; p = @p_chosen & x_{@after} &= @chosen_tex \end{aligned}",
        {
            "at": str(at),
            "after": str(at + 1),
            "label": label,
            "chosen": chosen,
            "label_tex": latex_name(label),
            "chosen_tex": latex_name(chosen),
            "p_label": float(np.exp(-loss)),
            "p_chosen": float(np.exp(-surprise)),
            "loss": loss,
        },
        (*_beside(texts[0], place, "y", "loss"), *_beside(texts[1], place, "ŷ", "exp")),
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
