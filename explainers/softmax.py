"""From logits to probabilities: scale, subtract the largest, exponentiate, sum, divide. Items 1-6 and 9."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

import core
from explainers.board import link
from explainers.figures import axis, bars, column, curve, dot, grid, line
from explainers.step import Challenge, Live, Question, Step, fmt, latex_name, made, mark, paren, terms

DTYPES = ("float16", "float32", "float64")


def explain(
    live: Live,
    *,
    shift: float = 3.0,
    scale: float = 2.0,
    doubled: bool = False,
    climb: float = 0.0,
    dtype: str = "float16",
    only: Collection[str] | None = None,
) -> list[Step]:
    """The lesson in steps. At temperature 0 nothing can be divided: the step `argmax` stands for the walk-through."""
    steps = {
        "logits": lambda: _logits(live),
        "argmax": lambda: _argmax(live),
        "temperature": lambda: _temperature(live),
        "max": lambda: _max(live),
        "exp": lambda: _exp(live),
        "sum": lambda: _sum(live),
        "divide": lambda: _divide(live),
        "shift-all": lambda: _shift_all(live, shift, scale),
        "odds": lambda: _odds(live, doubled),
        "soft-argmax": lambda: _soft_argmax(live),
        "order": lambda: _order(live),
        "overflow": lambda: _overflow(live, climb, dtype),
    }
    if live.temperature > 0:
        del steps["argmax"]
        return made(only, steps) or [_temperature(live)]
    return made(only, {key: steps[key] for key in ("logits", "argmax", "soft-argmax", "overflow")}) or [_argmax(live)]


def _logits(live: Live) -> Step:
    """Item 1: logits are scores; only differences mean something."""
    raw = replace(live, temperature=1.0)
    first, second = (int(i) for i in np.argsort(-live.logits, kind="stable")[:2])
    gap = float(live.logits[first] - live.logits[second])
    return Step(
        "logits",
        r"z_i - z_j = \ln\frac{p_i}{p_j}",
        r"@z_first - @z_second = @gap \qquad \frac{p_{@first_tex}}{p_{@second_tex}} = e^{@gap} = @ratio",
        {
            "first": live.names[first],
            "second": live.names[second],
            "first_tex": latex_name(live.names[first]),
            "second_tex": latex_name(live.names[second]),
            "z_first": live.logits[first],
            "z_second": paren(live.logits[second]),
            "gap": gap,
            "ratio": core.odds(live.logits)[first, second],
            "lse": float(core.logsumexp(live.logits)),
        },
        (
            bars(
                live.names,
                link(raw, "z"),
                link(raw, "logp", "z − lse(z) = ln p"),
                link(raw, "p"),
                label=live.label,
                crown=first,
            ),
        ),
    )


def _argmax(live: Live) -> Step:
    """Item 5: T = 0 is argmax, not a division."""
    top = int(np.argmax(live.logits))
    return Step(
        "argmax",
        r"\lim_{T \to 0} \mathrm{softmax}(z / T) = \mathrm{onehot}(\arg\max_i z_i)",
        r"\arg\max_i z_i = @top_tex",
        {"top": live.names[top], "top_tex": latex_name(live.names[top]), "p_y": live.probs[live.label]},
        (
            bars(
                live.names,
                link(live, "z"),
                link(live, "p", "T → 0"),
                label=live.label,
                crown=top,
            ),
        ),
    )


def _steps(live: Live) -> core.SoftmaxSteps:
    return core.softmax_steps(live.logits, temperature=live.temperature)


def _temperature(live: Live) -> Step:
    steps = _steps(live)
    return Step(
        "temperature",
        r"s_i = \frac{z_i}{T}",
        r"s_{@y_tex} = \frac{@z_y}{@t} = @s_y",
        {
            "y": live.label_name,
            "y_tex": latex_name(live.label_name),
            "z_y": live.logits[live.label],
            "t": live.temperature,
            "s_y": steps.scaled[live.label],
        },
        (
            bars(
                live.names,
                link(live, "z"),
                link(live, "scaled", "s = z / T"),
                label=live.label,
            ),
        ),
    )


def _max(live: Live) -> Step:
    steps = _steps(live)
    return Step(
        "max",
        r"m = \max_j s_j \qquad d_i = s_i - m",
        r"m = \max(@all_s) = @m \qquad d_{@y_tex} = @s_y - @m_paren = @d_y",
        {
            "all_s": terms(steps.scaled, joiner=",\\; ", classes=range(len(live.names))),
            "m": steps.largest[0],
            "m_paren": paren(steps.largest[0]),
            "y": live.label_name,
            "y_tex": latex_name(live.label_name),
            "s_y": steps.scaled[live.label],
            "d_y": steps.shifted[live.label],
        },
        (
            bars(
                live.names,
                link(live, "scaled", "s"),
                link(live, "shifted", "d = s − m"),
                label=live.label,
            ),
        ),
    )


def _exp(live: Live) -> Step:
    steps = _steps(live)
    return Step(
        "exp",
        r"e_i = e^{d_i}",
        r"e_{@y_tex} = e^{@d_y} = @e_y",
        {
            "y": live.label_name,
            "y_tex": latex_name(live.label_name),
            "d_y": steps.shifted[live.label],
            "e_y": steps.exps[live.label],
        },
        (
            bars(
                live.names,
                link(live, "shifted", "d"),
                link(live, "exp", "e^d"),
                label=live.label,
            ),
        ),
    )


def _sum(live: Live) -> Step:
    steps, classes = _steps(live), range(len(live.names))
    return Step(
        "sum",
        r"Z = \sum_j e^{d_j}",
        r"Z = @exps = @values = @total",
        {
            "exps": terms(steps.shifted, "e^{@}", classes=classes),
            "values": terms(steps.exps, classes=classes),
            "total": steps.total[0],
            "count": str(len(live.names)),
        },
    )


def _divide(live: Live) -> Step:
    steps = _steps(live)
    return Step(
        "divide",
        r"p_i = \frac{e_i}{Z} = \frac{e^{z_i/T}}{\sum_j e^{z_j/T}}",
        rf"p_{{@y_tex}} = \frac{{{mark(live.label, '@e_y')}}}{{@values}} = \frac{{@e_y}}{{@total}} = @p_y",
        {
            "y": live.label_name,
            "y_tex": latex_name(live.label_name),
            "e_y": steps.exps[live.label],
            "values": terms(steps.exps, classes=range(len(live.names))),
            "total": steps.total[0],
            "p_y": steps.probs[live.label],
        },
        (
            bars(
                live.names,
                link(live, "exp", "e^d"),
                link(live, "p"),
                label=live.label,
                crown=int(np.argmax(steps.probs)),
            ),
        ),
    )


def _shift_all(live: Live, shift: float, scale: float) -> Step:
    """Item 2: a shift changes nothing, a scale does."""
    shifted = core.softmax(live.logits + shift, temperature=live.temperature)
    scaled = core.softmax(live.logits * scale, temperature=live.temperature)
    return Step(
        "shift-all",
        r"\frac{e^{z_i + c}}{\sum_j e^{z_j + c}} = \frac{e^{c}\,e^{z_i}}{e^{c}\sum_j e^{z_j}} = p_i",
        r"p_{@y_tex}(z) = @p_y \qquad p_{@y_tex}(z + @shift) = @p_shift \qquad p_{@y_tex}(@scale \cdot z) = @p_scale",
        {
            "y": live.label_name,
            "y_tex": latex_name(live.label_name),
            "shift": paren(shift),
            "scale": scale,
            "p_y": live.probs[live.label],
            "p_shift": shifted[live.label],
            "p_scale": scaled[live.label],
        },
        (
            bars(
                live.names,
                link(live, "p", "p(z)"),
                link(live, "p", f"p(z + {paren(shift)})", shift=shift),
                link(live, "p", f"p({fmt(scale)} · z)", scale=scale),
                label=live.label,
            ),
        ),
    )


def _odds(live: Live, doubled: bool) -> Step:
    """Item 3: + T ln 2 on one logit doubles its odds against every other class, not its probability."""
    bonus = live.temperature * np.log(2)
    after = live.logits.copy()
    after[live.label] += bonus
    before_odds, after_odds = (core.odds(logits, temperature=live.temperature) for logits in (live.logits, after))
    after_probs = core.softmax(after, temperature=live.temperature)
    shown, shown_odds = (after_probs, after_odds) if doubled else (live.probs, before_odds)
    other = 0 if live.label else 1
    return Step(
        "odds",
        r"\frac{p_i}{p_j} = e^{(z_i - z_j)/T}",
        r"\frac{p_{@y_tex}}{p_{@other_tex}}: @odds_before \to @odds_after \qquad p_{@y_tex}: @p_before \to @p_after",
        {
            "y": live.label_name,
            "y_tex": latex_name(live.label_name),
            "other_tex": latex_name(live.names[other]),
            "bonus": bonus,
            "odds_before": before_odds[live.label, other],
            "odds_after": after_odds[live.label, other],
            "p_before": live.probs[live.label],
            "p_after": after_probs[live.label],
        },
        (
            bars(live.names, column("p", shown, "prob", bound=1.0), label=live.label),
            grid(
                "p(row) / p(column)",
                live.names,
                live.names,
                np.log10(np.clip(shown_odds, 1e-3, 1e3)),
                texts=[[fmt(v) for v in row] for row in shown_odds],
                marks=[(live.label, j) for j in range(len(live.names)) if j != live.label],
                bound=3.0,
            ),
        ),
    )


def _soft_argmax(live: Live) -> Step:
    """Item 4: softmax is soft argmax; T logsumexp(z / T) is the soft max, between max and max + T ln V."""
    top = float(live.logits.max())
    count = len(live.names)
    temperatures = np.linspace(0.02, 5.0, 120)
    soft = temperatures * core.logsumexp(live.logits / temperatures[:, None])
    now = (
        live.temperature * float(core.logsumexp(live.logits, temperature=live.temperature))
        if live.temperature > 0
        else top
    )
    return Step(
        "soft-argmax",
        r"\max_i z_i \;\le\; T \ln \sum_j e^{z_j/T} \;\le\; \max_i z_i + T \ln V",
        r"@top \;\le\; @soft \;\le\; @ceiling",
        {
            "top": top,
            "soft": now,
            "ceiling": top + live.temperature * np.log(count),
            "count": str(count),
            "t": live.temperature,
        },
        (
            curve(
                axis("T", 0.0, 5.0),
                axis("z", top - 1.0, top + 5.0 * float(np.log(count)) + 0.5),
                [
                    line("T · logsumexp(z/T)", temperatures, soft, "prob"),
                    line("max z", [0.0, 5.0], [top, top], "logit", dash=True),
                    line("max z + T ln V", [0.0, 5.0], [top, top + 5.0 * np.log(count)], "exp", dash=True),
                ],
                [dot(f"T = {fmt(live.temperature)}", min(live.temperature, 5.0), now)] if live.temperature <= 5 else [],
            ),
        ),
    )


def _order(live: Live) -> Step:
    """Item 6: the temperature may come before or after log-softmax."""
    log_probs = core.log_softmax(live.logits)
    late = core.softmax(log_probs, temperature=live.temperature)
    return Step(
        "order",
        r"\mathrm{softmax}(z / T) = \mathrm{softmax}(\ln p / T)",
        r"p_{@y_tex}: \quad @p_before \;=\; @p_after",
        {
            "y_tex": latex_name(live.label_name),
            "t": live.temperature,
            "p_before": live.probs[live.label],
            "p_after": late[live.label],
        },
        (
            bars(
                live.names,
                column("z / T → softmax", live.probs, "prob", bound=1.0),
                column("ln p / T → softmax", late, "prob", bound=1.0),
                label=live.label,
            ),
        ),
    )


def _overflow(live: Live, climb: float, dtype: str) -> Step:
    """Item 9: the naive form overflows, the stable one does not."""
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, got {dtype!r}")
    with np.errstate(all="ignore"):
        cast = (live.logits + climb).astype(dtype)
        exps = np.exp(cast)
        finite = np.where(np.isfinite(cast), cast, np.finfo(dtype).max)
        shifted = finite - finite.max()
        naive = core.naive_softmax(cast)
    stable = core.softmax(finite)
    return Step(
        "overflow",
        r"\frac{e^{z_i}}{\sum_j e^{z_j}} \quad\text{vs}\quad \frac{e^{z_i - m}}{\sum_j e^{z_j - m}}",
        r"e^{z} < \infty \iff z \le @edge \qquad \max_i z_i = @top",
        {"dtype": dtype, "edge": core.exp_overflow(dtype), "top": float(cast.max()), "climb": climb},
        (
            grid(
                dtype,
                live.names,
                ["z", "exp(z)", "naive p", "z − m", "exp(z − m)", "p"],
                np.zeros((len(live.names), 6)),
                texts=[
                    [fmt(v) for v in row]
                    for row in np.stack([cast, exps, naive, shifted, np.exp(shifted), stable], axis=-1).astype(
                        np.float64
                    )
                ],
                marks=[
                    (i, j)
                    for i in range(len(live.names))
                    for j, value in ((0, cast[i]), (1, exps[i]), (2, naive[i]))
                    if not np.isfinite(value)
                ],
            ),
        ),
    )


def questions(live: Live, *, shift: float = 3.0) -> list[Question]:
    """Predict first; each answer is found by core, not written down."""
    if live.temperature == 0:
        return []
    moved = core.softmax(live.logits + shift, temperature=live.temperature) - live.probs
    doubled = live.logits.copy()
    doubled[live.label] += live.temperature * np.log(2)
    after = core.softmax(doubled, temperature=live.temperature)[live.label]
    cold = core.softmax(live.logits, temperature=live.temperature / 4)
    grew = int(np.sign(np.round(moved[live.label], 12)))
    return [
        Question("shift-all", {1: 0, 0: 1, -1: 2}[grew], {"shift": paren(shift)}),
        Question(
            "odds",
            0 if np.isclose(after, 2 * live.probs[live.label]) else 1,
            {"y": live.label_name, "p_before": live.probs[live.label], "p_after": after},
        ),
        Question("soft-argmax", 0 if np.argmax(cold) != np.argmax(live.probs) else 1),
    ]


def challenges(live: Live) -> list[Challenge]:
    """Tasks checked from the learner's numbers; a ratio counts as reached within one per cent."""
    probs = live.probs
    first, second = 1, 0
    spread = np.ptp(probs)
    entropy = float(core.entropy(probs))
    return [
        Challenge(
            "twice",
            bool(np.isclose(probs[first], 2 * probs[second], rtol=0.01)) and probs[second] > 0,
            {"first": live.names[first], "second": live.names[second]},
        ),
        Challenge("uniform", bool(spread < 0.01) and bool(np.ptp(live.logits) > 1), {"share": 1 / len(live.names)}),
        Challenge("sure", bool(probs.max() > 0.999) and bool(np.ptp(live.logits) <= 1 + 1e-9) and live.temperature > 0),
        Challenge(
            "bit", bool(abs(entropy / np.log(2) - 1) < 0.01) and live.temperature > 0, {"entropy": entropy / np.log(2)}
        ),
    ]
