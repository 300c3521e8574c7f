"""The race: one model, one text, one clock, and several ways to compute the loss. Items 24, 29, 38, 40, 45 and 46.

What is shown at once was run beforehand (data/novels); a learner's own race makes more of the same (core/race.py).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

import core
from core import race as racing
from core.race import Contestant, step_cost
from explainers.figures import LANES, Role, axis, bars, column, curve, dot, grid, line, log_axis
from explainers.step import Array, Challenge, Figure, Live, Question, Step, fixed, fmt, made, rough

PLACE = Path(__file__).parents[1] / "data" / "novels"
FULL, SAMPLED, NCE, NO_LOG_Q, NEGATIVE = FIVE = (
    "full",
    "sampled-loguniform-64",
    "nce-64",
    "sampled-loguniform-256-nologq",
    "negative-5",
)
NEGATIVE_MANY = "negative-64"
"""As many samples as most of the others draw."""
GROUPS: Mapping[str, tuple[str, ...]] = {
    "five": FIVE,
    "equal": ("full@1", "sampled-loguniform-256", "sampled-loguniform-16", "sampled-uniform-256", "sampled-uniform-16"),
    "log_q": (FULL, SAMPLED, "sampled-loguniform-256", NO_LOG_Q),
    "samplers": (FULL, SAMPLED, "sampled-unigram-64", "sampled-uniform-64"),
    "many": (FULL, SAMPLED, "sampled-loguniform-16", "sampled-loguniform-256", "sampled-loguniform-1024"),
    "nce": (FULL, SAMPLED, NCE, "nce-64-zero"),
    "negative": (FULL, SAMPLED, NCE, NEGATIVE, NEGATIVE_MANY),
}
"""Who is looked at together. All but the second were given the same seconds, the second the same steps and rate."""
K = Contestant.parse(SAMPLED).num_sampled
"""how many classes most of them draw"""
INSIDE = (FULL, SAMPLED, NCE, NO_LOG_Q, NEGATIVE_MANY)
OVER = ("seconds", "steps")
NAMES = {"loguniform": "sampled", "uniform": "uniform", "unigram": "unigram"}
COSTS = (FULL, SAMPLED, NCE, "sampled-loguniform-256", NEGATIVE, "sampled-uniform-64")
PHASES = ("train", "predict")
RUNNERS = (2, 6)
"""how many may race at once"""
SHORTEST, LONGEST = 5.0, 30.0
"""seconds that each may train"""
PERPLEXITIES = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 100_000, 1_000_000)
TOP = 8
"""words shown of what may come next, and the first of each contestant"""
FEWEST = 20
"""predictions without which a point of the calibration says nothing"""
HUNDRED = 100
"""how much dearer a full step should be"""
HEAD_NEAR, LOSS_NEAR = 0.1, 0.01
"""how near counts as mended: a share of probability; as reached: nats"""
TABLE, EXCERPT = 200, 16
"""commonest words in the table of what follows what, and how many of them are drawn"""


def explain(
    live: Live,
    *,
    group: str = "five",
    over: str = OVER[0],
    word: str = "captain",
    mend: bool = False,
    classes: str = "1000",
    phase: str = PHASES[0],
    dim: int = 4,
    only: Collection[str] | None = None,
) -> list[Step]:
    """The lesson in steps; it is about a text, so the learner's own numbers play no part."""
    return made(
        only,
        {
            "curves": lambda: _curves(group, over),
            "own-loss": lambda: _own_loss(group),
            "race": _race,
            "inside": lambda: _inside(word, mend),
            "cost": lambda: _cost(int(classes), phase),
            "bottleneck": lambda: _bottleneck(dim),
            "tied": _tied,
        },
    )


@cache
def stored(name: str) -> Mapping[str, Any]:
    """One of the runs that data/novels/make.py made: clock, steps, tied or inside."""
    told: Mapping[str, Any] = json.loads((PLACE / f"{name}.json").read_text(encoding="utf-8"))
    return told


