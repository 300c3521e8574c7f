"""The label picks one term: log-softmax, look up, negate. Items 7, 12-14, 17 and 21-27."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

import core
from explainers.board import link
from explainers.calibration import calibration
from explainers.calibration import question as calibration_question
from explainers.figures import Role, axis, bars, column, curve, dot, grid, line, value
from explainers.simplex import margin, margin_curve, triangle
from explainers.step import Array, Challenge, Live, Question, Step, fmt, latex_name, made, mark, paren, terms

MISTAKES = ("twice", "from_logits", "right")
"""Item 21: softmax twice. Item 22: logits where probabilities belong. And how it should be."""
VOCABULARIES = ("200000", "50257", "10000", "83", "27", "2")
KNOWING_NOTHING = {int(size): float(core.sparse_cross_entropy(np.zeros(int(size)), 0)) for size in VOCABULARIES}
"""the loss of equal logits, once: a row of 200,000 zeros is no work for each move of a slider"""
MARGINS = np.array([2.0, 1.5, 1.2, 1.8, 0.9, 1.4, -0.2, -0.5])
"""Item 25: eight samples of two classes; each number is the right logit minus the wrong one. Two are wrong."""
_ROLES: dict[str, Role] = {"twice": "loss", "from_logits": "exp", "right": "prob"}
CROSSING = 0.4
"""How far the seventh sample moves towards right, at most: enough to get there."""


def explain(
    live: Live,
    *,
    lift: float = 2.0,
    batch_size: int = 64,
    positions: int = 100,
    columns: str = VOCABULARIES[0],
    shuffle: int = 2,
    vocabulary: str = VOCABULARIES[0],
    mistake: str = MISTAKES[0],
    drop: float = 40.0,
    further: float = 2.0,
    calibration_t: float = 1.0,
    loss_one: float = 1.0,
    loss_two: float = 3.0,
    smoothing: float = 0.1,
    share: float = 0.0,
    only: Collection[str] | None = None,
) -> list[Step]:
    """The lesson in steps; the temperature must be positive."""
    return made(
        only,
        {
            "address": lambda: _address(live),
            "logsumexp": lambda: _logsumexp(live),
            "curve": lambda: _curve(live),
            "wrong": lambda: _wrong(live, lift),
            "one-hot": lambda: _one_hot(live, batch_size, positions, int(columns)),
            "shuffle": lambda: _shuffle(live, shuffle),
            "uniform": lambda: _uniform(live, int(vocabulary)),
            "mistake": lambda: _mistake(live, mistake),
            "epsilon": lambda: _epsilon(live, drop),
            "accuracy": lambda: _accuracy(further),
            "calibration": lambda: calibration(calibration_t),
            "units": lambda: _units(live, loss_one, loss_two),
            "smoothing": lambda: _smoothing(live, smoothing, share),
        },
    )


def loss_of(live: Live) -> float:
    """The learner's loss in nats."""
    return float(core.sparse_cross_entropy(live.logits, live.label, temperature=live.temperature))


def _log_probs(live: Live) -> Array:
    return core.log_softmax(live.logits, temperature=live.temperature)


def _surprise(probs: Array) -> Array:
    """The loss of a label that got this probability: the other class of two gets the rest."""
    with np.errstate(divide="ignore"):
        return core.sparse_cross_entropy(np.log(np.stack([probs, 1 - probs], axis=-1)), np.zeros(probs.shape, int))


def _y(live: Live) -> dict[str, float | str]:
    """What nearly every step says of the label."""
    return {"y": live.label_name, "y_tex": latex_name(live.label_name), "id": str(live.label), "loss": loss_of(live)}


