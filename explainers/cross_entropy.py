"""The label picks one term: log-softmax, look up, negate. Items 12-14, 17 and 21-27."""

from __future__ import annotations

from typing import Any

import numpy as np

import core
from explainers.figures import axis, bars, column, curve, dot, grid, line
from explainers.step import Array, Challenge, Live, Question, Step, fmt, latex_name, paren, terms

MISTAKES = ("none", "twice", "from_logits=False")
VOCABULARIES = ("27", "83", "10000", "50257", "200000")
MARGINS = np.array([2.0, 1.5, 1.2, 1.8, 0.9, 1.4, 2.2, -0.5])
"""Item 25: eight samples of two classes; each number is the right logit minus the wrong one. The last is wrong."""


def explain(
    live: Live,
    *,
    lift: float = 2.0,
    shuffle: int = 1,
    mistake: str = "none",
    drop: float = 8.0,
    vocabulary: str = "27",
    further: float = 2.0,
    smoothing: float = 0.1,
) -> list[Step]:
    """The lesson in steps; the temperature must be positive."""
    return [
        _address(live),
        _logsumexp(live),
        _curve(live),
        _wrong(live, lift),
        _one_hot(live),
        _shuffle(live, shuffle),
        _uniform(live, int(vocabulary)),
        _mistake(live, mistake),
        _epsilon(live, drop),
        _accuracy(further),
        _units(live),
        _smoothing(live, smoothing),
    ]


def loss_of(live: Live) -> float:
    """The learner's loss in nats."""
    return float(core.sparse_cross_entropy(live.logits, live.label, temperature=live.temperature))


def _log_probs(live: Live) -> Array:
    return core.log_softmax(live.logits, temperature=live.temperature)


def _y(live: Live) -> dict[str, Any]:
    """What nearly every step says of the label."""
    return {"y": live.label_name, "y_tex": latex_name(live.label_name), "id": str(live.label), "loss": loss_of(live)}


def _address(live: Live) -> Step:
    """Item 12: softmax never sees the label; it is an address in the row of log-probabilities."""
    log_probs = _log_probs(live)
    return Step(
        "address",
        r"L = -\ln p_y",
        r"L = -(\ln p)[@id] = -\ln p_{@y_tex} = -(@log_p) = @loss",
        _y(live) | {"p_y": live.probs[live.label], "log_p": log_probs[live.label]},
        (
            bars(live.names, column("p", live.probs, "prob", bound=1.0), label=live.label),
            grid(
                f"ln p [{live.label}]",
                ["ln p"],
                [f"{i}: {name}" for i, name in enumerate(live.names)],
                log_probs[None, :],
                marks=[(0, live.label)],
            ),
        ),
    )


def _logsumexp(live: Live) -> Step:
    """Item 13: all classes enter through logsumexp."""
    scaled = live.logits / live.temperature
    return Step(
        "logsumexp",
        r"L = \ln\sum_j e^{z_j/T} - \frac{z_y}{T}",
        r"L = \ln\left(@exps\right) - @s_y = @lse - @s_y = @loss",
        _y(live)
        | {
            "exps": terms(scaled, "e^{@}"),
            "s_y": paren(scaled[live.label]),
            "lse": core.logsumexp(live.logits, temperature=live.temperature),
        },
        (
            bars(
                live.names,
                column("z / T", scaled, "logit"),
                column("−ln p", -_log_probs(live), "loss"),
                label=live.label,
            ),
        ),
    )


def _curve(live: Live) -> Step:
    p_y = live.probs[live.label]
    probs = np.linspace(0.001, 1.0, 200)
    losses = core.sparse_cross_entropy(
        np.log(np.stack([probs, np.maximum(1 - probs, 1e-300)], axis=-1)), np.zeros(200, int)
    )
    loss = loss_of(live)
    return Step(
        "curve",
        r"L(p_y) = -\ln p_y",
        r"-\ln @p_y = @loss",
        _y(live) | {"p_y": p_y, "tenth": -np.log(0.1), "half": -np.log(0.5)},
        (
            curve(
                axis("p(y)", 0.0, 1.0),
                axis("−ln p(y)", 0.0, 7.0),
                [line("−ln p", probs, losses, "loss")],
                [dot(f"L = {fmt(loss)}", p_y, min(loss, 7.0))],
            ),
        ),
    )


def _strongest_wrong(live: Live) -> int:
    wrong = live.logits.copy()
    wrong[live.label] = -np.inf
    return int(np.argmax(wrong))


