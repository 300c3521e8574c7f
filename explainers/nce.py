"""Data or noise? Noise-contrastive estimation, and how negative sampling differs from it. Items 38-41 and 43.

The learner's logits play two parts. Where coins are drawn and where models are trained, softmax of them is the
distribution of the data; where a loss is taken apart, they are the model's own logits.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

import core
from explainers.board import link
from explainers.figures import axis, bars, column, curve, dot, grid, line, log_axis, value
from explainers.step import Array, Challenge, Live, Question, Step, fmt, latex_name, made, mark, paren

MOST_COINS = 200
LAST_COINS = 4
"""how many of the sorted coins lie beside the one in hand"""
ENOUGH_COINS = 20
"""how many coins to sort before the score says something"""
SAMPLERS = ("log_uniform", "uniform")
SIDES = ("noise", "data")
MANY = ("1", "5", "25", "100", "1000")
VOCABULARIES = ("200000", "10000", "100")
BATCH_SIZE = 3
SEED = 9
"""a sample in which every class comes, and the label by accident"""
MOST_STEPS = 500
WIDEST_X, WIDEST_SHIFT = 60.0, 3.0
NEAR = 0.02
"""how near counts as found: a share of the full gradient, or a shift"""
OFTEN = 5
"""how much more often than the data the noise should show the rarest class"""


def explain(
    live: Live,
    *,
    draw: int = 0,
    right: int = 0,
    k: int = 1,
    num_sampled: int = 5,
    sampler: str = SAMPLERS[0],
    seed: int = SEED,
    x: float = 4.0,
    side: str = SIDES[0],
    vocabulary: str = VOCABULARIES[0],
    start_sampled: int = 1000,
    many: str = MANY[0],
    shift: float = 1.0,
    twin_k: int = 5,
    exponent: float = 0.75,
    num_steps: int = 0,
    only: Collection[str] | None = None,
) -> list[Step]:
    """The lesson in steps; the temperature must be positive."""
    return made(
        only,
        {
            "coins": lambda: _coins(live, draw, right, k),
            "posterior": lambda: _posterior(live, k),
            "apart": lambda: _apart(live, num_sampled, sampler, seed),
            "logistic": lambda: _logistic(x, side),
            "rows": lambda: _rows(live, num_sampled, sampler, seed),
            "big": lambda: _big(int(vocabulary), start_sampled),
            "dimmer": lambda: _dimmer(live, int(many)),
            "whole": lambda: _whole(live, int(many), shift),
            "twins": lambda: _twins(live, twin_k, exponent, num_steps),
            "exponent": lambda: _exponent(live, exponent),
            "defaults": lambda: _defaults(num_sampled),
        },
    )


# ---- data and noise ----


def log_data(live: Live) -> Array:
    """Data as ln p, [num_classes]: the learner's logits, softmaxed."""
    return core.log_softmax(live.logits, temperature=live.temperature)


def log_noise(live: Live, exponent: float = 0.0) -> Array:
    """Noise as ln q, [num_classes]: q proportional to p^exponent; at 0 all classes alike."""
    return core.log_softmax(exponent * live.logits / live.temperature)


def coins(live: Live, k: int) -> tuple[Array, Array]:
    """Whether each coin is data, one of k + 1, and its class; one more than can be sorted, [MOST_COINS + 1]."""
    which, where = np.random.default_rng(0).random((2, MOST_COINS + 1))
    is_data = which < 1 / (k + 1)
    data = core.SoftmaxSampler(live.logits / live.temperature)
    noise = core.UniformSampler(len(live.names))
    return is_data, np.where(is_data, data.quantile(where), noise.quantile(where))


def sort_coin(live: Live, k: int, draw: int, right: int, guess: str) -> dict[str, float]:
    """What the counters show once the coin in hand has been called data or noise."""
    if draw >= MOST_COINS:
        return {}
    is_data, _ = coins(live, k)
    hit = is_data[draw] == (guess == "data")
    return {"nce_draw": float(draw + 1), "nce_right": float(min(right, draw) + hit)}


def _log_odds(live: Live, k: float, exponent: float = 0.0) -> Array:
    """The log-odds ln p - ln(k q): how much more likely than noise the data are to show each class, [num_classes]."""
    odds: Array = log_data(live) - (np.log(k) + log_noise(live, exponent))
    return odds