def _address(live: Live) -> Step:
    """Item 12: softmax never sees the label; it is an address in the column of log-probabilities."""
    log_probs = _log_probs(live)
    loss = loss_of(live)
    looked_up = ["" if i != live.label else fmt(loss) for i in range(len(live.names))]
    return Step(
        "address",
        r"L = -(\ln p)[y]",
        r"L = -(\ln p)[@id] = -\ln p_{@y_tex} = -(@log_p) = @loss",
        _y(live) | {"p_y": live.probs[live.label], "log_p": log_probs[live.label]},
        (
            bars(live.names, link(live, "p", "p = softmax(z)"), label=live.label),
            grid(
                f"y = {live.label}",
                [f"{i}: {name}" for i, name in enumerate(live.names)],
                ["ln p", "L"],
                np.stack([log_probs, np.zeros(len(live.names))], axis=-1),
                texts=[[fmt(v), text] for v, text in zip(log_probs, looked_up, strict=True)],
                marks=[(live.label, 0), (live.label, 1)],
                bound=10.0,
                live=("logp", "loss"),
            ),
            value("L", loss, "loss"),
        ),
    )


def _logsumexp(live: Live) -> Step:
    """Item 13: all classes enter through logsumexp."""
    scaled = live.logits / live.temperature
    return Step(
        "logsumexp",
        r"L = \ln\sum_j e^{z_j/T} - \frac{z_y}{T}",
        rf"L = \ln\left(@exps\right) - {mark(live.label, '@s_y')} = @lse - {mark(live.label, '@s_y')} = @loss",
        _y(live)
        | {
            "exps": terms(scaled, "e^{@}", classes=range(len(live.names))),
            "s_y": paren(scaled[live.label]),
            "lse": core.logsumexp(live.logits, temperature=live.temperature),
        },
        (
            bars(
                live.names,
                link(live, "scaled", "z / T"),
                link(live, "nll", "logsumexp − z / T"),
                label=live.label,
            ),
        ),
    )


def _curve(live: Live) -> Step:
    loss = loss_of(live)
    probs = np.linspace(0.001, 1.0, 200)
    half, tenth = _surprise(np.array([0.5, 0.1]))
    return Step(
        "curve",
        r"L = -\ln p_y",
        r"-\ln @p_y = @loss",
        _y(live) | {"p_y": live.probs[live.label], "half": half, "tenth": tenth, "margin": margin(live)},
        (
            curve(
                axis("p(y)", 0.0, 1.0),
                axis("L", 0.0, 7.0),
                [line("−ln p", probs, _surprise(probs), "loss")],
                [dot(f"L = {fmt(loss)}", live.probs[live.label], loss, live=("p_y", "loss"))],
            ),
            margin_curve(live),
        ),
    )


def _strongest_wrong(live: Live) -> int:
    wrong = live.logits.copy()
    wrong[live.label] = -np.inf
    return int(np.argmax(wrong))


def _raised(live: Live, lift: float | Array) -> Array:
    """The logits with the strongest wrong one raised; lifts [..., 1] give [..., num_classes]."""
    return live.logits + np.asarray(lift) * core.one_hot(_strongest_wrong(live), len(live.names))


def _wrong(live: Live, lift: float) -> Step:
    """Item 13: raise a wrong logit; its one-hot term stays 0 · ln p, the loss rises all the same."""
    rival = _strongest_wrong(live)
    raised = _raised(live, lift)
    log_after = core.log_softmax(raised, temperature=live.temperature)
    after = float(core.sparse_cross_entropy(raised, live.label, temperature=live.temperature))
    one_hot = core.one_hot(live.label, len(live.names))
    lifts = np.linspace(0.0, 10.0, 81)
    losses = core.sparse_cross_entropy(
        _raised(live, lifts[:, None]),
        np.full(81, live.label),
        temperature=live.temperature,
    )
    low, high = float(losses.min()), float(losses.max())
    room = max(high - low, 1.0) * 0.15
    return Step(
        "wrong",
        r"L = -\sum_j y_j \ln p_j",
        r"L = @sum = @loss_after",
        _y(live)
        | {
            "rival": live.names[rival],
            "lift": lift,
            "sum": _weighted(one_hot, log_after),
            "loss_after": after,
        },
        (
            bars(
                live.names,
                column("p", live.probs, "prob", bound=1.0),
                column("p′", core.softmax(raised, temperature=live.temperature), "prob", bound=1.0),
                column("−y · ln p′", np.where(one_hot > 0, -log_after, 0.0), "loss"),
                label=live.label,
            ),
            curve(
                axis(f"z({live.names[rival]}) + …", 0.0, 10.0),
                axis("L", max(0.0, low - room), high + room),
                [line("L", lifts, losses, "loss")],
                [dot(f"L = {fmt(after)}", lift, after)],
            ),
        ),
    )