def _wrong(live: Live, lift: float) -> Step:
    """Item 13: raise a wrong logit; its one-hot term stays 0 · ln p, the loss rises all the same."""
    rival = _strongest_wrong(live)
    raised = live.logits.copy()
    raised[rival] += lift
    after = core.softmax(raised, temperature=live.temperature)
    log_after = core.log_softmax(raised, temperature=live.temperature)
    return Step(
        "wrong",
        r"L = -\sum_j y_j \ln p_j = -\ln p_y",
        r"0 \cdot (@log_rival) = 0 \qquad L: @loss \to @loss_after",
        _y(live)
        | {
            "rival": live.names[rival],
            "lift": lift,
            "log_rival": log_after[rival],
            "loss_after": core.sparse_cross_entropy(raised, live.label, temperature=live.temperature),
        },
        (
            bars(
                live.names,
                column("p", live.probs, "prob", bound=1.0),
                column(f"z({live.names[rival]}) + {fmt(lift)} → p", after, "prob", bound=1.0),
                label=live.label,
            ),
        ),
    )


def _one_hot(live: Live) -> Step:
    """Item 14: one-hot and sparse are the same number; only the bytes differ."""
    one_hot = core.one_hot(live.label, len(live.names))
    dense = float(core.cross_entropy(live.logits, one_hot, temperature=live.temperature))
    log_probs = _log_probs(live)
    batch, time, vocabulary = 64, 100, 200_000
    return Step(
        "one-hot",
        r"-\sum_j y_j \ln p_j \;=\; -(\ln p)[y]",
        r"@dense_digits \;=\; @sparse_digits",
        _y(live)
        | {
            "dense_digits": repr(dense),
            "sparse_digits": repr(loss_of(live)),
            "sparse_kb": batch * time * np.dtype(np.int32).itemsize / 1e3,
            "dense_gb": batch * time * vocabulary * np.dtype(np.float32).itemsize / 1e9,
        },
        (
            grid(
                "−Σ y · ln p",
                ["y", "ln p", "−y · ln p"],
                live.names,
                np.stack([one_hot, log_probs, np.where(one_hot > 0, -log_probs, 0.0)]),
                marks=[(row, live.label) for row in range(3)],
                bound=6.0,
            ),
        ),
    )


def _shuffle(live: Live, seed: int) -> Step:
    """Item 17: an id is a name; permute ids and columns together and nothing changes."""
    order = np.random.default_rng(seed).permutation(len(live.names))
    new_id = int(np.flatnonzero(order == live.label)[0])
    loss = core.sparse_cross_entropy(live.logits[order], new_id, temperature=live.temperature)
    probs = core.softmax(live.logits[order], temperature=live.temperature)
    return Step(
        "shuffle",
        r"L(z, y) = L(z_\pi, \pi^{-1}(y))",
        r"y: @id \to @new_id \qquad L: @loss \to @loss_after",
        _y(live) | {"new_id": str(new_id), "loss_after": loss},
        (
            bars(
                [f"{i}: {n}" for i, n in enumerate(live.names)],
                column("p", live.probs, "prob", bound=1.0),
                label=live.label,
            ),
            bars(
                [f"{i}: {live.names[j]}" for i, j in enumerate(order)],
                column("p", probs, "prob", bound=1.0),
                label=new_id,
            ),
        ),
    )


def _uniform(live: Live, vocabulary: int) -> Step:
    """Item 24: a model that knows nothing has a loss of ln K."""
    count = len(live.names)
    guess, many = (float(core.sparse_cross_entropy(np.zeros(k), 0)) for k in (count, vocabulary))
    return Step(
        "uniform",
        r"p_j = \tfrac1K \;\Rightarrow\; L = \ln K",
        r"\ln @count = @guess \qquad \ln @vocabulary = @many \qquad L = @loss",
        _y(live) | {"count": str(count), "guess": guess, "vocabulary": str(vocabulary), "many": many},
        (bars(["L", f"ln {count}", f"ln {vocabulary}"], column("nats", [loss_of(live), guess, many], "loss")),),
    )