def _best(live: Live, k: int, draw: int) -> int:
    """How many of the first coins someone gets right who always names the likelier side."""
    is_data, classes = coins(live, k)
    likelier = _log_odds(live, k)[classes[:draw]] > 0
    return int((likelier == is_data[:draw]).sum())


def _y(live: Live) -> dict[str, Any]:
    return {"y": live.label_name, "y_tex": latex_name(live.label_name), "p_y": live.probs[live.label]}


def _coins(live: Live, draw: int, right: int, k: int) -> Step:
    """Item 39: the question that NCE asks, played by hand."""
    is_data, classes = coins(live, k)
    count = len(live.names)
    before, truth = classes[:draw], is_data[:draw]
    tallies = [np.bincount(before[truth == side], minlength=count) for side in (True, False)]
    most = max(10.0, float(np.max(tallies)))
    shown = [(latex_name(live.names[c]), str(int(d))) for c, d in zip(classes[:draw], truth, strict=True)][-LAST_COINS:]
    in_hand = rf"\boxed{{{latex_name(live.names[classes[draw]])}}}"
    return Step(
        "coins",
        worked="@row",
        numbers={
            "row": r" \quad ".join(rf"\overset{{D = {d}}}{{{name}}}" for name, d in [*shown, (in_hand, "?")]),
            "coin": live.names[classes[draw]],
            "number": str(draw + 1),
            "k": str(k),
            "sorted": str(draw),
            "right": str(min(right, draw)),
            "best": str(_best(live, k, draw)),
        },
        figures=(
            bars(
                live.names,
                link(live, "p"),
                column(f"{k} · q", k * np.exp(log_noise(live)), "exp", bound=max(1.0, k / count)),
                column("D = 1", tallies[0], "prob", bound=most),
                column("D = 0", tallies[1], "exp", bound=most),
            ),
        ),
    )


def _posterior(live: Live, k: int) -> Step:
    """Item 39: P(D = 1) = p / (p + k q), a sigmoid of the log-odds."""
    odds, noise = _log_odds(live, k), k * np.exp(log_noise(live))
    posterior = core.sigmoid(odds)
    return Step(
        "posterior",
        r"\begin{aligned} P(D = 1 \mid c) &= \frac{p_c}{p_c + k\,q_c} \\"
        r" &= \sigma\big(\ln p_c - \ln (k\,q_c)\big) \end{aligned}",
        rf"\begin{{aligned}} P(D = 1 \mid @y_tex) &= \frac{{{mark(live.label, '@p_y')}}}{{@p_y + @noise_y}} \\"
        r" &= \sigma(@odds_y) = @posterior_y \end{aligned}",
        _y(live)
        | {
            "k": str(k),
            "noise_y": noise[live.label],
            "odds_y": odds[live.label],
            "posterior_y": posterior[live.label],
            "other_y": 1 - posterior[live.label],
        },
        (
            bars(
                live.names,
                link(live, "p"),
                column(f"{k} · q", noise, "exp", bound=max(1.0, k / len(live.names))),
                column("p / (p + k q)", posterior, "prob", bound=1.0),
                label=live.label,
            ),
        ),
    )


# ---- nce_loss taken apart ----


def batch(live: Live, num_sampled: int, sampler: str, seed: int) -> dict[str, Any]:
    """Arguments of `nce_loss`: the learner's example first, then seeded ones; one sample for all of them.

    Each example is one unit of the hidden vector, so that its logits are one column of the weights.
    """
    if sampler not in SAMPLERS:
        raise ValueError(f"sampler must be one of {', '.join(SAMPLERS)}, got {sampler!r}")
    count = len(live.names)
    rng = np.random.default_rng(seed)
    others = rng.normal(0.0, 2.0, (count, BATCH_SIZE - 1)).round(1)
    labels = rng.integers(count, size=(BATCH_SIZE, 1))
    labels[0] = live.label
    source = {"log_uniform": core.LogUniformSampler, "uniform": core.UniformSampler}[sampler](count)
    return {
        "weights": np.column_stack([live.logits / live.temperature, others]),
        "biases": np.zeros(count),
        "labels": labels,
        "inputs": np.eye(BATCH_SIZE),
        "sampled_values": source.sample(labels, num_sampled, unique=False, rng=rng),
    }