def _bytes(count: float) -> str:
    """A size as disks and frameworks give it, in powers of 1000.

    >>> _bytes(25600), _bytes(5.12e9)
    ('25.6 kB', '5.12 GB')
    """
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{fmt(count / size)} {unit}"
    return f"{fmt(count)} B"


def _one_hot(live: Live, batch_size: int, positions: int, vocabulary: int) -> Step:
    """Item 14: one-hot and sparse are the same number; only the bytes differ."""
    one_hot = core.one_hot(live.label, len(live.names))
    dense = float(core.cross_entropy(live.logits, one_hot, temperature=live.temperature))
    log_probs = _log_probs(live)
    ids = batch_size * positions * np.dtype(np.int32).itemsize
    rows = batch_size * positions * vocabulary * np.dtype(np.float32).itemsize
    return Step(
        "one-hot",
        r"-\sum_j y_j \ln p_j \;=\; -(\ln p)[y]",
        r"@dense_digits \;=\; @sparse_digits",
        _y(live)
        | {
            "dense_digits": repr(dense),
            "sparse_digits": repr(loss_of(live)),
            "batch": str(batch_size),
            "steps": str(positions),
            "columns": str(vocabulary),
            "sparse_bytes": _bytes(ids),
            "dense_bytes": _bytes(rows),
        },
        (
            grid(
                f"one-hot {live.label}",
                live.names,
                ["y", "ln p", "−y · ln p"],
                np.stack([one_hot, log_probs, np.where(one_hot > 0, -log_probs, 0.0)], axis=-1),
                marks=[(live.label, 2)],
                bound=10.0,
            ),
            bars(
                [f"[{batch_size}, {positions}] int32", f"[{batch_size}, {positions}, {vocabulary}] float32"],
                column("y", [ids, rows], "exp", bound=float(rows), texts=[_bytes(ids), _bytes(rows)]),
            ),
        ),
    )


def _shuffle(live: Live, seed: int) -> Step:
    """Item 17: an id is a name; permute ids and columns together and nothing changes."""
    order = np.random.default_rng(seed).permutation(len(live.names))
    new_id = int(np.flatnonzero(order == live.label)[0])
    shuffled = live.logits[order]
    return Step(
        "shuffle",
        r"L(z, y) = L(z_\pi, \pi^{-1}(y))",
        r"y: @id \to @new_id \qquad L: @loss \to @loss_after",
        _y(live)
        | {
            "new_id": str(new_id),
            "loss_after": core.sparse_cross_entropy(shuffled, new_id, temperature=live.temperature),
        },
        (
            bars(
                [f"{i}: {name}" for i, name in enumerate(live.names)],
                column("p", live.probs, "prob", bound=1.0),
                label=live.label,
            ),
            bars(
                [f"{i}: {live.names[j]}" for i, j in enumerate(order)],
                column("p[π]", core.softmax(shuffled, temperature=live.temperature), "prob", bound=1.0),
                label=new_id,
            ),
        ),
    )