def _mistake(live: Live, mistake: str) -> Step:
    """Items 21 and 22: softmax twice has a floor; logits taken for probabilities give a number without meaning."""
    if mistake not in MISTAKES:
        raise ValueError(f"mistake must be one of {', '.join(MISTAKES)}, got {mistake!r}")
    logits = live.logits / live.temperature
    best, worst = core.double_softmax_range(len(live.names))
    with np.errstate(all="ignore"):
        losses = {
            "none": core.sparse_cross_entropy(logits, live.label),
            "twice": core.double_softmax_cross_entropy(logits, live.label),
            "from_logits=False": core.sparse_cross_entropy_from_probs(logits, live.label),
        }
        seen = {
            "none": live.probs,
            "twice": core.softmax(live.probs),
            "from_logits=False": core.softmax(np.log(np.clip(logits, 1e-7, 1 - 1e-7))),
        }[mistake]
    gaps = np.linspace(0.0, 20.0, 120)
    rows = np.zeros((120, len(live.names)))
    rows[:, 0] = gaps
    first = np.zeros(120, int)
    return Step(
        "mistake",
        r"L_{\text{twice}} = -\ln \mathrm{softmax}(\mathrm{softmax}(z))_y \;\ge\; \ln\left(1 + \frac{K-1}{e}\right)",
        r"L = @right \qquad L_{\text{twice}} = @twice \;\ge\; @best \qquad L_{\text{from\_logits=False}} = @garbage",
        _y(live)
        | {
            "right": losses["none"],
            "twice": losses["twice"],
            "garbage": losses["from_logits=False"],
            "best": best,
            "worst": worst,
            "count": str(len(live.names)),
        },
        (
            bars(
                live.names,
                column("p", live.probs, "prob", bound=1.0),
                column(mistake, seen, "prob", bound=1.0),
                label=live.label,
            ),
            curve(
                axis("z(y) − z(j)", 0.0, 20.0),
                axis("L", 0.0, float(worst)),
                [
                    line("L", gaps, core.sparse_cross_entropy(rows, first), "prob"),
                    line("twice", gaps, core.double_softmax_cross_entropy(rows, first), "loss"),
                    line(f"{fmt(best)}", [0.0, 20.0], [best, best], "logit", dash=True),
                ],
            ),
        ),
    )


def _epsilon(live: Live, drop: float) -> Step:
    """Item 23: epsilon caps the loss and kills the gradient; log-softmax needs none."""
    drops = np.linspace(0.0, 40.0, 161)
    rows = np.repeat(live.logits[None, :] / live.temperature, 161, axis=0)
    rows[:, live.label] -= drops
    labels = np.full(161, live.label)
    exact = core.sparse_cross_entropy(rows, labels)
    clipped = core.sparse_cross_entropy_from_probs(core.softmax(rows), labels)
    now = live.logits / live.temperature
    now[live.label] -= drop
    probs = core.softmax(now)
    clipped_now = float(core.sparse_cross_entropy_from_probs(probs, live.label))
    through = core.softmax_vjp(now, core.sparse_cross_entropy_from_probs_grad(probs, live.label))
    exact_now = float(core.sparse_cross_entropy(now, live.label))
    top = float(max(30.0, np.ceil(exact[-1] / 10) * 10)) if exact[-1] < 1e3 else float(exact[-1])
    return Step(
        "epsilon",
        r"-\ln \max(p_y, \varepsilon) \;\le\; -\ln \varepsilon",
        r"-\ln 10^{-7} = @ceiling \qquad \frac{\partial L}{\partial z_y} = @grad_exact"
        r" \qquad \frac{\partial L_\varepsilon}{\partial z_y} = @grad_clipped",
        _y(live)
        | {
            "drop": drop,
            "exact": exact_now,
            "clipped": clipped_now,
            "ceiling": -np.log(1e-7),
            "grad_exact": core.sparse_cross_entropy_grad(now, live.label)[live.label],
            "grad_clipped": through[live.label],
        },
        (
            curve(
                axis("z(y) − Δ, Δ", 0.0, 40.0),
                axis("L", 0.0, top),
                [line("log-softmax", drops, exact, "prob"), line("ln(clip(p, ε))", drops, clipped, "loss", dash=True)],
                [dot(fmt(exact_now), drop, exact_now, "prob"), dot(fmt(clipped_now), drop, clipped_now)],
            ),
        ),
    )


def _accuracy(further: float) -> Step:
    """Item 25: loss up while the accuracy stays or rises."""
    before = np.stack([MARGINS, np.zeros_like(MARGINS)], axis=-1)
    after = before.copy()
    after[:, 0] += np.where(MARGINS > 0, 0.0, -further)
    labels = np.zeros(len(MARGINS), int)
    losses = [core.sparse_cross_entropy(rows, labels) for rows in (before, after)]
    return Step(
        "accuracy",
        r"\bar L = \frac1N \sum_n L_n \qquad \mathrm{accuracy} = \frac1N \sum_n [\arg\max_j z_{nj} = y_n]",
        r"\bar L: @mean_before \to @mean_after \qquad \mathrm{accuracy}: @accuracy_before \to @accuracy_after",
        {
            "further": further,
            "mean_before": core.sparse_cross_entropy(before, labels, reduction="mean"),
            "mean_after": core.sparse_cross_entropy(after, labels, reduction="mean"),
            "accuracy_before": float((before.argmax(axis=1) == labels).mean()),
            "accuracy_after": float((after.argmax(axis=1) == labels).mean()),
        },
        (
            bars(
                [f"{n + 1} {'✓' if margin > 0 else '✗'}" for n, margin in enumerate(MARGINS)],
                column("L", losses[0], "loss", bound=10.0),
                column("L′", losses[1], "loss", bound=10.0),
            ),
        ),
    )