def _apart(live: Live, num_sampled: int, sampler: str, seed: int) -> Step:
    """Item 39: 1 + k logits, each minus the log of its expected count, and their labels."""
    layer = batch(live, num_sampled, sampler, seed)
    values = layer["sampled_values"]
    raw = core.sampled_logits(**layer, subtract_log_q=False).logits[0]
    logits, labels = (array[0] for array in core.sampled_logits(**layer))
    counts = np.append(values.true_expected_count[0], values.sampled_expected_count)
    classes = [live.label, *values.sampled]
    return Step(
        "apart",
        r"x_c = s_c - \ln(k\,q_c) \qquad s = h\,W^{\mathsf T} + b",
        rf"x_{{@y_tex}} = {mark(live.label, '@s_y')} - \ln @count_y = @x_y",
        _y(live)
        | {
            "s_y": raw[0],
            "count_y": counts[0],
            "x_y": logits[0],
            "k": str(num_sampled),
            "columns": str(num_sampled + 1),
            "classes": str(len(live.names)),
            "batch": str(BATCH_SIZE),
            "dim": str(layer["inputs"].shape[1]),
        },
        (
            grid(
                f"[1, 1 + {num_sampled}]",
                [f"{live.names[c]} (y)" if i == 0 else live.names[c] for i, c in enumerate(classes)],
                ["s", "k q", "x", "D"],
                np.column_stack([raw, counts, logits, labels]),
                marks=[(0, 2)],
                bound=10.0,
            ),
        ),
    )


def naive_loss(x: float, label: int) -> float:
    """-ln of the probability itself: infinite where 1 - sigmoid(x) has been rounded to 0."""
    yes = float(core.sigmoid(x))
    with np.errstate(divide="ignore"):
        return float(0.0 - np.log(yes if label else 1.0 - yes))


def _logistic(x: float, side: str) -> Step:
    """The stable form of one yes-or-no loss, part by part."""
    label = SIDES.index(side)
    loss, naive = float(core.sigmoid_cross_entropy(x, float(label))), naive_loss(x, label)
    at = np.linspace(-WIDEST_X, WIDEST_X, 241)
    return Step(
        "logistic",
        r"\begin{aligned} \ell &= -D \ln \sigma(x) - (1 - D) \ln\big(1 - \sigma(x)\big) \\"
        r" &= \max(x, 0) - x D + \ln\big(1 + e^{-|x|}\big) \end{aligned}",
        r"\begin{aligned} \ell &= \max(@x, 0) - @x_paren \cdot @label \\"
        r" &\quad + \ln\big(1 + e^{-|@x|}\big) \\"
        r" &= @above - @product + @tail = @loss \end{aligned}",
        {
            "x": x,
            "x_paren": paren(x),
            "label": str(label),
            "above": max(x, 0.0),
            "product": paren(x * label),
            "tail": float(np.log1p(np.exp(-abs(x)))),
            "loss": loss,
            "naive": naive,
        },
        (
            curve(
                axis("x", -WIDEST_X, WIDEST_X),
                axis("ℓ", 0.0, WIDEST_X),
                [
                    line(
                        "max(x, 0) − xD + ln(1 + e^−|x|)",
                        at,
                        core.sigmoid_cross_entropy(at, np.full(at.size, float(label))),
                        "loss",
                    ),
                    line("−ln P", at, [naive_loss(v, label) for v in at], "logit", dash=True),
                ],
                [dot(fmt(loss), x, loss)],
            ),
        ),
    )


def _rows(live: Live, num_sampled: int, sampler: str, seed: int) -> Step:
    """Item 41: the 1 + k losses of an example are added, those of the batch averaged."""
    layer = batch(live, num_sampled, sampler, seed)
    logits, labels = core.sampled_logits(**layer)
    cells = core.sigmoid_cross_entropy(logits, labels)
    rows = cells @ np.ones(cells.shape[1])
    return Step(
        "rows",
        r"\ell\,\mathbf 1_{1+k} \in \mathbb R^{B} \qquad L = \frac{1}{B} \sum_b (\ell\,\mathbf 1)_b",
        r"L = \frac{@row_sums}{@batch} = @mean",
        {
            "row_sums": " + ".join(fmt(row) for row in rows),
            "batch": str(BATCH_SIZE),
            "mean": float(core.nce_loss(**layer).mean()),
            "first": rows[0],
            "columns": str(cells.shape[1]),
            "y": live.label_name,
        },
        (
            grid(
                f"ℓ [{BATCH_SIZE}, 1 + {num_sampled}]",
                [f"{b} ({live.names[int(y)]})" for b, (y,) in enumerate(layer["labels"])],
                ["y", *(live.names[c] for c in layer["sampled_values"].sampled), "ℓ · 1"],
                np.column_stack([cells, rows]),
                marks=[(b, cells.shape[1]) for b in range(BATCH_SIZE)],
                bound=20.0,
            ),
            value("L", float(rows.mean())),
        ),
    )