def _uniform(live: Live, vocabulary: int) -> Step:
    """Item 24: a model that knows nothing has a loss of ln K."""
    count = len(live.names)
    loss = loss_of(live)
    guess, many = float(core.sparse_cross_entropy(np.zeros(count), 0)), KNOWING_NOTHING[vocabulary]
    ends = [min(KNOWING_NOTHING), max(KNOWING_NOTHING)]
    known = [KNOWING_NOTHING[size] for size in ends]
    ticks = [[float(np.log10(v)), fmt(v) if v != 50257 else ""] for v in (2, 27, 83, 1000, 10_000, 50257, 200_000)]
    return Step(
        "uniform",
        r"p_j = \frac{1}{K} \;\Rightarrow\; L = \ln K",
        r"\ln @count = @guess \qquad \ln @vocabulary = @many \qquad L = @loss",
        _y(live) | {"count": str(count), "guess": guess, "vocabulary": str(vocabulary), "many": many},
        (
            curve(
                {**axis("K", np.log10(ends[0]), 5.5, []), "ticks": ticks, "log": True},
                axis("L", 0.0, 13.0, [0, 2, 4, 6, 8, 10, 12]),
                [line("ln K", np.log10(ends), known, "prob")],
                [
                    dot(f"ln {vocabulary} = {fmt(many)}", float(np.log10(vocabulary)), many, "prob"),
                    dot(f"L = {fmt(loss)}", float(np.log10(count)), loss),
                ],
            ),
        ),
    )


def _mistaken(logits: Array, labels: NDArray[np.integer[Any]]) -> dict[str, Array]:
    """The loss in the right way and in two wrong ones; `logits` are already divided by the temperature."""
    return {
        "twice": core.double_softmax_cross_entropy(logits, labels),
        "from_logits": core.sparse_cross_entropy_from_probs(logits, labels),
        "right": core.sparse_cross_entropy(logits, labels),
    }


def _mistake(live: Live, mistake: str) -> Step:
    """Items 21 and 22: softmax twice has a floor; logits taken for probabilities give a number without meaning."""
    if mistake not in MISTAKES:
        raise ValueError(f"mistake must be one of {', '.join(MISTAKES)}, got {mistake!r}")
    count = len(live.names)
    logits = live.logits / live.temperature
    best, worst = core.double_softmax_range(count)
    every = _mistaken(np.repeat(logits[None, :], count, axis=0), np.arange(count))  # the loss if it were the label
    losses = {key: float(row[live.label]) for key, row in every.items()}
    raises = np.linspace(0.0, 20.0, 121)
    rows = logits + raises[:, None] * core.one_hot(live.label, count)
    lines = _mistaken(rows, np.full(121, live.label))
    signs = {"twice": "softmax(softmax(z))", "from_logits": "from_logits=False", "right": "softmax(z)"}
    column_title = {"twice": "softmax(p)", "from_logits": "clip(z) / Σ", "right": "softmax(z)"}
    top = max(float(worst), float(lines["from_logits"].max())) * 1.1
    return Step(
        "mistake",
        r"L_2 = -\ln \mathrm{softmax}(\mathrm{softmax}(z/T))_y \;\ge\; \ln\left(1 + \frac{K-1}{e}\right)",
        r"L = @right \qquad L_2 = @twice \;\ge\; \ln\left(1 + \frac{@count - 1}{e}\right) = @best",
        _y(live)
        | {
            "right": losses["right"],
            "twice": losses["twice"],
            "garbage": losses["from_logits"],
            "best": best,
            "worst": worst,
            "count": str(count),
        },
        (
            bars(
                live.names,
                column("p", live.probs, "prob", bound=1.0),
                column(column_title[mistake], np.exp(-every[mistake]), "exp", bound=1.0),
                label=live.label,
            ),
            curve(
                axis("z(y) / T + …", 0.0, 20.0),
                axis("L", 0.0, top),
                [
                    line(signs["right"], raises, np.where(lines["right"] <= top, lines["right"], np.nan), "prob"),
                    line(signs["twice"], raises, lines["twice"], "loss"),
                    line(signs["from_logits"], raises, lines["from_logits"], "exp"),
                    line(f"{fmt(best)}", [0.0, 20.0], [best, best], "logit", dash=True),
                ],
                [dot(f"L = {fmt(losses[mistake])}", 0.0, losses[mistake], _ROLES[mistake])],
            ),
        ),
    )