def name(code: str) -> str:
    """A contestant in few signs, the same in every language.

    >>> name("sampled-loguniform-256-nologq"), name("nce-64-zero"), name("negative-5"), name("full@1")
    ('sampled 256 (q?)', 'NCE 64 (b=0)', 'NS 5', 'full')
    """
    contestant = Contestant.parse(code)
    if contestant.loss == "full":
        return "full"
    if contestant.loss == "negative":
        return f"NS {contestant.num_sampled}"
    if contestant.loss == "nce":
        return f"NCE {contestant.num_sampled}" + ("" if contestant.start_normalized else " (b=0)")
    sampled = f"{NAMES[contestant.sampler]} {contestant.num_sampled}"
    return sampled if contestant.subtract_log_q else f"{sampled} (q?)"


def _lanes(codes: Sequence[str]) -> list[tuple[str, Role]]:
    """Each contestant with its colour and dash."""
    return list(zip(codes, LANES, strict=False))


def _of(group: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The run in which a group took part, and its curves."""
    run = stored("steps" if group == "equal" else "clock")
    return run, {code: run["curves"][code] for code in GROUPS[group]}


def last(code: str, what: str = "loss") -> float:
    """Where a contestant of the stored run ended."""
    return float(stored("clock")["curves"][code][what][-1])


def after_a_second(code: str) -> float:
    """The loss of a contestant of the stored run when one second had gone."""
    of_one = stored("clock")["curves"][code]
    return float(np.interp(1.0, of_one["seconds"], of_one["loss"]))


# ---- curves ----


def _levels(lines: Mapping[str, float]) -> list[tuple[str, float]]:
    return [("ln V", lines["uniform"]), ("unigram", lines["unigram"]), ("bigram", lines["bigram"])]


def _loss_axes(losses: Sequence[Sequence[float]], lines: Mapping[str, float]) -> dict[str, Any]:
    """From just below the best to just above all, with perplexities at the right."""
    lowest = np.floor(min(*(min(one) for one in losses), lines["bigram"]) * 2) / 2
    highest = np.ceil(max(*(max(one) for one in losses), lines["uniform"] + 0.1) * 2) / 2
    ticks: list[list[Any]] = []
    for faces in PERPLEXITIES:
        at = float(np.log(faces))
        if lowest <= at <= highest and (
            not ticks or at - ticks[-1][0] > (highest - lowest) / 10
        ):  # as far as it has room
            ticks.append([at, str(faces)])
    return {
        "y": axis("L", lowest, highest),
        "right": {"title": "PPL", "ticks": ticks},
        "levels": _levels(lines),
    }


def _log10(values: Sequence[float]) -> Array:
    """Powers of ten; 0 leaves a gap."""
    array = np.asarray(values, float)
    return np.log10(np.where(array > 0, array, np.nan))


def _loss_chart(run: Mapping[str, Any], curves: Mapping[str, Any], over: str) -> dict[str, Any]:
    """The full cross-entropy over seconds or steps; these on a logarithmic axis, where they differ much."""
    ends = [of_one[over][-1] for of_one in curves.values()]
    by_power = over == "steps" and max(ends) > 2 * min(ends)
    x = log_axis("n", 0, int(np.ceil(np.log10(max(ends))))) if by_power else axis(over[0], 0.0, float(max(ends)))
    if over == "steps":
        x["title"] = "n"
    axes = _loss_axes([of_one["loss"] for of_one in curves.values()], run["start"]["lines"])
    lines = [
        line(name(code), _log10(curves[code][over]) if by_power else curves[code][over], curves[code]["loss"], role)
        for code, role in _lanes(list(curves))
    ]
    return curve(x, axes.pop("y"), lines, **axes)


def _curves(group: str, over: str) -> Step:
    """Item 24: each begins at ln V; by step full and sampled softmax are one curve, by second they are not."""
    run, curves = _of(group)
    lines = run["start"]["lines"]
    best = min(curves, key=lambda code: curves[code]["loss"][-1])
    same = stored("steps")["curves"]
    fast, slow = same["sampled-loguniform-256"], same["full@1"]
    ends = {code: {what: of_one[what][-1] for what in ("steps", "seconds", "loss")} for code, of_one in curves.items()}
    return Step(
        "curves",
        r"L = \frac{1}{N} \sum_{i=1}^{N} -\ln p(y_i \mid x_i) \qquad \text{PPL} = e^{L}",
        r"e^{@best_loss} = @best_ppl \qquad \ln @num_classes = @ln_v",
        {
            "num_classes": str(run["start"]["num_classes"]),
            "num_train": str(run["start"]["num_train"]),
            "num_validation": str(run["start"]["num_validation"]),
            "dim": str(run["start"]["dim"]),
            "batch_size": str(run["start"]["batch_size"]),
            "seconds": fmt(stored("clock")["start"]["seconds"]),
            "seed": str(run["start"]["seed"]),
            "k": str(K),
            "ln_v": lines["uniform"],
            "unigram": lines["unigram"],
            "bigram": lines["bigram"],
            "best": name(best),
            "best_loss": ends[best]["loss"],
            "best_ppl": fixed(np.exp(ends[best]["loss"]), 0),
            "full_loss": fixed(last(FULL), 2),
            "sampled_loss": fixed(last(SAMPLED), 2),
            "sampled_first": fixed(after_a_second(SAMPLED), 2),
            "full_steps": str(int(last(FULL, "steps"))),
            "sampled_steps": str(int(last(SAMPLED, "steps"))),
            "same_steps": str(slow["steps"][-1]),
            "same_full": fixed(slow["loss"][-1], 2),
            "same_sampled": fixed(fast["loss"][-1], 2),
            "same_full_seconds": rough(slow["seconds"][-1]),
            "same_sampled_seconds": rough(fast["seconds"][-1]),
        },
        (
            _loss_chart(run, curves, over) | {"wide": True},
            grid(
                "",
                [name(code) for code in ends],
                ["n", "s", "ms/n", "L", "PPL", "L + ln q"],
                np.zeros((len(ends), 6)),
                texts=[
                    [
                        str(end["steps"]),
                        rough(end["seconds"]),
                        rough(1000 * end["seconds"] / end["steps"]),
                        fixed(end["loss"], 2),
                        fixed(np.exp(end["loss"]), 0),
                        fixed(run["mended_loss"][code], 2) if code in run["mended_loss"] else "–",
                    ]
                    for code, end in ends.items()
                ],
            ),
        ),
    )


# ---- what each shows of itself ----


def _own_loss(group: str) -> Step:
    """Items 29 and 38: the loss that a method shows is about its own question, and says nothing of another's."""
    run, curves = _of(group)
    shown = {code: [np.nan if x is None else x for x in of_one["shown_loss"]] for code, of_one in curves.items()}
    ends = {code: (shown[code][-1], of_one["loss"][-1]) for code, of_one in curves.items()}
    order = [sorted(ends, key=lambda code: ends[code][0]), sorted(ends, key=lambda code: ends[code][1])]
    highest = max(float(np.nanmax(of_one)) for of_one in shown.values())
    seconds = max(of_one["seconds"][-1] for of_one in curves.values())
    clock = stored("clock")["curves"]
    return Step(
        "own-loss",
        r"\begin{aligned} \text{full:}\quad & \ln \textstyle\sum_{j=1}^{V} e^{s_j} - s_y \\"
        r" \text{sampled:}\quad & \ln \textstyle\sum_{j \in S \cup \{y\}} e^{s_j - \ln q_j} - (s_y - \ln q_y) \\"
        r" \text{NCE:}\quad & -\ln \sigma(s_y - \ln q_y) - \textstyle\sum_{j \in S} \ln \sigma(\ln q_j - s_j)"
        r" \end{aligned}",
        numbers={
            "sampled_shown": fixed(clock[SAMPLED]["shown_loss"][-1], 2),
            "sampled_loss": fixed(last(SAMPLED), 2),
            "k": str(K),
            "scored": str(K + 1),
            "num_classes": str(run["start"]["num_classes"]),
            "few": str(Contestant.parse(NEGATIVE).num_sampled),
            "few_shown": fixed(clock[NEGATIVE]["shown_loss"][-1], 2),
            "few_loss": fixed(last(NEGATIVE), 2),
            "many_shown": fixed(clock[NEGATIVE_MANY]["shown_loss"][-1], 2),
            "many_loss": fixed(last(NEGATIVE_MANY), 2),
            "zero_first": fixed(clock["nce-64-zero"]["shown_loss"][1], 2),
            "zero_last": fixed(clock["nce-64-zero"]["shown_loss"][-1], 2),
            "zero_loss": fixed(last("nce-64-zero"), 2),
        },
        figures=(
            curve(
                axis("s", 0.0, float(seconds)),
                axis("L (?)", 0.0, float(np.ceil(highest))),
                [line(name(code), curves[code]["seconds"], shown[code], role) for code, role in _lanes(list(curves))],
            ),
            _loss_chart(run, curves, "seconds"),
            grid(
                "",
                [name(code) for code in ends],
                ["L (?)", "#", "L", "#"],
                np.zeros((len(ends), 4)),
                texts=[
                    [fixed(ends[code][0], 2), _place(order[0], code), fixed(ends[code][1], 2), _place(order[1], code)]
                    for code in ends
                ],
                marks=[(i, 3) for i, code in enumerate(ends) if order[0].index(code) != order[1].index(code)],
            )
            | {"wide": True},
        ),
    )


def _place(order: Sequence[str], code: str) -> str:
    return str(order.index(code) + 1)


# ---- a race of the learner's own ----


def _race() -> Step:
    """The stored run in short, for a learner's own race to be compared with."""
    start = stored("clock")["start"]
    full, sampled = ({what: last(code, what) for what in ("steps", "seconds")} for code in (FULL, SAMPLED))
    return Step(
        "race",
        r"n = \frac{t}{t_{\text{step}}}",
        r"\frac{@full_seconds\,\text{s}}{@full_ms\,\text{ms}} \approx @full_steps"
        r" \qquad \frac{@sampled_seconds\,\text{s}}{@sampled_ms\,\text{ms}} \approx @sampled_steps",
        {
            "seed": str(start["seed"]),
            "k": str(K),
            "full_seconds": f"{full['seconds']:.3g}",
            "full_steps": str(int(full["steps"])),
            "full_ms": f"{1000 * full['seconds'] / full['steps']:.3g}",
            "sampled_seconds": f"{sampled['seconds']:.3g}",
            "sampled_steps": str(int(sampled["steps"])),
            "sampled_ms": f"{1000 * sampled['seconds'] / sampled['steps']:.3g}",
        },
    )


def everyone() -> tuple[str, ...]:
    """All who can be chosen, as codes, the five first."""
    return tuple(dict.fromkeys((*FIVE, *stored("clock")["curves"])))


def command(codes: Sequence[str], seconds: float, seed: int) -> tuple[Any, list[str]]:
    """What is to be run for a race: a module with `events(argv)`, and the argv. Fewer than two are the five."""
    fewest, most = RUNNERS
    chosen = list(codes[:most]) if len(codes) >= fewest else list(FIVE)
    return racing, ["--contestants", ",".join(chosen), "--seconds", f"{seconds:g}", "--seed", str(seed), "--json"]


def lanes(argv: Sequence[str], told: Sequence[dict[str, Any]]) -> list[Figure]:
    """A race as it goes, started with this argv: the curves so far, and a lane for each with its steps and its loss.

    At the end those who ran without log Q have a second loss, mended.
    """
    codes, seconds = argv[1].split(","), float(argv[3])
    so_far = racing.curves(told)
    curves, mended = so_far["curves"], so_far["mended_loss"]
    lines = stored("clock")["start"]["lines"]
    axes = _loss_axes([of_one["loss"] for of_one in curves.values()] or [[lines["uniform"]]], lines)
    empty: dict[str, list[float]] = {what: [] for what in ("seconds", "steps", "loss")}
    rows = [curves.get(code, empty) for code in codes]
    now = {what: np.array([row[what][-1] if row[what] else np.nan for row in rows]) for what in empty}
    losses = {"L": now["loss"]}
    if mended:
        losses["L + ln q"] = np.array([mended.get(code, np.nan) for code in codes])
    seconds_gone, steps_made = (np.nan_to_num(now[what]) for what in ("seconds", "steps"))
    return [
        curve(
            axis("s", 0.0, seconds),
            axes.pop("y"),
            [
                line(name(code), row["seconds"], row["loss"], role)
                for (code, role), row in zip(_lanes(codes), rows, strict=True)
            ],
            **axes,
        )
        | {"wide": True},
        bars(
            [name(code) for code in codes],
            column("s", seconds_gone, "exp", bound=seconds, texts=[fixed(s, 1) for s in seconds_gone]),
            column("n", steps_made, "prob", texts=[str(int(n)) for n in steps_made]),
            *(
                column(
                    title,
                    np.nan_to_num(values),
                    "loss",
                    bound=lines["uniform"],
                    texts=["–" if np.isnan(x) else fixed(x, 2) for x in values],
                )
                for title, values in losses.items()
            ),
        ),
    ]


def done(told: Sequence[dict[str, Any]]) -> float:
    """How much of a race is done, in [0, 1]."""
    if not told:
        return 0.0
    start, curves = told[0], racing.curves(told)["curves"]
    spent = sum(float(of_one["seconds"][-1]) for of_one in curves.values())
    return min(1.0, spent / (len(start["contestants"]) * float(start["seconds"])))


# ---- inside ----


def words() -> tuple[str, ...]:
    """After which words it is shown what may come."""
    return tuple(stored("inside")["contexts"])


def version(code: str, mend: bool) -> str:
    """Whether the log of the expected count is added: only where it was left out in training."""
    return "mended" if mend and "mended" in stored("inside")["models"][code] else "as_trained"


def _inside(word: str, mend: bool) -> Step:
    """Item 40: who was trained without ln q has learnt ln(p/q), and is mended by adding it."""
    told = stored("inside")
    context, codes = told["contexts"][word], INSIDE
    truth = np.array(context["truth"])
    probs = {code: np.array(context["probs"][code][version(code, mend)]) for code in codes}
    either = [np.array(context["probs"][code][version(code, mended)]) for code in codes for mended in (False, True)]
    rows = set(np.argsort(-truth, kind="stable")[:TOP].tolist())
    for of_one in either:
        rows |= set(np.argsort(-of_one, kind="stable")[:1].tolist())
    shown = sorted(rows)  # the stored words are sorted by what really came; the same ones, mended or not
    bound = float(np.ceil(max(one[shown].max() for one in (truth, *either)) * 20) / 20)
    models = {code: told["models"][code][version(code, mend)] for code in codes}
    before = {code: told["models"][code]["as_trained"] for code in codes}
    repaired = {code: told["models"][code]["mended"] for code in (NO_LOG_Q, NEGATIVE_MANY)}
    return Step(
        "inside",
        r"\hat p = \operatorname{softmax}(s + \ln \mathbb{E}[\text{count}])",
        numbers={
            "word": word,
            "top": context["words"][0],
            "top_truth": _percent(truth[0]),
            "top_sampled": _percent(probs[SAMPLED][0]),
            "head_size": str(core.bilinear.HEAD),
            "head": fixed(told["head_share"], 2),
            "head_full": fixed(before[FULL]["head_share"], 2),
            "head_no_log_q": fixed(before[NO_LOG_Q]["head_share"], 2),
            "head_negative": fixed(before[NEGATIVE_MANY]["head_share"], 3),
            "no_log_q_before": fixed(before[NO_LOG_Q]["loss"], 2),
            "no_log_q_after": fixed(repaired[NO_LOG_Q]["loss"], 2),
            "negative_before": fixed(before[NEGATIVE_MANY]["loss"], 2),
            "negative_after": fixed(repaired[NEGATIVE_MANY]["loss"], 2),
            "k": str(K),
            "ece_before": fixed(before[NEGATIVE_MANY]["calibration"]["error"], 3),
            "ece_after": fixed(repaired[NEGATIVE_MANY]["calibration"]["error"], 3),
            "z_sampled": fixed(before[SAMPLED]["log_z_mean"], 2),
            "z_nce": fixed(before[NCE]["log_z_mean"], 2),
        },
        figures=(
            bars(
                [context["words"][row] for row in shown],
                _shares("p", truth[shown], "lane5", bound),
                *(_shares(name(code), probs[code][shown], role, bound, truth[shown]) for code, role in _lanes(codes)),
            )
            | {"wide": True},
            grid(
                "",
                [name(code) for code in codes],
                ["L", "PPL", "ln Z", "±", f"Σp {core.bilinear.HEAD}", "ECE"],
                np.zeros((len(codes), 6)),
                texts=[
                    [
                        fixed(model["loss"], 2),
                        fixed(np.exp(model["loss"]), 0),
                        fixed(model["log_z_mean"], 2),
                        fixed(model["log_z_std"], 2),
                        fixed(model["head_share"], 3),
                        fixed(model["calibration"]["error"], 3),
                    ]
                    for model in models.values()
                ],
            ),
            curve(
                axis("max p", 0.0, 1.0),
                axis("✓", 0.0, 1.0),
                [
                    *(line(name(code), *_reliable(models[code]["calibration"]), role) for code, role in _lanes(codes)),
                    line("✓ = p", [0.0, 1.0], [0.0, 1.0], "logit", dash=True),
                ],
            ),
        ),
    )


def _shares(title: str, probs: Array, role: Role, bound: float, ghost: Array | None = None) -> dict[str, Any]:
    return column(title, probs, role, bound=bound, texts=[_percent(p) for p in probs], ghost=ghost)


def _percent(p: float) -> str:
    """A probability in few signs, for a narrow column."""
    return f"{fixed(100 * p, 1)} %"


def _reliable(calibration: Mapping[str, Any]) -> tuple[Array, Array]:
    """Mean confidence and share of right ones in each bin that has enough of them."""
    enough = np.array(calibration["counts"]) >= FEWEST
    confidence, accuracy = (np.array(calibration[what], float)[enough] for what in ("confidence", "accuracy"))
    return confidence, accuracy


# ---- cost ----


@cache
def costs() -> Mapping[int, Mapping[str, float]]:
    """Seconds of a training step, as they were measured: by number of words, then by contestant."""
    with (PLACE / "cost.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {int(row.pop("num_classes")): {code: float(x) for code, x in row.items()} for row in rows}


def vocabularies() -> tuple[str, ...]:
    """For how many words the cost was measured."""
    return tuple(map(str, costs()))


def steps_to(code: str, loss: float) -> float:
    """After how many steps a contestant of the stored run was as good as that; NaN if it never was."""
    of_one = stored("clock")["curves"][code]
    losses, steps = np.array(of_one["loss"]), np.array(of_one["steps"], float)
    there = np.flatnonzero(losses <= loss)
    if not len(there) or there[0] == 0:
        return float("nan")
    i = int(there[0])
    return float(np.interp(loss, losses[[i, i - 1]], steps[[i, i - 1]]))


def ratio(num_classes: int) -> float:
    """How many sampled steps a full one takes."""
    return costs()[num_classes][FULL] / costs()[num_classes][SAMPLED]


def _cost(classes: int, phase: str) -> Step:
    """Item 45: a sampled step does not grow with the number of words; a prediction does, whoever trained the model."""
    train = phase == "train"
    counted = {code: step_cost(Contestant.parse(code), classes) for code in COSTS}
    over = np.log10(list(costs()))
    goal = last(FULL)
    seconds = {code: steps_to(code, goal) * costs()[classes][code] for code in COSTS}
    if train:
        spent = {code: np.log10([1000 * row[code] for row in costs().values()]) for code in COSTS}
        y = log_axis("ms", -1, 3)
    else:
        spent = {code: np.log10([step_cost(Contestant.parse(code), v).inference for v in costs()]) for code in COSTS}
        y = log_axis("MAC", 4, 8)
    here = over.tolist().index(np.log10(classes))
    texts = [
        [
            _millions(counted[code].multiply_adds),
            _megabytes(counted[code].logits),
            _megabytes(counted[code].gradient),
            rough(1000 * costs()[classes][code]),
            rough(seconds[code]),
        ]
        if train
        else [_millions(counted[code].inference), _megabytes(counted[code].parameters)]
        for code in COSTS
    ]
    titles = ["10⁶ MAC", "MB z", "MB ∇", "ms", f"s → L = {fixed(goal, 2)}"] if train else ["10⁶ MAC", "MB"]
    full, sampled = counted[FULL], counted[SAMPLED]
    return Step(
        "cost",
        r"3\,B\,V\,d \quad\text{vs}\quad 3\,B\,(k + 1)\,d" if train else r"V \cdot d \quad\text{vs}\quad V \cdot d",
        r"\frac{@full_mac \cdot 10^6}{@sampled_mac \cdot 10^6} \approx @ratio_mac"
        if train
        else r"\frac{@predict_mac \cdot 10^6}{@predict_mac \cdot 10^6} = 1",
        {
            "classes": str(classes),
            "k": str(K),
            "goal": fixed(goal, 2),
            "full_mac": _millions(full.multiply_adds),
            "sampled_mac": _millions(sampled.multiply_adds),
            "ratio_mac": f"{full.multiply_adds / sampled.multiply_adds:.3g}",
            "predict_mac": _millions(full.inference),
            "full_ms": rough(1000 * costs()[classes][FULL]),
            "sampled_ms": rough(1000 * costs()[classes][SAMPLED]),
            "ratio": rough(ratio(classes)),
            "full_seconds": rough(seconds[FULL]),
            "sampled_seconds": rough(seconds[SAMPLED]),
            "full_mb": _megabytes(full.logits + full.gradient),
            "sampled_mb": _megabytes(sampled.logits + sampled.gradient),
            "parameters_mb": _megabytes(2 * full.parameters),
        },
        (
            curve(
                log_axis("V", 3, 5) | {"hi": float(over[-1])},
                y,
                [line(name(code), over, spent[code], role) for code, role in _lanes(COSTS)],
                [
                    dot(text, over[here], spent[code][here], role)
                    for (code, role), text in zip(
                        _lanes(COSTS)[:2], (f"{rough(10 ** spent[code][here])}" for code in COSTS), strict=False
                    )
                ],
            ),
            grid("", [name(code) for code in COSTS], titles, np.zeros((len(COSTS), len(titles))), texts=texts),
        ),
    )


def _millions(count: int) -> str:
    return f"{count / 1e6:.3g}" if count < 1e8 else fixed(count / 1e6, 0)


def _megabytes(numbers: int) -> str:
    """Of so many floats of four bytes."""
    return rough(4 * numbers / 1e6)


# ---- bottleneck ----


@cache
def table() -> tuple[tuple[str, ...], Array]:
    """What follows what among the commonest words: those, and log-probabilities, [TABLE, TABLE]."""
    corpus = core.load_corpus(racing.NOVELS)
    return tuple(corpus.words[:TABLE]), corpus.head_log_probs(TABLE)


@cache
def ranks() -> core.LowRankLosses:
    """How near every dim comes."""
    return core.low_rank_losses(table()[1], TABLE - 1)


@lru_cache(maxsize=TABLE)
def _nearest(dim: int) -> Array:
    """Log-probabilities of the excerpt, as hidden vectors of this length can make them."""
    return core.log_softmax(core.low_rank(table()[1], dim))[:EXCERPT, :EXCERPT]


def _bottleneck(dim: int) -> Step:
    """Item 46: logits are a product of a [contexts, dim] and a [dim, V] matrix, and can't be any table they like."""
    names, log_probs = table()
    truth, nearest = log_probs[:EXCERPT, :EXCERPT], _nearest(dim)
    lo, hi = float(truth.min()), float(truth.max())

    def heat(title: str, values: Array) -> Figure:
        texts = [[fixed(x, 1) for x in row] for row in values]
        return grid(
            title,
            names[:EXCERPT],
            names[:EXCERPT],
            np.clip((values - lo) / (hi - lo), 0, 1),
            bound=1.0,
            texts=texts,
            small=True,
        )

    losses, errors, floor = ranks().losses, ranks().errors, ranks().floor
    enough = int(np.flatnonzero(losses < floor + LOSS_NEAR)[0])
    return Step(
        "bottleneck",
        r"\ln P = H W^\top - \ln Z \qquad \operatorname{rank}(\ln P) \le d + 1",
        r"\operatorname{rank}(\ln P) \le @dim + 1 = @rank",
        {
            "dim": str(dim),
            "rank": str(dim + 1),
            "size": str(TABLE),
            "excerpt": str(EXCERPT),
            "near": fmt(LOSS_NEAR),
            "loss": fixed(losses[dim], 3),
            "floor": fixed(floor, 3),
            "missing": fixed(losses[dim] - floor, 3),
            "error": fixed(errors[dim], 3),
            "enough": str(enough),
        },
        (
            heat("ln P", truth),
            heat(f"d = {dim}", nearest),
            curve(
                axis("d", 0.0, TABLE - 1.0),
                axis("L", np.floor(floor * 10) / 10, np.ceil(losses[0] * 10) / 10),
                [line("L", np.arange(TABLE), losses, "prob")],
                [dot(fixed(losses[dim], 3), dim, losses[dim])],
                levels=[("H", floor)],
            ),
        ),
    )


# ---- tied ----


def _tied() -> Step:
    """One matrix that reads and scores, or two."""
    runs = {which: stored("tied")[which] for which in ("untied", "tied")}
    codes = (SAMPLED, NCE)
    start = runs["tied"]["start"]
    roles: tuple[Role, ...] = ("prob", "loss")
    counted = {
        which: step_cost(
            Contestant.parse(FULL), start["num_classes"], dim=start["dim"], tied=run["start"]["tied"]
        ).parameters
        for which, run in runs.items()
    }
    lines = [
        line(
            f"{name(code)}" + (" = W" if which == "tied" else ""),
            run["curves"][code]["steps"],
            run["curves"][code]["loss"],
            role,
            dash=which == "tied",
        )
        for code, role in zip(codes, roles, strict=True)
        for which, run in runs.items()
    ]
    axes = _loss_axes([run["curves"][code]["loss"] for run in runs.values() for code in codes], start["lines"])
    return Step(
        "tied",
        r"E = W \qquad V d + V \quad\text{vs}\quad 2 V d + V",
        r"@tied_parameters \quad\text{vs}\quad @untied_parameters",
        {
            "tied_parameters": str(counted["tied"]),
            "untied_parameters": str(counted["untied"]),
            "steps": str(start["num_steps"]),
            "tied_loss": fixed(runs["tied"]["curves"][codes[0]]["loss"][-1], 2),
            "untied_loss": fixed(runs["untied"]["curves"][codes[0]]["loss"][-1], 2),
        },
        (
            curve(axis("n", 0.0, float(start["num_steps"])), axes.pop("y"), lines, **axes),
            grid(
                "",
                [name(code) for code in codes],
                ["E ≠ W", "E = W"],
                np.zeros((len(codes), 2)),
                texts=[[fixed(run["curves"][code]["loss"][-1], 2) for run in runs.values()] for code in codes],
            ),
        ),
    )


# ---- questions and challenges ----


def questions(live: Live) -> list[Question]:
    """What is asked before a step is shown."""
    asked = (FULL, SAMPLED, NCE)
    true = [last(code) for code in asked]
    shown = {code: fixed(last(code, "shown_loss"), 2) for code in FIVE}
    inside = stored("inside")["models"][NEGATIVE_MANY]
    change = inside["mended"]["loss"] - inside["as_trained"]["loss"]
    classes = int(vocabularies()[-1])
    scored = [step_cost(Contestant.parse(code), classes).inference for code in (FULL, SAMPLED)]
    return [
        Question(
            "curves",
            int(np.argmin(true)),
            {"seconds": fmt(stored("clock")["start"]["seconds"]), "lowest": fixed(min(true), 2), "k": str(K)},
        ),
        Question(
            "own-loss",
            int(np.argmax([last(code) for code in FIVE])),
            dict(zip(("full", "sampled", "nce", "no_log_q", "negative"), shown.values(), strict=True))
            | {"worst": fixed(max(last(code) for code in FIVE), 2)},
        ),
        Question(
            "inside",
            0 if abs(change) < HEAD_NEAR else 1 if change < 0 else 2,
            {
                "head_size": str(core.bilinear.HEAD),
                "head": fixed(stored("inside")["head_share"], 2),
                "share": fixed(inside["as_trained"]["head_share"], 3),
                "before": fixed(inside["as_trained"]["loss"], 2),
                "after": fixed(inside["mended"]["loss"], 2),
            },
        ),
        Question(
            "cost",
            [1, 2, classes // (K + 1)].index(scored[0] // scored[1]),
            {"classes": str(classes), "k": str(K), "ratio": str(classes // (K + 1)), "scored": _millions(scored[1])},
        ),
    ]


def challenges(
    live: Live,
    *,
    group: str = "five",
    over: str = OVER[0],
    mend: bool = False,
    classes: str = "1000",
    dim: int = 4,
) -> list[Challenge]:
    """What the learner is asked to reach with the controls."""
    told = stored("inside")
    share = told["models"][NEGATIVE_MANY][version(NEGATIVE_MANY, mend)]["head_share"]
    missing = float(ranks().losses[dim] - ranks().floor)
    return [
        Challenge("equal", group == "equal" and over == "steps", at="curves"),
        Challenge(
            "mend",
            abs(share - told["head_share"]) < HEAD_NEAR,
            {"head": fixed(told["head_share"], 2), "share": fixed(share, 3)},
            at="inside",
        ),
        Challenge(
            "hundred",
            ratio(int(classes)) >= HUNDRED,
            {"hundred": str(HUNDRED), "ratio": rough(ratio(int(classes)))},
            at="cost",
        ),
        Challenge("rank", missing < LOSS_NEAR, {"near": fmt(LOSS_NEAR), "missing": fixed(missing, 3)}, at="bottleneck"),
    ]