@lru_cache(maxsize=64)
def untrained(num_classes: int, num_sampled: int) -> Mapping[str, float]:
    """What each loss says of a model that has learnt nothing, in nats; the noise is uniform, with replacement."""
    labels = np.zeros((1, 1), int)
    values = core.UniformSampler(num_classes).sample(labels, num_sampled, unique=False, rng=np.random.default_rng(0))
    layer = np.zeros((num_classes, 1)), np.zeros(num_classes), labels, np.zeros((1, 1)), values
    return {
        "cross_entropy": float(core.sparse_cross_entropy(np.zeros(num_classes), 0)),
        "importance_softmax": float(core.importance_softmax_loss(*layer)[0]),
        "sampled_softmax": float(core.sampled_softmax_loss(*layer)[0]),
        "negative_sampling": float(core.negative_sampling_loss(*layer)[0]),
        "nce": float(core.nce_loss(*layer)[0]),
    }


def _big(num_classes: int, num_sampled: int) -> Step:
    """Item 38: one model that has learnt nothing, five numbers."""
    losses = untrained(num_classes, num_sampled)
    odds = float(np.log(num_classes / num_sampled))
    return Step(
        "big",
        r"L_{\mathrm{NCE}} = \ln\left(1 + \frac{k}{V}\right) + k \ln\left(1 + \frac{V}{k}\right)",
        r"@true_part + @k \cdot @noise_part = @nce",
        {
            "k": str(num_sampled),
            "classes": str(num_classes),
            "true_part": float(core.sigmoid_cross_entropy(odds, 1.0)),
            "noise_part": float(core.sigmoid_cross_entropy(odds, 0.0)),
            "nce": losses["nce"],
            "full": losses["cross_entropy"],
            "sampled": losses["sampled_softmax"],
            "negative": losses["negative_sampling"],
        },
        (
            bars(
                list(losses),
                column(
                    "log₁₀(1 + L)",
                    np.log10(1 + np.array(list(losses.values()))),
                    "loss",
                    bound=4.0,
                    texts=[fmt(loss) for loss in losses.values()],
                ),
            ),
        ),
    )


# ---- the dimmer ----


def dimmer(log_model: Array, log_q: Array, k: float) -> Array:
    """The factor k q / (u + k q), [num_classes]: what NCE's expected gradient is of the full one, class by class."""
    return core.sigmoid(np.log(k) + log_q - log_model)


def _arrows(live: Live, k: int) -> Array:
    """Where NCE moves the logits on average, [num_classes]: one label, uniform noise, u = p."""
    one_hot, noise = core.one_hot(live.label, len(live.names)), np.exp(log_noise(live))
    return 0.0 - core.nce_expected_grad(log_data(live), one_hot, noise, k)


def _missing(live: Live, k: int) -> float:
    """How far NCE's arrows are from the full ones, as a share of their length."""
    full = core.one_hot(live.label, len(live.names)) - live.probs
    size = float(np.linalg.norm(full))
    return float(np.linalg.norm(_arrows(live, k) - full)) / size if size else 0.0