def _epsilon(live: Live, drop: float) -> Step:
    """Item 23: log(0) breaks, epsilon caps the loss and kills the gradient; log-softmax needs none."""
    count = len(live.names)
    drops = np.append(np.linspace(0.0, 120.0, 241), drop)
    rows = live.logits / live.temperature - drops[:, None] * core.one_hot(live.label, count)
    labels = np.full(len(drops), live.label)
    exact = core.sparse_cross_entropy(rows, labels)
    clipped = core.sparse_cross_entropy_from_probs(core.softmax(rows), labels)
    with np.errstate(divide="ignore"):
        naive = -np.log(core.softmax(rows.astype(np.float32))[:, live.label])
    now = rows[-1]
    probs = core.softmax(now)
    through = core.softmax_vjp(now, core.sparse_cross_entropy_from_probs_grad(probs, live.label))
    pulls = [-core.sparse_cross_entropy_grad(now, live.label)[live.label], -through[live.label]]
    ceiling = float(core.sparse_cross_entropy_from_probs(core.one_hot(1, 2), 0))
    dots = [dot(fmt(exact[-1]), drop, exact[-1], "prob")]
    if abs(exact[-1] - clipped[-1]) > 0.12 * exact.max():
        dots.append(dot(fmt(clipped[-1]), drop, clipped[-1], "loss"))
    return Step(
        "epsilon",
        r"L_\varepsilon = -\ln \max(p_y, \varepsilon) \;\le\; -\ln \varepsilon",
        r"L = @exact \qquad L_\varepsilon = @clipped \;\le\; -\ln 10^{-7} = @ceiling",
        _y(live)
        | {
            "drop": drop,
            "exact": exact[-1],
            "clipped": clipped[-1],
            "naive": naive[-1],
            "ceiling": ceiling,
            "pull_exact": pulls[0],
            "pull_clipped": pulls[1],
        },
        (
            curve(
                axis("z(y) / T − …", 0.0, 120.0),
                axis("L", 0.0, float(exact.max()) * 1.05),
                [
                    line("log-softmax", drops[:-1], exact[:-1], "prob"),
                    line("−ln clip(p, ε)", drops[:-1], clipped[:-1], "loss"),
                    line("−ln p, float32", drops[:-1], naive[:-1], "exp", dash=True),
                ],
                dots,
            ),
            bars(["log-softmax", "−ln clip(p, ε)"], column("−∂L / ∂z(y)", pulls, "push", bound=1.0)),
        ),
    )


def _accuracy(further: float) -> Step:
    """Item 25: the loss can rise while the accuracy rises too."""
    moves = np.zeros_like(MARGINS)
    moves[-2:] = min(further, CROSSING), -further
    before, after = (np.stack([m, np.zeros_like(m)], axis=-1) for m in (MARGINS, MARGINS + moves))
    labels = np.zeros(len(MARGINS), int)
    losses = [core.sparse_cross_entropy(rows, labels) for rows in (before, after)]
    right = [rows.argmax(axis=-1) == labels for rows in (before, after)]
    bound = max(4.0, float(losses[1].max()))
    return Step(
        "accuracy",
        r"\bar L = \frac1N \sum_n L_n",
        r"\begin{aligned} \bar L' &= \tfrac{1}{@count}(@terms_after) \\ &= @mean_after \;\ge\; \bar L = @mean_before"
        r"\end{aligned}",
        {
            "further": further,
            "behind": -float(MARGINS[-2]),
            "toward": float(moves[-2]),
            "count": str(len(MARGINS)),
            "terms_after": rf"{terms(losses[1][:4])} \\ &\quad + {terms(losses[1][4:])}",
            "mean_before": core.sparse_cross_entropy(before, labels, reduction="mean"),
            "mean_after": core.sparse_cross_entropy(after, labels, reduction="mean"),
            "right_before": str(int(right[0].sum())),
            "right_after": str(int(right[1].sum())),
        },
        (
            bars(
                [str(n + 1) for n in range(len(MARGINS))],
                *(
                    column(title, row, "loss", bound=bound, texts=list(map(_ticked, row, hit)))
                    for title, row, hit in zip(("L", "L′"), losses, right, strict=True)
                ),
            ),
        ),
    )


