"""Too many classes to score them all: cost, urn, correction, and what a sampled loss promises. Items 29-37, 42, 44, 45.

The urn and the five losses are about the learner's own classes; the bench (explainers/sampled_bench.py) is a model with
10,000 of them.
"""

from __future__ import annotations

import csv
import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import core
from explainers import sampled_bench as bench
from explainers.figures import Role, axis, bars, column, curve, dot, grid, line, log_axis
from explainers.sampled_bench import DATA, FORMS, NUM_DRAWS, SAMPLED, SAMPLERS, Setting
from explainers.step import Array, Challenge, Live, Question, Step, fixed, fmt, latex_name, made, mark, rough

PHASES = ("train", "predict")
DIM, BATCH_SIZE = 512, 64
"""Item 45: of the layer whose cost is counted."""
THOUSAND = 1_000
"""Item 44: how many classes."""
HIT_CLASSES = 200_000
HIT_RANKS = (0, 9, 99, 999, 9_999, 99_999)
HIT_SAMPLED = (10, 100, 1_000, 10_000)
REST_LOGITS = (2.0, 1.0, 0.0, -1.0, -1.5)
REST_SAMPLED = 3
REST_SAMPLERS = (*SAMPLERS, "reversed")
LOSSES = ("full", "sampled_softmax", "importance", "nce", "negative_sampling")
SHORT = dict(zip(LOSSES, ("∇L", "sampled", "import.", "NCE", "NS"), strict=True))
RARE = -20.0
"""The model's own softmax as a sampler: no class is drawn less often than at this distance from the largest logit."""
COPIED_CLASSES, COPIED_DIM, COPIED_BATCH = 1_000, 64, 32
WEIGHTS, INPUTS = ("kernel", "transposed"), ("logits", "hidden")
CODE = Path(__file__).parent / "code"

Ids = NDArray[np.integer[Any]]


class Small(NamedTuple):
    """How the learner's few classes are drawn from and what is done about it; TensorFlow's defaults."""

    sampler: str = SAMPLERS[0]
    num_sampled: int = 2
    unique: bool = True
    subtract_log_q: bool = True
    remove_accidental_hits: bool = True
    draw: int = 0


def explain(
    live: Live,
    *,
    classes: int = 200_000,
    sampled: int = 1_000,
    phase: str = PHASES[0],
    run: int = 0,
    small: Small | None = None,
    of_thousand: int = 100,
    order: int = 0,
    weights: str = WEIGHTS[0],
    inputs: str = INPUTS[0],
    many: bool = False,
    num_sampled: str = SAMPLED[0],
    form: str = FORMS[0],
    only: Collection[str] | None = None,
) -> list[Step]:
    """The lesson in steps. `run` 0 shows the stored measurement, `order` 0 sorts the ids by frequency."""
    small = small or Small()
    sampled = min(sampled, classes - 1)
    setting = bench_setting(small, num_sampled, form)
    return made(
        only,
        {
            "cost": lambda: _cost(classes, sampled, phase, run),
            "urn": lambda: _urn(live, small),
            "tries": lambda: _tries(of_thousand, small.draw),
            "ids": lambda: _ids(order),
            "apart": lambda: _apart(live, small),
            "hits": lambda: _hits(small.unique, small.remove_accidental_hits),
            "five": lambda: _five(live, small, many),
            "values": lambda: _values(classes, sampled),
            "rest": lambda: _rest(small),
            "bench": lambda: _bench(setting, small.draw),
            "study": lambda: _study(setting),
            "copied": lambda: _copied(weights, inputs),
            "keras": _keras,
        },
    )


def bench_setting(small: Small, num_sampled: str, form: str) -> Setting:
    """The learner's switches on the bench; the importance form needs log Q and leaves hits out."""
    importance = form == "importance"
    return Setting(
        small.sampler,
        int(num_sampled),
        small.unique,
        small.subtract_log_q or importance,
        small.remove_accidental_hits or importance,
        form,
    )


def _log(values: Array) -> Array:
    """Powers of ten; what is not positive, or below 1e-9, leaves a gap."""
    powers: Array = np.full(np.shape(values), np.nan)
    np.log10(values, where=values > 1e-9, out=powers)
    return powers


def _sign(yes: bool) -> str:
    return "✓" if yes else "✗"


# ---- the cost ----