def _dimmer(live: Live, k: int) -> Step:
    """Item 39: each arrow of the full gradient is dimmed; as k grows, the dimmer opens."""
    one = replace(live, logits=live.logits / live.temperature, temperature=1.0)
    full = core.one_hot(live.label, len(live.names)) - live.probs
    open_ = dimmer(log_data(live), log_noise(live), k)
    arrows = _arrows(live, k)
    counts = np.unique(np.logspace(0, 3, 41).round().astype(int))
    missing_at = [100 * _missing(live, int(count)) for count in counts]
    missing = _missing(live, k)
    return Step(
        "dimmer",
        r"-\frac{\partial\, \mathbb E[L_{\mathrm{NCE}}]}{\partial s_c} = \frac{k\,q_c}{u_c + k\,q_c}\,(y_c - u_c)",
        r"\begin{aligned} & \frac{@noise_y}{@p_y + @noise_y} \cdot (1 - @p_y) \\"
        r" &= @open_y \cdot @full_y = @dimmed_y \end{aligned}",
        _y(live)
        | {
            "k": str(k),
            "noise_y": k / len(live.names),
            "open_y": open_[live.label],
            "full_y": full[live.label],
            "dimmed_y": arrows[live.label],
            "missing": 100 * missing,
        },
        (
            bars(
                live.names,
                link(one, "move", "y − p", bound=1.0),
                column("P(D = 0)", open_, "prob", bound=1.0),
                column("NCE", arrows, "push", bound=1.0, ghost=full),
                label=live.label,
            ),
            curve(
                log_axis("k", 0, 3),
                axis("%", 0.0, 100.0),
                [line("|NCE − (y − p)| / |y − p|", np.log10(counts), missing_at, "loss")],
                [dot(f"k = {k}: {fmt(100 * missing)} %", float(np.log10(k)), 100 * missing)],
            ),
        ),
    )


def expected_loss(live: Live, log_model: Array, k: float, exponent: float = 0.0) -> Array:
    """NCE's loss on average over the data and the noise, for logits of a model [..., num_classes]; [...]."""
    noise = k * np.exp(log_noise(live, exponent))
    x = log_model - np.log(k) - log_noise(live, exponent)
    yes, no = (core.sigmoid_cross_entropy(x, np.full(x.shape, side)) for side in (1.0, 0.0))
    return np.asarray((live.probs * yes + noise * no).sum(axis=-1))


def _whole(live: Live, k: int, shift: float) -> Step:
    """Item 39: NCE takes Z to be 1, and teaches the model to make it so; softmax does not see Z."""
    shifts = np.linspace(-WIDEST_SHIFT, WIDEST_SHIFT, 121)
    losses = expected_loss(live, log_data(live) + shifts[:, None], k)
    here = float(expected_loss(live, log_data(live) + shift, k))
    full = float(core.entropy(live.probs))
    top = float(max(losses.max(), full))
    return Step(
        "whole",
        r"s_j = \ln p_j + c \qquad Z = \sum_j e^{s_j} = e^{c}",
        r"\begin{aligned} Z &= e^{@shift} = @total \\"
        r" L_{\mathrm{NCE}} &= @loss \qquad L_{\mathrm{CE}} = @full \end{aligned}",
        {
            "k": str(k),
            "shift": shift,
            "total": float(np.exp(core.logsumexp(log_data(live) + shift))),
            "loss": here,
            "least": float(expected_loss(live, log_data(live), k)),
            "full": full,
        },
        (
            curve(
                axis("c = ln Z", -WIDEST_SHIFT, WIDEST_SHIFT),
                axis("L", 0.0, max(top * 1.05, 0.1)),
                [
                    line("NCE", shifts, losses, "loss"),
                    line("CE", [-WIDEST_SHIFT, WIDEST_SHIFT], [full, full], "prob", dash=True),
                ],
                [dot(fmt(here), shift, here), dot(fmt(full), shift, full, "prob")],
            ),
        ),
    )


# ---- negative sampling ----


def optimum(live: Live, k: float, exponent: float) -> tuple[Array, Array]:
    """The logits at which NCE and negative sampling come to rest: ln p, and ln(p / (k q)); each [num_classes]."""
    return log_data(live), _log_odds(live, k, exponent)


@lru_cache(maxsize=32)
def _trained(log_p: tuple[float, ...], log_kq: tuple[float, ...]) -> Array:
    data, log_noise_count = np.exp(np.array(log_p)), np.array(log_kq)
    noise = np.exp(log_noise_count)
    both = data + noise
    rate = 4 / both.max()
    correction = np.stack([log_noise_count, np.zeros(data.size)])
    path = np.zeros((MOST_STEPS + 1, 2, data.size))
    for step in range(MOST_STEPS):
        path[step + 1] = path[step] - rate * (both * core.sigmoid(path[step] - correction) - data)
    path.setflags(write=False)
    return path