def _ticked(loss: float, right: bool) -> str:
    return f"{fmt(loss)} {'✓' if right else '✗'}"


def _units(live: Live, loss_one: float, loss_two: float) -> Step:
    """Item 26: nats, bits, perplexity, and the order of mean and exp."""
    loss = loss_of(live)
    both = np.array([loss_one, loss_two])
    x = np.linspace(0.0, 5.0, 101)
    mean = float(both.mean())
    faces, wrong_base = float(core.perplexity(loss)), float(core.perplexity(loss * np.log(2)))
    order_right, order_wrong = float(core.perplexity(mean)), float(core.perplexity(both).mean())
    top = float(core.perplexity(max(loss_one, loss_two, 1.0)))
    dots = [dot(fmt(order_right), mean, order_right, "prob")]
    if order_wrong - order_right > 0.06 * top:
        dots.append(dot(fmt(order_wrong), mean, order_wrong))
    return Step(
        "units",
        r"\mathrm{ppl} = e^{L} = 2^{L / \ln 2} \qquad e^{(L_1 + L_2)/2} \;\le\; \tfrac12 (e^{L_1} + e^{L_2})",
        r"e^{@loss} = 2^{@loss_bits} = @faces \qquad e^{(@one + @two)/2} = @order_right \;\le\; "
        r"\tfrac12 (e^{@one} + e^{@two}) = @order_wrong",
        _y(live)
        | {
            "loss_bits": core.bits(loss),
            "faces": faces,
            "wrong_base": wrong_base,
            "one": loss_one,
            "two": loss_two,
            "mean": mean,
            "order_right": order_right,
            "order_wrong": order_wrong,
            "nat": core.bits(1.0),
        },
        (
            bars(
                ["L (nat)", "L / ln 2 (bit)", "e^L", "2^L ✗"],
                column("L → ppl", [loss, float(core.bits(loss)), faces, wrong_base], "loss"),
            ),
            curve(
                axis("L", 0.0, float(max(loss_one, loss_two, 1.0))),
                axis("e^L", 0.0, top),
                [
                    line("e^mean(L)", x, core.perplexity(x), "prob"),
                    line("mean(e^L)", both, core.perplexity(both), "loss", dash=True),
                ],
                dots,
            ),
        ),
    )


def _targets(live: Live, smoothing: float, share: float) -> Array:
    """The soft label: the runner-up gets `share` of the label's 1, then all of it is smoothed."""
    count = len(live.names)
    soft = (1 - share) * core.one_hot(live.label, count) + share * core.one_hot(_strongest_wrong(live), count)
    return core.smooth_labels(soft, smoothing)


def _smoothing(live: Live, smoothing: float, share: float) -> Step:
    """Item 27: soft targets; the floor is their entropy, and what is above it is KL."""
    count = len(live.names)
    targets = _targets(live, smoothing, share)
    loss = float(core.cross_entropy(live.logits, targets, temperature=live.temperature))
    floor = float(core.entropy(targets))
    raises = np.linspace(-20.0, 20.0, 241)
    scaled = live.logits / live.temperature
    rows = scaled + raises[:, None] * core.one_hot(live.label, count)
    losses = core.cross_entropy(rows, np.repeat(targets[None, :], len(raises), axis=0))
    hard = core.sparse_cross_entropy(rows, np.full(len(raises), live.label))
    plain = core.smooth_labels(core.one_hot(0, count), smoothing)
    with np.errstate(divide="ignore"):
        best_gap = float(np.log(plain[0]) - np.log(plain[1]))
    top = max(float(np.percentile(np.append(losses, hard), 60)), floor * 2, loss * 1.2, 1.0)
    return Step(
        "smoothing",
        r"L = -\sum_j q_j \ln p_j = H(q) + \mathrm{KL}(q \,\|\, p)",
        r"\begin{aligned} L &= @sum \\ &= @soft = @floor + @kl \end{aligned}",
        _y(live)
        | {
            "smoothing": smoothing,
            "q_y": targets[live.label],
            "p_y": live.probs[live.label],
            "q_plain": plain[0],
            "sum": _weighted(targets, _log_probs(live)),
            "soft": loss,
            "floor": floor,
            "kl": max(loss - floor, 0.0),
            "best_gap": best_gap,
        },
        (
            bars(
                live.names,
                column("q", targets, "exp", bound=1.0),
                link(live, "p"),
                link(live, "move", "−∂L/∂z", target=targets),
                label=live.label,
            ),
            *((triangle(live, targets),) if count > 2 else ()),
            curve(
                axis("z(y) / T + …", -20.0, 20.0),
                axis("L", 0.0, top),
                [
                    line("q", raises, np.where(losses <= top, losses, np.nan), "loss"),
                    line("one-hot", raises, np.where(hard <= top, hard, np.nan), "prob", dash=True),
                    line(f"H(q) = {fmt(floor)}", [-20.0, 20.0], [floor, floor], "logit", dash=True),
                ],
                [dot(f"L = {fmt(loss)}", 0.0, loss)],
            ),
        ),
    )