@cache
def _stored_costs() -> tuple[bench.Cost, ...]:
    with (DATA / "cost.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(bench.Cost(int(row.pop("num_classes")), **{k: float(v) for k, v in row.items()}) for row in rows)


def _cost(classes: int, sampled: int, phase: str, run: int) -> Step:
    """Item 45: sampling saves training; to predict, all classes are needed."""
    if phase not in PHASES:
        raise ValueError(f"phase must be one of {', '.join(PHASES)}, got {phase!r}")
    train = phase == "train"
    scored = {"full": classes, "sampled": sampled + 1 if train else classes}
    costs = bench.measured_now(run) if run else _stored_costs()
    at = np.log10([cost.num_classes for cost in costs])
    shown = {"full": [c.full if train else c.predict for c in costs]}
    shown["sampled"] = [c.sampled if train else c.predict for c in costs]
    roles: dict[str, Role] = {"full": "loss", "sampled": "prob"}
    here = {name: 10 ** float(np.interp(np.log10(classes), at, np.log10(spent))) for name, spent in shown.items()}
    return Step(
        "cost",
        r"V \cdot d \quad\text{vs}\quad (k + 1) \cdot d" if train else r"V \cdot d \quad\text{vs}\quad V \cdot d",
        r"@classes \cdot @dim = @full \qquad @scored \cdot @dim = @part \qquad \frac{@full}{@part} = @ratio",
        {
            "classes": str(classes),
            "sampled": str(sampled),
            "scored": str(scored["sampled"]),
            "dim": str(DIM),
            "batch": str(BATCH_SIZE),
            "full": fmt(classes * DIM),
            "part": fmt(scored["sampled"] * DIM),
            "ratio": classes / scored["sampled"],
            "train_part": fmt((sampled + 1) * DIM),
            "train_ratio": classes / (sampled + 1),
            "megabytes": BATCH_SIZE * classes * 4 / 1e6,
            "measured_dim": str(bench.MEASURED_DIM),
            "measured_batch": str(bench.MEASURED_BATCH),
            "measured_sampled": str(bench.MEASURED_SAMPLED),
            "full_ms": rough(1000 * here["full"]),
            "sampled_ms": rough(1000 * here["sampled"]),
        },
        (
            grid(
                phase,
                list(scored),
                ["MAC", "MB", "ms"],
                np.zeros((2, 3)),
                texts=[
                    [fmt(count * DIM), fmt(BATCH_SIZE * count * 4 / 1e6), f"≈ {rough(1000 * here[name])}"]
                    for name, count in scored.items()
                ],
            ),
            curve(
                log_axis("V", 3, 5) | {"hi": float(np.log10(250_000))},
                log_axis("ms", -2, 3),
                [line(name, at, _log(1000 * np.array(s)), roles[name], cloud=bool(run)) for name, s in shown.items()],
                [
                    dot(
                        f"{name}: {rough(1000 * here[name])}",
                        np.log10(classes),
                        np.log10(here[name]) + 3,
                        roles[name],
                    )
                    for name in (shown if train else ["full"])
                ],
            ),
        ),
    )


# ---- the urn ----


def _sampler(live: Live, name: str) -> core.Sampler:
    """A sampler for the learner's classes; ids are taken in the order of the board."""
    return _own(live.logits / live.temperature) if name == "softmax" else bench.sampler(name, len(live.names))


def _own(logits: Array) -> core.Sampler:
    """The model's own softmax as a sampler, where no class is so rare that it would never be drawn."""
    return core.SoftmaxSampler(np.maximum(logits - logits.max(), RARE))


def _count(live: Live, small: Small) -> int:
    """How many are drawn: with `unique` never more than there are classes."""
    return min(small.num_sampled, len(live.names)) if small.unique else small.num_sampled


def _sample(sampler: core.Sampler, labels: Ids, count: int, small: Small, seed: int) -> core.SampledValues:
    return sampler.sample(labels, count, unique=small.unique, rng=np.random.default_rng(seed))


@lru_cache(maxsize=32)
def _urn_draws(small: Small, num_classes: int, logits: tuple[float, ...]) -> tuple[Array, Array]:
    """What came out in 200 draws, [num_draws, num_classes], and the tries; the logits only where they are the urn."""
    sampler = _own(np.array(logits)) if logits else bench.sampler(small.sampler, num_classes)
    counts, tries = np.zeros((NUM_DRAWS, num_classes)), np.zeros(NUM_DRAWS)
    for i in range(NUM_DRAWS):
        values = _sample(sampler, np.array([[0]]), small.num_sampled, small, small.draw + i)
        counts[i] = np.bincount(values.sampled, minlength=num_classes)
        tries[i] = values.num_tries
    return counts, tries


def _reported(probs: Array, count: int, tries: Array) -> Array:
    """What the samplers of all draws report on average as expected counts, [num_classes]."""
    numbers, times = np.unique(tries, return_counts=True)
    reported = [core.expected_count(probs, count, int(number)) for number in numbers]
    mean: Array = np.average(reported, axis=0, weights=times)
    return mean


def _urn(live: Live, small: Small) -> Step:
    """Items 31, 33 and 44: the true class is in the urn, too; what is expected, and what is seen."""
    sampler, count = _sampler(live, small.sampler), _count(live, small)
    probs = sampler.probs()
    logits = tuple((live.logits / live.temperature).tolist()) if small.sampler == "softmax" else ()
    counts, tries = _urn_draws(small._replace(num_sampled=count), len(live.names), logits)
    now = _sample(sampler, np.array([[live.label]]), count, small, small.draw)
    expected = core.expected_count(probs, count, int(tries[0]))
    retried = tries[0] > count
    return Step(
        "urn",
        r"E_c = k\,q_c \qquad E_c = 1 - (1 - q_c)^{n} \;\text{(unique)}",
        r"E_{@y_tex} = " + (r"1 - (1 - @q_y)^{@tries} = @e_y" if retried else r"@count \cdot @q_y = @e_y"),
        {
            "y": live.label_name,
            "y_tex": latex_name(live.label_name),
            "q_y": probs[live.label],
            "e_y": expected[live.label],
            "count": str(count),
            "tries": fmt(tries[0]),
            "mean_tries": tries.mean(),
            "drawn": ", ".join(live.names[i] for i in now.sampled),
            "hits": str(int(counts[0, live.label])),
            "hit_share": (counts[:, live.label] > 0).mean() * 100,
            "draws": str(NUM_DRAWS),
        },
        (
            bars(
                live.names,
                column("q", probs, "prob", bound=1.0),
                column("E", expected, "exp"),
                column("1 ×", counts[0], "loss"),
                column(f"{NUM_DRAWS} ×", counts.mean(axis=0), "exp", ghost=_reported(probs, count, tries)),
                label=live.label,
            ),
        ),
    )


@lru_cache(maxsize=32)
def _thousand(count: int, draw: int) -> tuple[Array, Array]:
    """How often each of a thousand classes was in a unique sample, [num_classes], and the tries of each draw."""
    sampler = core.LogUniformSampler(THOUSAND)
    seen, tries = np.zeros(THOUSAND), np.zeros(NUM_DRAWS)
    for i in range(NUM_DRAWS):
        values = sampler.sample([[0]], count, rng=np.random.default_rng(draw + i))
        seen[values.sampled] += 1 / NUM_DRAWS
        tries[i] = values.num_tries
    return seen, tries


def _tries(count: int, draw: int) -> Step:
    """Item 44: with repeats dropped, the expected count is not k q."""
    seen, tries = _thousand(count, draw)
    probs = core.LogUniformSampler(THOUSAND).probs()
    naive = core.expected_count(probs, count, count)
    mean_tries = round(float(tries.mean()))
    expected = core.expected_count(probs, count, mean_tries)
    at = np.log10(np.arange(1, THOUSAND + 1))
    points = np.unique(np.logspace(0, 3, 60).round().astype(int)) - 1
    top = 2.0
    return Step(
        "tries",
        r"E_c = k\,q_c \quad\text{vs}\quad E_c = 1 - (1 - q_c)^{n}",
        r"@count \cdot @q = @naive \qquad 1 - (1 - @q)^{@mean_tries} = @expected",
        {
            "classes": str(THOUSAND),
            "count": str(count),
            "draws": str(NUM_DRAWS),
            "tries": str(int(tries[0])),
            "mean_tries": str(mean_tries),
            "q": probs[9],
            "naive": naive[9],
            "expected": expected[9],
            "seen": seen[9],
            "over": str(int((naive > 1).sum())),
        },
        (
            curve(
                log_axis("id + 1", 0, 3),
                axis("E", 0.0, top),
                [
                    line(f"{NUM_DRAWS} ×", at[points], seen[points], "prob", cloud=True),
                    line("1 − (1 − q)ⁿ", at, expected, "prob"),
                    line("k q", at, np.where(naive <= top, naive, np.nan), "loss", dash=True),
                    line("1", [0.0, 3.0], [1.0, 1.0], "logit", dash=True),
                ],
                [dot(f"id 9: {fmt(seen[9])}", 1.0, seen[9], "prob")],
            ),
        ),
    )


@lru_cache(maxsize=8)
def _id_errors(order: int) -> list[float]:
    """Error of one gradient, as a share of the full one: with log Q, without it, and of the importance form."""
    settings = Setting(), Setting(subtract_log_q=False), Setting(form="importance")
    made = [bench.draws(setting, num_draws=40, order=order) for setting in settings]
    return [math.hypot(some.grad_bias, some.grad_spread) for some in made]


def _ids(order: int) -> Step:
    """Item 32: log-uniform takes the id for the rank."""
    count = bench.NUM_CLASSES
    probs = core.LogUniformSampler(count).probs()
    frequent = 1 / np.arange(1, count + 1)
    frequent /= frequent.sum()
    ranks = np.unique(np.logspace(0, np.log10(count), 150).round().astype(int)) - 1
    place = np.random.default_rng(order).permutation(count) if order else np.arange(count)
    drawn_as = probs[place[ranks]]
    sorted_errors, errors = _id_errors(0), _id_errors(order)
    compared = [sorted_errors, errors] if order else [errors]
    return Step(
        "ids",
        r"q_{\mathrm{id}} = \frac{\ln(\mathrm{id} + 2) - \ln(\mathrm{id} + 1)}{\ln(V + 1)}",
        r"q_{0} = @first \qquad q_{@last_id} = @last",
        {
            "classes": str(count),
            "first": probs[0],
            "last": probs[-1],
            "last_id": str(count - 1),
            "top_id": str(int(place[0])),
            "top_data": frequent[0],
            "top_drawn": probs[place[0]],
            "order": str(order),
            "error_sorted": fixed(100 * sorted_errors[0], 0),
            "error": fixed(100 * errors[0], 0),
            "sampled": str(Setting().num_sampled),
        },
        (
            curve(
                log_axis("f", 0, 4),
                log_axis("p", -6, 0),
                [
                    line("q(id)", np.log10(ranks + 1.0), np.log10(drawn_as), "loss", cloud=bool(order)),
                    line("p ∝ 1/f", np.log10(ranks + 1.0), np.log10(frequent[ranks]), "prob"),
                ],
            ),
            grid(
                "‖g − ∇L‖ / ‖∇L‖",
                ["log Q ✓", "log Q ✗", "importance"],
                ["id = f", "id ≠ f"][: len(compared)],
                np.array(compared).T,
                texts=[[f"{100 * errors[row]:.0f} %" for errors in compared] for row in range(3)],
                bound=1.0,
            ),
        ),
    )


# ---- taken apart ----


def batch(live: Live, small: Small) -> dict[str, Any]:
    """Arguments of a sampled loss: two examples, the learner's label in the first; one sample for both."""
    num_classes = len(live.names)
    rng = np.random.default_rng(30)
    weights = rng.normal(0.0, 1.0, (10, 3)).round(1)[:num_classes]
    inputs = rng.normal(0.0, 1.0, (2, 3)).round(1)
    labels = np.array([[live.label], [(live.label + 1) % num_classes]])
    return {
        "weights": weights,
        "biases": np.zeros(num_classes),
        "labels": labels,
        "inputs": inputs,
        "sampled_values": _sample(_sampler(live, small.sampler), labels, _count(live, small), small, small.draw),
    }


def _apart(live: Live, small: Small) -> Step:
    """Items 30, 31 and 34: every tensor of one call, and the one sample that all rows share."""
    layer = batch(live, small)
    weights, labels, inputs, values = (layer[key] for key in ("weights", "labels", "inputs", "sampled_values"))
    count, num_classes = len(values.sampled), len(live.names)
    logits, label_probs = core.sampled_logits(
        **layer,
        subtract_log_q=small.subtract_log_q,
        remove_accidental_hits=small.remove_accidental_hits,
    )
    hits = core.accidental_hits(labels, values.sampled)
    touched = sorted({*labels.ravel().tolist(), *values.sampled.tolist()})
    names = [live.names[i] for i in values.sampled]
    rows = [f"{b}: {live.names[y]}" for b, y in enumerate(labels.ravel())]
    product = float(inputs[0] @ weights[live.label])
    log_q = float(np.log(values.true_expected_count[0, 0])) if small.subtract_log_q else 0.0
    features = ["0", "1", "2"]
    framed = [(int(b), int(s) + 1) for b, s in np.argwhere(hits)]
    return Step(
        "apart",
        r"\text{logits}_{b,c} = h_b \cdot w_c + b_c - \ln E_c",
        rf"\text{{logits}}_{{0,{mark(live.label, '@y_tex')}}} = @product - (@log_q) = @logit",
        {
            "y": live.label_name,
            "y_tex": latex_name(live.label_name),
            "product": product,
            "log_q": log_q,
            "logit": logits[0, 0],
            "classes": str(num_classes),
            "count": str(count),
            "columns": str(count + 1),
            "touched": str(len(touched)),
            "hits": str(int(hits.sum())),
        },
        (
            grid(
                f"weights [{num_classes}, 3]",
                live.names,
                features,
                weights,
                marks=[(i, k) for i in touched for k in range(3)],
                bound=3.0,
            ),
            grid("inputs [2, 3]", rows, features, inputs, bound=3.0),
            grid(
                "labels [2, 1]",
                ["0", "1"],
                ["y"],
                np.zeros((2, 1)),
                texts=[[f"{y} {live.names[y]}"] for y in labels[:, 0]],
            ),
            grid(
                f"sampled [{count}]",
                ["id", "E"],
                names,
                np.zeros((2, count)),
                texts=[[str(i) for i in values.sampled], [fmt(e) for e in values.sampled_expected_count]],
            ),
            grid(f"out_logits [2, {count + 1}]", rows, ["y", *names], logits, marks=framed, bound=5.0),
            grid(f"out_labels [2, {count + 1}]", rows, ["y", *names], label_probs, bound=1.0),
        ),
    )


# ---- accidental hits ----


@cache
def _hit_chances(unique: bool) -> Array:
    """How probable it is that a rank is in the sample, [rank, num_sampled]; with `unique`, by the tries of one draw."""
    sampler = core.LogUniformSampler(HIT_CLASSES)
    probs = sampler.probs(np.array(HIT_RANKS))
    columns = []
    for count in HIT_SAMPLED:
        values = sampler.sample([[0]], count, unique=unique, rng=np.random.default_rng(count))
        columns.append(core.expected_count(probs, 1, values.num_tries or count))
    return np.stack(columns, axis=1)


def _hits(unique: bool, remove: bool) -> Step:
    """Item 34: who is hit how often, and what a hit does to the loss."""
    chances = _hit_chances(unique)
    margins = np.linspace(-5.0, 10.0, 61)
    weights, biases = np.zeros((4, 1)), np.zeros(4)
    weights[0] = 1.0
    values = core.SampledValues(np.array([0, 1, 2, 3]), np.ones((len(margins), 1)), np.ones(4))
    kept, removed = (
        core.sampled_softmax_loss(
            weights,
            biases,
            np.zeros((len(margins), 1), int),
            margins[:, None],
            values,
            remove_accidental_hits=gone,
        )
        for gone in (False, True)
    )
    now = removed if remove else kept
    ten = int(np.argmin(np.abs(margins - 8)))
    return Step(
        "hits",
        r"L = \ln\frac{2 e^{z_y} + \dots}{e^{z_y}} \;\ge\; \ln 2",
        r"\ln 2 = @floor \qquad L(@margin) = @loss",
        {
            "classes": str(HIT_CLASSES),
            "sampled": str(HIT_SAMPLED[2]),
            "top": chances[0, 2],
            "hundredth": chances[2, 2],
            "rare": chances[4, 2],
            "floor": float(np.log(2)),
            "margin": margins[ten],
            "loss": now[ten],
        },
        (
            grid(
                f"P(y ∈ S), V = {HIT_CLASSES}",
                [f"id {rank}" for rank in HIT_RANKS],
                [f"k = {count}" for count in HIT_SAMPLED],
                chances,
                texts=[[fixed(chance, 3) for chance in row] for row in chances],
                bound=1.0,
            ),
            curve(
                axis("z(y) − z", -5.0, 10.0),
                axis("L", 0.0, 7.0),
                [
                    line("hits ✓", margins, kept, "loss"),
                    line("hits ✗", margins, removed, "prob"),
                    line("ln 2", [-5.0, 10.0], [np.log(2)] * 2, "logit", dash=True),
                ],
                [dot(fmt(now[ten]), margins[ten], now[ten], "prob" if remove else "loss")],
            ),
        ),
    )


# ---- one step, five losses ----


class Gradients(NamedTuple):
    """What the losses say of the learner's logits; the layer is the identity, so the input's gradient is dL/dz."""

    losses: Mapping[str, Array]
    """one for each draw, [num_draws]"""
    grads: Mapping[str, Array]
    """mean over the draws, [num_classes]"""
    pulls: Mapping[str, Array]
    """mean gradient where labels come as often as the model says, [num_classes]"""


def _by_name(small: Small) -> Mapping[str, Callable[..., tuple[Array, core.SampledGrad]]]:
    return {
        "sampled_softmax": partial(
            core.sampled_softmax_loss_with_grad,
            subtract_log_q=small.subtract_log_q,
            remove_accidental_hits=small.remove_accidental_hits,
        ),
        "importance": core.importance_softmax_loss_with_grad,
        "nce": core.nce_loss_with_grad,
        "negative_sampling": core.negative_sampling_loss_with_grad,
    }


def gradients(live: Live, small: Small, num_draws: int) -> Gradients:
    """Loss and gradient of each kind, for the same draws."""
    num_classes = len(live.names)
    logits = live.logits / live.temperature
    arguments = (np.eye(num_classes), np.zeros(num_classes))
    labels = np.arange(num_classes)[:, None]
    inputs = np.repeat(logits[None, :], num_classes, axis=0)
    sampler, count = _sampler(live, small.sampler), _count(live, small)
    full = core.sparse_cross_entropy_grad(logits, live.label)
    losses = {"full": np.full(num_draws, core.sparse_cross_entropy(logits, live.label))}
    grads, pulls = {"full": full}, {"full": live.probs - live.probs}
    functions = _by_name(small)
    for name in functions:
        losses[name] = np.zeros(num_draws)
        grads[name], pulls[name] = np.zeros(num_classes), np.zeros(num_classes)
    alike: dict[tuple[bytes, bytes], tuple[core.SampledValues, list[int]]] = {}
    for i in range(num_draws):
        values = _sample(sampler, labels, count, small, small.draw + i)
        order = np.argsort(values.sampled)
        key = values.sampled[order].tobytes(), values.sampled_expected_count[order].tobytes()
        alike.setdefault(key, (values, []))[1].append(i)
    for values, places in alike.values():  # of few classes the same are drawn again and again
        for name, function in functions.items():
            loss, grad = function(*arguments, labels, inputs, values)
            losses[name][places] = loss[live.label]
            grads[name] += grad.inputs[live.label] * len(places) / num_draws
            pulls[name] += live.probs @ grad.inputs * len(places) / num_draws
    return Gradients(losses, grads, pulls)


def _five(live: Live, small: Small, many: bool) -> Step:
    """Items 29, 36 and 38: the same hidden vector, label and weights; five losses and their arrows."""
    num_draws = NUM_DRAWS if many else 1
    made = gradients(live, small, num_draws)
    full = made.grads["full"]
    away = {name: float(np.linalg.norm(made.grads[name] - full)) for name in LOSSES}
    pulls = {name: float(np.linalg.norm(made.pulls[name])) for name in LOSSES}

    arrows = [
        column(SHORT[name], 0.0 - made.grads[name], "push", bound=1.0, ghost=None if name == "full" else 0.0 - full)
        for name in LOSSES
    ]
    return Step(
        "five",
        r"\frac{\partial L}{\partial z} \qquad \lVert \bar g - \nabla L \rVert \qquad"
        r" \Big\lVert \sum_y p_y\, \bar g_y \Big\rVert",
        r"L_{\text{full}} = @full \qquad \bar L_{\text{sampled}} = @tensorflow \qquad \bar L_{\text{nce}} = @nce",
        {
            "y": live.label_name,
            "draws": str(num_draws),
            "count": str(_count(live, small)),
            "full": made.losses["full"][0],
            "tensorflow": float(made.losses["sampled_softmax"].mean()),
            "importance": float(made.losses["importance"].mean()),
            "nce": float(made.losses["nce"].mean()),
            "away": away["sampled_softmax"],
            "pull": pulls["sampled_softmax"],
            "away_importance": away["importance"],
        },
        (
            bars(live.names, *arrows, label=live.label),
            grid(
                f"{num_draws} ×",
                list(LOSSES),
                ["L", "‖ḡ − ∇L‖", "‖Σ p ḡ‖"],
                np.array([[0.0, away[name], pulls[name]] for name in LOSSES]),
                texts=[
                    [fmt(float(made.losses[name].mean())), fixed(away[name], 3), fixed(pulls[name], 3)]
                    for name in LOSSES
                ],
                bound=1.0,
            ),
        ),
    )


@lru_cache(maxsize=32)
def untrained(num_classes: int, num_sampled: int) -> dict[str, float]:
    """What each loss says of a model that knows nothing: all logits zero, and a uniform sampler."""
    arguments = np.zeros((num_classes, 1)), np.zeros(num_classes), np.array([[0]]), np.zeros((1, 1))
    rng = np.random.default_rng(0)
    values = core.UniformSampler(num_classes).sample([[0]], num_sampled, unique=False, rng=rng)
    return {
        "full": float(core.sparse_cross_entropy(np.zeros(num_classes), 0)),
        "sampled_softmax": float(core.sampled_softmax_loss(*arguments, values, remove_accidental_hits=False)[0]),
        "importance": float(core.importance_softmax_loss(*arguments, values)[0]),
        "nce": float(core.nce_loss(*arguments, values)[0]),
        "negative_sampling": float(core.negative_sampling_loss(*arguments, values)[0]),
    }


def _values(classes: int, sampled: int) -> Step:
    """Items 29 and 38: the same model, five numbers; only one of them means something by itself."""
    pairs = [(10_000, 64), (classes, sampled)]
    shown = np.array([list(untrained(*pair).values()) for pair in pairs]).T
    now = dict(zip(LOSSES, shown[:, -1].tolist(), strict=True))
    return Step(
        "values",
        r"\ln V \qquad \ln(1 + k) \qquad \ln\Big(1 + \frac{k}{V}\Big) + k \ln\Big(1 + \frac{V}{k}\Big)"
        r" \qquad (k + 1) \ln 2",
        r"@full \qquad @sampled_softmax \qquad @nce \qquad @negative_sampling",
        {"classes": str(classes), "sampled": str(sampled), **now},
        (
            grid(
                "L(z = 0)",
                list(LOSSES),
                [f"V = {v}, k = {k}" for v, k in pairs],
                np.zeros(shown.shape),
                texts=[[fmt(v) for v in row] for row in shown],
                marks=[(0, j) for j in range(len(pairs))],
            ),
        ),
    )


# ---- what pull remains ----


def _rest_probs(name: str) -> Array:
    if name == "softmax":
        return core.softmax(np.array(REST_LOGITS))
    if name == "reversed":
        return core.LogUniformSampler(len(REST_LOGITS)).probs()[::-1]
    return bench.sampler(name, len(REST_LOGITS)).probs()


@lru_cache(maxsize=128)
def pull_at_rest(sampler: str, unique: bool, remove: bool, subtract_log_q: bool = True, form: str = FORMS[0]) -> float:
    """The largest expected gradient of a model that is right already, over every sample that can be drawn.

    Nothing is left to chance: each sample is weighted by its probability, and the expected counts are the true ones.
    """
    q, num_classes = _rest_probs(sampler), len(REST_LOGITS)
    chances: dict[tuple[int, ...], float] = defaultdict(float)
    for drawn in itertools.product(range(num_classes), repeat=REST_SAMPLED):
        if not unique:
            chances[tuple(sorted(drawn))] += float(np.prod(q[list(drawn)]))
        elif len(set(drawn)) == REST_SAMPLED:
            left = 1 - np.cumsum([0.0, *q[list(drawn[:-1])]])
            chances[tuple(sorted(drawn))] += float(np.prod(q[list(drawn)] / left))
    expected = np.zeros(num_classes)
    for sample, chance in chances.items():
        np.add.at(expected, list(sample), chance)
    labels = np.arange(num_classes)[:, None]
    inputs = np.repeat(np.array(REST_LOGITS)[None, :], num_classes, axis=0)
    function = (
        core.importance_softmax_loss_with_grad
        if form == "importance"
        else partial(core.sampled_softmax_loss_with_grad, subtract_log_q=subtract_log_q, remove_accidental_hits=remove)
    )
    pull = np.zeros(num_classes)
    for sample, chance in chances.items():
        ids = np.array(sample)
        values = core.SampledValues(ids, expected[labels], expected[ids])
        _, grad = function(np.eye(num_classes), np.zeros(num_classes), labels, inputs, values)
        pull += chance * (core.softmax(np.array(REST_LOGITS)) @ grad.inputs)
    return float(np.abs(pull).max())


def _rest(small: Small) -> Step:
    """Items 34 and 36: which form is at rest where the model is right."""
    ways: dict[str, tuple[Any, ...]] = {
        "↺ hits ✓": (False, False),
        "↺ hits ✗": (False, True),
        "unique, hits ✓": (True, False),
        "unique, hits ✗": (True, True),
        "↺ importance": (False, True, True, FORMS[1]),
    }
    pulls = np.array([[pull_at_rest(name, *way) for way in ways.values()] for name in REST_SAMPLERS])
    pulls[pulls < 1e-12] = 0.0
    now = pull_at_rest(small.sampler, small.unique, small.remove_accidental_hits, small.subtract_log_q)
    at = (
        REST_SAMPLERS.index(small.sampler),
        list(ways.values()).index((small.unique, small.remove_accidental_hits)),
    )
    return Step(
        "rest",
        r"\max_j \Big| \sum_y p_y \; \mathbb{E}_S \, \frac{\partial L}{\partial z_j} \Big|"
        r" \qquad p = \mathrm{softmax}(z)",
        r"z = [@logits] \\ k = @count: \quad @now",
        {
            "logits": ",\\; ".join(map(fmt, REST_LOGITS)),
            "count": str(REST_SAMPLED),
            "now": now if now > 1e-12 else 0.0,
            "removed": float(pulls[0, 1]),
            "unique_removed": float(pulls[0, 3]),
            "importance": float(pulls[0, 4]),
            "importance_softmax": float(pulls[2, 4]),
        },
        (
            grid(
                "max |E ∂L/∂z|",
                list(REST_SAMPLERS),
                list(ways),
                pulls,
                texts=[["0" if pull == 0 else fixed(pull, 4) for pull in row] for row in pulls],
                marks=[at] if small.subtract_log_q else [],
                bound=0.1,
            ),
        ),
    )


# ---- the bench ----


def _bench(setting: Setting, draw: int) -> Step:
    """Items 35, 36, 37 and 42: 200 draws of one setting, as values and as gradients."""
    full, made = bench.layer().loss, bench.first_draws()[setting]
    now, again = bench.two_losses(setting, draw)
    mean = float(made.losses.mean())
    values = [float(value) for value in (made.losses.min(), made.losses.max(), full, now)]
    lo, hi = math.floor(min(values) - 0.2), math.ceil(max(values) + 0.2)
    reach = max(1.0, math.ceil(2 * float(made.across.max())) / 2)
    ends = min(0.0, math.floor(2 * float(made.along.min())) / 2), max(2.0, math.ceil(2 * float(made.along.max())) / 2)
    return Step(
        "bench",
        r"\bar L - L \qquad \frac{\lVert \bar g - \nabla L \rVert}{\lVert \nabla L \rVert}",
        r"@mean - @full = @bias \qquad \frac{\lVert \bar g - \nabla L \rVert}{\lVert \nabla L \rVert} = @grad_bias",
        {
            "draws": str(NUM_DRAWS),
            "sampled": str(setting.num_sampled),
            "classes": str(bench.NUM_CLASSES),
            "batch": str(bench.BATCH_SIZE),
            "full": full,
            "mean": mean,
            "bias": round(made.loss_bias, 9),
            "spread": round(made.loss_spread, 9),
            "grad_bias": made.grad_bias,
            "grad_percent": 100 * made.grad_bias,
            "grad_spread": made.grad_spread,
            "now": now,
            "again": again,
        },
        (
            curve(
                axis("n", 0.0, NUM_DRAWS),
                axis("L", lo, hi),
                [
                    line("L(S)", np.arange(NUM_DRAWS), made.losses, "loss", cloud=True),
                    line("mean", [0.0, NUM_DRAWS], [mean, mean], "loss"),
                    line("L", [0.0, NUM_DRAWS], [full, full], "prob", dash=True),
                ],
                [dot(fmt(float(now)), min(draw, NUM_DRAWS), now)],  # one more than these stands beside them
            ),
            curve(
                axis("g ∥ ∇L", *ends),
                axis("g ⊥ ∇L", 0.0, reach),
                [line("g(S)", made.along, made.across, "loss", cloud=True)],
                [dot("∇L", 1.0, 0.0, "prob"), dot("mean", made.mean_along, made.mean_across, "loss")],
            ),
        ),
    )


@cache
def study() -> Mapping[Setting, tuple[float, float, float, float]]:
    """Bias and spread of the loss, then of the gradient, for every setting, from data/sampled/bench.csv."""
    with (DATA / "bench.csv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    return {Setting.read(row[:-4]): tuple(map(float, row[-4:])) for row in rows}  # type: ignore[misc]


STUDIED = (5, 20, 100, 200, 1_000, 5_000)
IN_TABLE = [0, 2, 4, 5]
"""Which of them the table has room for."""
DISGUISED = 200
"""Item 35: where a loss without log Q happens to look right."""
TABLE = {
    "uniform": Setting("uniform"),
    "unique, log Q ✗": Setting(subtract_log_q=False),
    "unique, log Q, hits ✗": Setting(),
    "unique, log Q, hits ✓": Setting(remove_accidental_hits=False),
    "unique, importance": Setting(form="importance"),
    "↺ log Q ✗": Setting(unique=False, subtract_log_q=False),
    "↺ log Q, hits ✗": Setting(unique=False),
    "↺ log Q, hits ✓": Setting(unique=False, remove_accidental_hits=False),
    "softmax, importance": Setting("softmax", unique=False, form="importance"),
}
"""The ways that are told apart; log-uniform unless another sampler is named, ↺ is with replacement."""


def figures_of(setting: Setting) -> Array:
    """Bias and spread of the loss and of the gradient by num_sampled, [len(STUDIED), 4]."""
    return np.array([study()[setting._replace(num_sampled=count)] for count in STUDIED])


def _study(setting: Setting) -> Step:
    """Items 35 and 37: more samples help the noise; whether they help the bias depends on the form."""
    mine, best = figures_of(setting), figures_of(TABLE["softmax, importance"])
    table = np.stack([figures_of(row) for row in TABLE.values()])
    at = np.log10(STUDIED)
    root = mine[0, 3] * np.sqrt(STUDIED[0] / np.array(STUDIED))

    def lines(first: int) -> list[dict[str, Any]]:
        bias, spread = np.abs(mine[:, first]), mine[:, first + 1]
        return [line("|bias|", at, _log(bias), "loss"), line("spread", at, _log(spread), "prob")]

    forgotten = TABLE["↺ log Q ✗"]._replace(num_sampled=DISGUISED)
    default = figures_of(Setting())
    return Step(
        "study",
        r"L_{\text{sampled}} \approx \ln\Big(1 + E_y \sum_{j \ne y} \frac{e^{z_j - z_y}}{E_j}\Big)",
        r"k: @few \to @most \qquad \text{bias}: @bias_few \to @bias_most"
        r" \qquad \text{spread}: @spread_few \to @spread_most",
        {
            "few": str(STUDIED[0]),
            "most": str(STUDIED[-1]),
            "bias_few": mine[0, 2],
            "bias_most": mine[-1, 2],
            "spread_few": mine[0, 3],
            "spread_most": mine[-1, 3],
            "default_loss": default[4, 0],
            "default_grad": 100 * default[4, 2],
            "forgotten_loss": study()[forgotten][0],
            "forgotten_grad": 100 * study()[forgotten][2],
            "forgotten_most": 100 * table[5, -1, 2],
            "thousand": str(STUDIED[4]),
            "disguised": str(DISGUISED),
            "best_few": round(best[0, 1], 9),
        },
        (
            curve(log_axis("k", 0, 4), log_axis("L", -4, 1), lines(0)),
            curve(
                log_axis("k", 0, 4),
                log_axis("g", -4, 1),
                [*lines(2), line("∝ 1/√k", at, np.log10(root), "logit", dash=True)],
            ),
            grid(
                "L̄ − L | ‖ḡ − ∇L‖ / ‖∇L‖",
                list(TABLE),
                [f"k = {STUDIED[k]}" for k in IN_TABLE],
                table[:, IN_TABLE, 2],
                texts=[[f"{fmt(round(row[k, 0], 2) + 0.0)} | {row[k, 2]:.3f}" for k in IN_TABLE] for row in table],
                marks=[
                    (i, j)
                    for i, row in enumerate(TABLE.values())
                    for j, k in enumerate(IN_TABLE)
                    if row._replace(num_sampled=STUDIED[k]) == setting
                ],
                bound=0.5,
            ),
        ),
    )


# ---- in Keras ----


@cache
def _code(name: str) -> str:
    return (CODE / f"{name}.py").read_text(encoding="utf-8").rstrip()


def copied_code(weights: str, inputs: str) -> str:
    """The copied answer with these two arguments."""
    if weights not in WEIGHTS or inputs not in INPUTS:
        raise ValueError(f"weights and inputs must be of {WEIGHTS} and {INPUTS}, got {weights!r} and {inputs!r}")
    given = {"kernel": "dense.kernel", "transposed": "tf.transpose(dense.kernel)"}[weights]
    return (
        _code("keras_copied")
        .replace("weights=dense.kernel", f"weights={given}")
        .replace("inputs=logits", f"inputs={inputs}")
    )


def _shape(array: Array | Ids) -> str:
    return str(list(array.shape))


@lru_cache(maxsize=4)
def _copied(weights: str, inputs: str) -> Step:
    """Items 29 and 30: two faults that fit each other."""
    hidden = np.random.default_rng(0).normal(size=(COPIED_BATCH, COPIED_DIM))
    kernel, biases = np.zeros((COPIED_DIM, COPIED_CLASSES)), np.zeros(COPIED_CLASSES)
    labels = np.arange(COPIED_BATCH)[:, None] * 30
    given: dict[str, Any] = {
        "weights": kernel.T if weights == "transposed" else kernel,
        "biases": biases,
        "labels": labels,
        "inputs": hidden if inputs == "hidden" else core.dense(hidden, kernel.T, biases),
    }
    wanted: dict[str, Any] = {"weights": kernel.T, "biases": biases, "labels": labels, "inputs": hidden}
    values = core.LogUniformSampler(COPIED_CLASSES).sample(labels, 50, rng=np.random.default_rng(0))
    try:
        said = f"L = {fmt(float(core.sampled_softmax_loss(**given, sampled_values=values).mean()))}"
        works = True
    except ValueError as error:
        said, works = f"ValueError: {error}", False
    return Step(
        "copied",
        r"\text{logits} = \text{inputs} \cdot \text{weights}^{\mathsf T} + \text{biases}",
        "",
        {
            "answer_code": copied_code(weights, inputs),
            "said": said,
            "classes": str(COPIED_CLASSES),
            "dim": str(COPIED_DIM),
        },
        (
            grid(
                f"{_sign(works)} sampled_softmax_loss",
                list(given),
                ["✓", "→"],
                np.zeros((4, 2)),
                texts=[[_shape(wanted[name]), _shape(array)] for name, array in given.items()],
                marks=[(i, 1) for i, (name, array) in enumerate(given.items()) if array.shape != wanted[name].shape],
            ),
        ),
    )


def _keras() -> Step:
    """Items 29 and 30: the layer as one would write it."""
    return Step("keras", "", "", {"layer_code": _code("keras_layer")})


# ---- predict first, and challenges ----

FACTORS: Sequence[float] = (2, 20, 200, 2_000)


def questions(live: Live, *, classes: int = 200_000, sampled: int = 1_000) -> list[Question]:
    """Predict first; each answer is found by core."""
    sampled = min(sampled, classes - 1)
    factor = classes / (sampled + 1)
    seen, _ = _thousand(100, 0)
    naive = core.expected_count(core.LogUniformSampler(THOUSAND).probs(9), 100, 100)
    said = untrained(classes, sampled)
    options = {"full": np.log(classes), "sampled": np.log(1 + sampled)}
    nearest = min(options, key=lambda key: abs(said["sampled_softmax"] - options[key]))
    forgotten = study()[TABLE["↺ log Q ✗"]._replace(num_sampled=DISGUISED)]
    wrong = (abs(forgotten[0]) > 0.5, forgotten[2] > 0.1)
    return [
        Question(
            "cost",
            min(range(len(FACTORS)), key=lambda i: abs(np.log(factor / FACTORS[i]))),
            {"classes": str(classes), "sampled": str(sampled), "factor": factor}
            | {f"times{i}": fmt(f) for i, f in enumerate(FACTORS)},
        ),
        Question("tries", 0 if seen[9] > 1 else 1, {"naive": float(naive), "seen": seen[9]}),
        Question(
            "values",
            list(options).index(nearest),
            {
                "classes": str(classes),
                "sampled": str(sampled),
                "ln_v": options["full"],
                "ln_k": options["sampled"],
            },
        ),
        Question(
            "study",
            {(True, False): 0, (False, True): 1, (True, True): 2}[wrong],
            {"disguised": str(DISGUISED), "loss": forgotten[0], "grad": 100 * forgotten[2]},
        ),
    ]


def challenges(
    live: Live,
    *,
    small: Small | None = None,
    num_sampled: str = SAMPLED[0],
    form: str = FORMS[0],
    weights: str = WEIGHTS[0],
    inputs: str = INPUTS[0],
) -> list[Challenge]:
    """Tasks checked from the controls."""
    small = small or Small()
    setting = bench_setting(small, num_sampled, form)
    now = _sample(_sampler(live, small.sampler), np.array([[live.label]]), _count(live, small), small, small.draw)
    pull = pull_at_rest(small.sampler, small.unique, small.remove_accidental_hits, small.subtract_log_q)
    loss_bias, loss_spread, grad_bias, _ = study()[setting]
    return [
        Challenge("hit", live.label in now.sampled, {"y": live.label_name}, "urn"),
        Challenge("rest", pull < 1e-12, {"pull": pull if pull > 1e-12 else 0.0}, "rest"),
        Challenge(
            "disguise",
            abs(loss_bias) < 0.1 and grad_bias > 0.3,
            {"bias": loss_bias, "grad": 100 * grad_bias},
            "bench",
        ),
        Challenge("point", loss_spread < 1e-6, {"spread": loss_spread}, "bench"),
        Challenge("faults", (weights, inputs) == (WEIGHTS[1], INPUTS[1]), {}, "copied"),
    ]