def _units(live: Live) -> Step:
    """Item 26: nats, bits, perplexity, and the order of mean and exp."""
    loss = loss_of(live)
    pair = np.array([1.0, 3.0])
    with np.errstate(over="ignore"):
        perplexity = float(core.perplexity(loss))
    return Step(
        "units",
        r"\mathrm{ppl} = e^{L} = 2^{L / \ln 2} \qquad e^{\frac1N\sum L_n} \le \frac1N \sum e^{L_n}",
        r"e^{@loss} = 2^{@loss_bits} = @faces \qquad e^{(@one + @three)/2} = @right"
        r" \;<\; \tfrac12(e^{@one} + e^{@three}) = @wrong",
        _y(live)
        | {
            "loss_bits": core.bits(loss),
            "faces": perplexity,
            "one": pair[0],
            "three": pair[1],
            "right": core.perplexity(pair.mean()),
            "wrong": core.perplexity(pair).mean(),
            "base": core.bits(1.0),
        },
        (
            bars(
                ["L", "L / ln 2", "ppl"],
                column("nats, bits, faces", [loss, float(core.bits(loss)), perplexity], "loss"),
            ),
        ),
    )


def _smoothing(live: Live, smoothing: float) -> Step:
    """Item 27: soft targets; the floor is their entropy, and what is above it is KL."""
    targets = core.smooth_labels(core.one_hot(live.label, len(live.names)), smoothing)
    loss = float(core.cross_entropy(live.logits, targets, temperature=live.temperature))
    floor = float(core.entropy(targets))
    return Step(
        "smoothing",
        r"q_y = 1 - \varepsilon + \frac{\varepsilon}{K} \qquad L = H(q) + \mathrm{KL}(q \,\|\, p)",
        r"q_{@y_tex} = @q_y \qquad @soft = @floor + @gap",
        _y(live)
        | {
            "smoothing": smoothing,
            "q_y": targets[live.label],
            "p_y": live.probs[live.label],
            "soft": loss,
            "floor": floor,
            "gap": loss - floor if np.isfinite(loss) else np.inf,
        },
        (
            bars(
                live.names,
                column("q", targets, "exp", bound=1.0),
                column("p", live.probs, "prob", bound=1.0),
                column("q − p", targets - live.probs, "push", bound=1.0),
                label=live.label,
            ),
        ),
    )


def questions(live: Live, *, lift: float = 2.0) -> list[Question]:
    """Predict first; each answer is found by core."""
    raised = live.logits.copy()
    raised[_strongest_wrong(live)] += max(lift, 1.0)
    before = loss_of(live)
    after = float(core.sparse_cross_entropy(raised, live.label, temperature=live.temperature))
    rows = np.zeros(len(live.names))
    rows[0] = 1e4
    perfect = float(core.double_softmax_cross_entropy(rows, 0))
    wrong_first = float(core.perplexity(np.array([1.0, 3.0])).mean()) > float(core.perplexity(2.0))
    rival = live.names[_strongest_wrong(live)]
    return [
        Question("wrong", 0 if after == before else 1, {"rival": rival, "loss": before, "loss_after": after}),
        Question("mistake", 0 if perfect < 1e-6 else 1, {"perfect": perfect}),
        Question("units", 1 if wrong_first else 0),
    ]


def challenges(live: Live) -> list[Challenge]:
    """Tasks checked from the learner's numbers."""
    loss = loss_of(live)
    count = len(live.names)
    guess = float(np.log(count))
    right = int(np.argmax(live.logits)) == live.label
    return [
        Challenge("ln-k", bool(abs(loss - guess) < 0.005), {"count": str(count), "guess": guess}),
        Challenge("small", loss < 0.01),
        Challenge("bit", bool(abs(loss - np.log(2)) < 0.005), {"bit": np.log(2)}),
        Challenge("right-but", right and loss > 1.0),
        Challenge("hundred", bool(abs(loss - np.log(100)) < 0.05), {"hundred": np.log(100)}),
    ]