def _weighted(weights: Array, log_probs: Array) -> str:
    r"""Every term of −Σ w ln p.

    >>> _weighted(np.array([0.0, 1.0]), np.array([-2.0, -0.5]))
    '0 \\cdot 2 + 1 \\cdot 0.5'
    """
    return " + ".join(rf"{fmt(w)} \cdot {fmt(abs(v))}" for w, v in zip(weights, log_probs, strict=True))


def questions(live: Live, *, lift: float = 2.0) -> list[Question]:
    """Predict first; each answer is found by core."""
    asked = lift or 2.0
    before = loss_of(live)
    after = float(core.sparse_cross_entropy(_raised(live, asked), live.label, temperature=live.temperature))
    perfect = np.zeros(10)
    perfect[0] = 1e4
    floor = float(core.double_softmax_cross_entropy(perfect, 0))
    two = np.array([1.0, 3.0])
    pair = -np.stack([two, -np.log(-np.expm1(-two))], axis=-1)  # two rows whose label 0 costs 1 and 3 nats
    truth = float(core.perplexity(core.sparse_cross_entropy(pair, np.zeros(2, int), reduction="mean")))
    offered = [float(core.perplexity(two).mean()), float(core.perplexity(two.mean()))]
    return [
        Question(
            "wrong",
            0 if after > before else 1,
            {"rival": live.names[_strongest_wrong(live)], "lift": asked, "loss": before, "loss_after": after},
        ),
        Question("mistake", 0 if floor < 1e-6 else 1, {"floor": floor}),
        calibration_question(),
        Question(
            "units",
            int(np.argmin(np.abs(np.array(offered) - truth))),
            {"one": two[0], "two": two[1], "means": offered[0], "whole": offered[1]},
        ),
    ]


def challenges(live: Live, *, smoothing: float = 0.1, share: float = 0.0) -> list[Challenge]:
    """Tasks checked from the learner's numbers."""
    loss = loss_of(live)
    count = len(live.names)
    guess = float(core.sparse_cross_entropy(np.zeros(count), 0))
    limit = 0.9 * guess
    others = np.delete(live.logits, live.label)
    ceiling = float(core.sparse_cross_entropy_from_probs(core.one_hot(1, 2), 0))
    targets = _targets(live, smoothing, share)
    floor = float(core.entropy(targets))
    soft = float(core.cross_entropy(live.logits, targets, temperature=live.temperature))
    return [
        Challenge("ln-k", abs(loss - guess) < 5e-4, {"count": str(count), "guess": guess}),
        Challenge("small", loss < 0.01, {"loss": loss}),
        Challenge("right-but", bool(live.logits[live.label] > others.max()) and loss > limit, {"limit": limit}),
        Challenge("beyond", loss > ceiling, {"ceiling": ceiling}),
        Challenge("floor", smoothing >= 0.05 and soft - floor < 0.001, {"soft": soft, "floor": floor}),
    ]