def trained(live: Live, k: float, exponent: float) -> Array:
    """Both models, from nothing, by descent on the expected loss: logits, [MOST_STEPS + 1, 2, num_classes].

    NCE first, then negative sampling, which leaves out the ln(k q). The gradient is that of `expected_loss`:
    (p + k q) sigmoid(x) - p. The learning rate is the largest with which no step can raise the loss.
    """
    return _trained(tuple(log_data(live).tolist()), tuple((np.log(k) + log_noise(live, exponent)).tolist()))


def _twins(live: Live, k: int, exponent: float, num_steps: int) -> Step:
    """Item 40: NCE settles on p, negative sampling on p/q."""
    path = trained(live, k, exponent)
    now = path[num_steps]
    rests = optimum(live, k, exponent)
    targets = [core.softmax(rest) for rest in rests]
    probs = core.softmax(now)
    shown = path[:: max(1, MOST_STEPS // 100)]
    full = core.cross_entropy(shown, np.broadcast_to(live.probs, shown.shape))
    steps = np.arange(MOST_STEPS + 1)[:: max(1, MOST_STEPS // 100)]
    floor = float(core.entropy(live.probs))
    losses = core.cross_entropy(now, np.broadcast_to(live.probs, now.shape))
    lowest, highest = min(floor, float(full.min())), max(floor, float(full.max()))
    gap = max(highest - lowest, 0.01)
    return Step(
        "twins",
        r"\text{NCE}: s_c \to \ln p_c \qquad \text{NS}: s_c \to \ln \frac{p_c}{k\,q_c}",
        r"\begin{aligned} \text{NCE}: s_{@y_tex} &= @s_nce \to @rest_nce \\"
        r" \text{NS}: s_{@y_tex} &= @s_ns \to @rest_ns \\ @rest_ns &= \ln\frac{@p_y}{@noise_y} \end{aligned}",
        _y(live)
        | {
            "k": str(k),
            "exponent": exponent,
            "num_steps": str(num_steps),
            "noise_y": float(k * np.exp(log_noise(live, exponent)[live.label])),
            "s_nce": now[0, live.label],
            "s_ns": now[1, live.label],
            "rest_nce": rests[0][live.label],
            "rest_ns": rests[1][live.label],
            "ns_y": targets[1][live.label],
            "loss_nce": losses[0],
            "loss_ns": losses[1],
            "floor": floor,
        },
        (
            bars(
                live.names,
                link(live, "p"),
                column("NCE", probs[0], "prob", bound=1.0, ghost=targets[0]),
                column("∝ p / q", targets[1], "exp", bound=1.0),
                column("NS", probs[1], "exp", bound=1.0, ghost=targets[1]),
                label=live.label,
            ),
            curve(
                axis("n", 0.0, float(MOST_STEPS)),
                axis("L", max(0.0, lowest - 0.1 * gap), highest + 0.1 * gap),
                [
                    line("NCE", steps, full[:, 0], "prob"),
                    line("NS", steps, full[:, 1], "exp"),
                    line("H(p)", [0, MOST_STEPS], [floor, floor], "logit", dash=True),
                ],
                [
                    dot(fmt(losses[0]), num_steps, losses[0], "prob"),
                    dot(fmt(losses[1]), num_steps, losses[1], "exp"),
                ],
            ),
        ),
    )


def _exponent(live: Live, exponent: float) -> Step:
    """Item 43: the exponent of the noise lies between uniform and unigram; 3/4 was found by trying."""
    noise = core.FixedUnigramSampler(live.probs, distortion=exponent).probs()
    left = core.softmax(_log_odds(live, 1.0, exponent))
    rarest, top = int(np.argmin(live.logits)), int(np.argmax(live.logits))
    return Step(
        "exponent",
        r"q_c = \frac{p_c^{\,a}}{\sum_j p_j^{\,a}} \qquad \frac{p_c}{q_c} \propto p_c^{\,1-a}",
        r"\begin{aligned} q_{@rarest_tex} &: @p_rarest \to @q_rarest \\"
        r" q_{@top_tex} &: @p_top \to @q_top \end{aligned}",
        {
            "exponent": exponent,
            "left": 1 - exponent,
            "rarest": live.names[rarest],
            "rarest_tex": latex_name(live.names[rarest]),
            "top": live.names[top],
            "top_tex": latex_name(live.names[top]),
            "p_rarest": live.probs[rarest],
            "q_rarest": noise[rarest],
            "p_top": live.probs[top],
            "q_top": noise[top],
        },
        (
            bars(
                live.names,
                link(live, "p"),
                column(f"q ∝ p^{fmt(exponent)}", noise, "exp", bound=1.0, ghost=live.probs),
                column(f"NS ∝ p^{fmt(1 - exponent)}", left, "prob", bound=1.0, ghost=live.probs),
            ),
        ),
    )


def _default(function: Any, name: str) -> str:
    """The default of an argument, as Python writes it."""
    return str(inspect.signature(function).parameters[name].default)


def _defaults(num_sampled: int) -> Step:
    """Item 41: two functions with the same arguments, side by side."""
    functions = (core.nce_loss, core.sampled_softmax_loss)
    values = core.UniformSampler(10).sample([[0, 1]], num_sampled, unique=False, rng=np.random.default_rng(0))
    layer = np.zeros((10, 1)), np.zeros(10), [[0, 1]], np.zeros((1, 1)), values
    label = float(core.sampled_logits(*layer).labels[0, 0])
    start = untrained(1000, num_sampled)
    texts = [
        *([_default(f, name) for f in functions] for name in ("remove_accidental_hits", "subtract_log_q")),
        [_default(core.Sampler.sample, "unique")] * 2,
        [fmt(label)] * 2,
        [str(1 + num_sampled), "1"],
        [fmt(start["nce"]), fmt(start["sampled_softmax"])],
    ]
    different = [row for row, (first, second) in enumerate(texts) if first != second]
    return Step(
        "defaults",
        numbers={
            "k": str(num_sampled),
            "columns": str(num_sampled + 1),
            "label": label,
            "nce": start["nce"],
            "sampled": start["sampled_softmax"],
        },
        figures=(
            grid(
                f"nce_loss, sampled_softmax_loss (k = {num_sampled})",
                ["remove_accidental_hits", "subtract_log_q", "unique", "D (num_true = 2)", "Σ", "L (s = 0)"],
                ["NCE", "softmax"],
                np.zeros((len(texts), 2)),
                marks=[(row, side) for row in different for side in (0, 1)],
                texts=texts,
            ),
        ),
    )


# ---- questions and challenges ----


def questions(live: Live) -> list[Question]:
    """Predict first; each answer is found by core."""
    losses = untrained(200_000, 1000)
    one = float(core.sigmoid_cross_entropy(np.log(200.0), 0.0))
    full = core.one_hot(live.label, len(live.names)) - live.probs
    ends = np.stack([full, np.zeros_like(full), 1000 * full])
    top = int(np.argmax(live.logits))
    left = core.softmax(optimum(live, 5, 0.75)[1])[top]
    less, same = left < live.probs[top] - 1e-9, abs(left - live.probs[top]) <= 1e-9
    return [
        Question("big", int(abs(losses["nce"] - 1000 * one) < 0.01), {"nce": losses["nce"], "one": one}),
        Question("dimmer", int(np.argmin(np.abs(ends - _arrows(live, 1000)).sum(axis=1)))),
        Question(
            "twins",
            1 if same else 2 if less else 0,
            {"top": live.names[top], "p_top": live.probs[top], "left": left},
        ),
    ]


def challenges(
    live: Live,
    *,
    draw: int = 0,
    right: int = 0,
    k: int = 1,
    x: float = 4.0,
    side: str = SIDES[0],
    many: str = MANY[0],
    shift: float = 1.0,
    exponent: float = 0.75,
) -> list[Challenge]:
    """Tasks checked from the learner's numbers."""
    best = _best(live, k, draw)
    missing = _missing(live, int(many))
    rarest = int(np.argmin(live.logits))
    with np.errstate(over="ignore"):
        raised = float(np.exp(log_noise(live, exponent)[rarest] - log_data(live)[rarest]))
    found = draw >= ENOUGH_COINS and right >= best
    rare = {"rarest": live.names[rarest], "raised": raised, "often": str(OFTEN)}
    return [
        Challenge("sort", found, {"enough": str(ENOUGH_COINS), "best": str(best)}, "coins"),
        Challenge("infinite", bool(np.isinf(naive_loss(x, SIDES.index(side)))), {"x": x}, "logistic"),
        Challenge("open", missing < NEAR, {"missing": 100 * missing, "wanted": 100 * NEAR}, "dimmer"),
        Challenge("one", abs(shift) < NEAR, {"total": float(np.exp(shift))}, "whole"),
        Challenge("rare", raised >= OFTEN, rare, "exponent"),
    ]
