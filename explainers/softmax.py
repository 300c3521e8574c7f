"""From logits to probabilities: scale, subtract the largest, exponentiate, sum, divide. Items 1-6 and 8-11."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import core
from explainers.board import link
from explainers.figures import Role, axis, bars, column, curve, dot, grid, line, log_axis
from explainers.step import Array, Challenge, Live, Question, Step, fmt, latex_name, made, mark, paren, terms

DTYPES = core.PRECISIONS
TOLERANCE = 0.05
"""A way of computing the loss passes when it is this near: in nats, or in parts of a loss above 1."""
AT_ZERO = ("logits", "argmax", "soft-argmax", "overflow", "ways", "accumulate", "cosine")
"""The steps that need no temperature above 0."""
AXES = ("class", "batch")
BATCH_SIZE = 5
RATE, NUM_STEPS = 2.0, 20
"""Item 8: how a batch is trained."""
MOST_ONES = 200_000
COSINE_CLASSES = ("10", "1000", "200000")
WANTED = 0.99
"""Item 11: the probability that the cosines should be able to reach."""
MARGIN = 0.5
"""Item 11: how much more scale than needed still counts as found."""
WIDEST = 12.0


def explain(
    live: Live,
    *,
    shift: float = 3.0,
    scale: float = 2.0,
    doubled: bool = False,
    along: str = AXES[0],
    dtype: str = DTYPES[0],
    climb: float = 0.0,
    ones: int = MOST_ONES,
    cosine_classes: str = COSINE_CLASSES[0],
    cosine_scale: float = 1.0,
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
        "axis": lambda: _axis(live, along),
        "overflow": lambda: _overflow(live, climb, dtype),
        "ways": lambda: _ways(live, climb, dtype),
        "accumulate": lambda: _accumulate(ones, dtype),
        "cosine": lambda: _cosine(int(cosine_classes), cosine_scale),
    }
    if only is not None and not set(only) & set(steps):
        return []  # the challenges stand alone
    if live.temperature > 0:
        del steps["argmax"]
        return made(only, steps) or [_temperature(live)]
    return made(only, {key: steps[key] for key in steps if key in AT_ZERO}) or [_argmax(live)]


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


def _batch(live: Live) -> tuple[Array, NDArray[np.intp]]:
    """The learner's row first, then seeded ones, and their labels; the second example has the learner's label, too."""
    rng = np.random.default_rng(8)
    others = rng.normal(0.0, 2.0, (BATCH_SIZE - 1, len(live.names))).round(1)
    labels = rng.integers(len(live.names), size=BATCH_SIZE)
    labels[:2] = live.label
    return np.vstack([live.logits / live.temperature, others]), labels


def _axis(live: Live, along: str) -> Step:
    """Item 8: softmax over the batch sums to one, too, and its loss falls; only along the wrong axis."""
    if along not in AXES:
        raise ValueError(f"along must be one of {', '.join(AXES)}, got {along!r}")
    count = len(live.names)
    logits, labels = _batch(live)
    number = {"class": -1, "batch": 0}[along]
    probs = core.softmax(logits, axis=number)
    row_sums, column_sums = probs.sum(axis=1), probs.sum(axis=0)
    shown = np.block([[row_sums[:, None], probs], [probs.sum(keepdims=True), column_sums[None, :]]])
    right, wrong = (
        core.descend_batch(logits, labels, axis=over, learning_rate=RATE, num_steps=NUM_STEPS) for over in (-1, 0)
    )
    _, sharing = np.unique(labels, return_counts=True)
    steps = np.arange(NUM_STEPS + 1)
    drawn: list[tuple[str, Array, Role, bool]] = [
        ("axis=-1: L", right.losses, "prob", False),
        ("axis=0: L", wrong.losses, "loss", False),
        ("axis=0: L(axis=-1)", wrong.true_losses, "loss", True),
    ]
    now = (right if along == "class" else wrong).losses
    return Step(
        "axis",
        r"\text{axis}=-1:\; \sum_i p_{b,i} = 1 \qquad \text{axis}=0:\; \sum_b p_{b,i} = 1",
        r"\sum_i p_{0,i} = @row_sum \qquad \sum_b p_{b,@y_tex} = @column_sum",
        {
            "y": live.label_name,
            "y_tex": latex_name(live.label_name),
            "row_sum": row_sums[0],
            "column_sum": column_sums[live.label],
            "batch": str(BATCH_SIZE),
            "count": str(count),
            "steps": str(NUM_STEPS),
            "start": wrong.losses[0],
            "end": wrong.losses[-1],
            "true_end": wrong.true_losses[-1],
            "right_end": right.losses[-1],
            "floor": float((sharing * np.log(sharing)).sum() / BATCH_SIZE),
            "ln_batch": float(np.log(BATCH_SIZE)),
            "ln_count": float(np.log(count)),
        },
        (
            grid(
                f"softmax(z, axis={number})",
                [*(f"{i}: y = {live.names[y]}" for i, y in enumerate(labels)), "Σ"],
                ["Σ", *live.names],
                shown,
                marks=[(i, 0) for i, total in enumerate(row_sums) if not np.isclose(total, 1)],
                bound=1.0,
            ),
            curve(
                axis("n", 0.0, NUM_STEPS),
                axis("L", 0.0, max(1.0, *(1.05 * float(losses.max()) for _, losses, _, _ in drawn))),
                [line(text, steps, losses, role, dash) for text, losses, role, dash in drawn],
                [dot(f"L = {fmt(now[-1])}", NUM_STEPS, now[-1], "prob" if along == "class" else "loss")],
            ),
        ),
    )


def _overflow(live: Live, climb: float, dtype: str) -> Step:
    """Item 9: softmax cell by cell in one precision; a cell that cannot be right gets a frame."""
    cells = core.softmax_cells(live.logits + climb, dtype)
    columns = {
        "z": cells.logits,
        "exp(z)": cells.exps,
        "naive p": cells.naive_probs,
        "z − m": cells.shifted,
        "exp(z − m)": cells.shifted_exps,
        "p": cells.probs,
    }
    values = np.stack([column.astype(np.float64) for column in columns.values()], axis=-1)
    sums = ["", fmt(float(cells.total)), fmt(values[:, 2].sum())]
    sums += ["", fmt(float(cells.shifted_total)), fmt(values[:, 5].sum())]
    exponentials = np.array([False, True, True, False, True, True])
    broken = ~np.isfinite(values) | (exponentials & (values == 0))
    return Step(
        "overflow",
        r"\frac{e^{z_i}}{\sum_j e^{z_j}} \quad\text{vs}\quad \frac{e^{z_i - m}}{\sum_j e^{z_j - m}}",
        r"0 < e^{z} < \infty \iff @floor < z \le @edge \qquad \max_i z_i = @top",
        {
            "dtype": dtype,
            "edge": core.exp_overflow(dtype),
            "floor": core.exp_underflow(dtype),
            "top": float(cells.logits.max()),
            "spacing": core.spacing(float(cells.logits.max()), dtype),
        },
        (
            grid(
                dtype,
                [*live.names, "Σ"],
                list(columns),
                np.zeros((len(live.names) + 1, len(columns))),
                texts=[*([fmt(v) for v in row] for row in values), sums],
                marks=_where(broken),
            ),
        ),
    )


def _where(cells: NDArray[np.bool]) -> list[tuple[int, int]]:
    return [(int(i), int(j)) for i, j in np.argwhere(cells)]


def _passes(loss: float, exact: float) -> bool:
    return bool(abs(loss - exact) <= TOLERANCE * max(1.0, exact))


def _ways(live: Live, climb: float, dtype: str) -> Step:
    """Items 9 and 10: four ways of writing the loss, equal on paper, in every precision."""
    every = {precision: core.loss_ways(live.logits + climb, live.label, precision) for precision in DTYPES}
    passed = np.array([[_passes(loss, ways.exact) for loss in ways[:4]] for ways in every.values()])
    texts = [
        [*(f"{'✓' if ok else '✗'} {fmt(loss)}" for ok, loss in zip(row, ways[:4], strict=True)), fmt(ways.exact)]
        for row, ways in zip(passed, every.values(), strict=True)
    ]
    return Step(
        "ways",
        r"\underbrace{-\ln\tfrac{e^{z_y}}{\sum_j e^{z_j}}}_{1} = "
        r"\underbrace{-\ln\tfrac{e^{z_y-m}}{\sum_j e^{z_j-m}}}_{2} = "
        r"\underbrace{\textstyle\bigl(m + \ln\sum_j e^{z_j-m}\bigr) - z_y}_{3} = "
        r"\underbrace{\textstyle\ln\sum_j e^{z_j-m} - (z_y - m)}_{4}",
        r"\text{@dtype}: \quad \underset{1}{\mathrm{@naive}} \quad \underset{2}{\mathrm{@max_trick}}"
        r" \quad \underset{3}{\mathrm{@logsumexp}} \quad \underset{4}{\mathrm{@fused}}",
        {"dtype": dtype, "failed": str(int((~passed).sum())), "tolerance": TOLERANCE, **every[dtype]._asdict()},
        (
            grid(
                "L",
                [f"▸ {precision}" if precision == dtype else precision for precision in DTYPES],
                ["1 naive", "2 z − m", "3 logsumexp", "4 fused", "L"],
                np.zeros((len(DTYPES), 5)),
                texts=texts,
                marks=_where(~passed),
            ),
        ),
    )


@cache
def _running(dtype: str) -> Array:
    """What a loop that adds ones has after each of them, [MOST_ONES]; once, for every move of the slider."""
    return core.running_sum(np.ones(MOST_ONES), dtype)


@lru_cache(maxsize=64)
def _in_pairs(ones: int, dtype: str) -> float:
    """The same ones added in pairs."""
    return core.tree_sum(np.ones(ones), dtype)


@cache
def _running_lines() -> list[dict[str, Any]]:
    """The same as lines over two logarithmic axes; float32 and float64 can count this far."""
    counts = np.unique(np.logspace(0, np.log10(MOST_ONES), 100).round().astype(int))
    drawn: dict[str, Role] = {"float32": "prob", "float16": "loss", "bfloat16": "exp"}
    return [
        line("float32, float64" if dtype == "float32" else dtype, np.log10(counts), np.log10(sums[counts - 1]), role)
        for dtype, role in drawn.items()
        for sums in [_running(dtype).astype(np.float64)]
    ]


def _accumulate(ones: int, dtype: str) -> Step:
    """Item 10: the sum can break, however well the largest was subtracted."""
    stuck = float(_running(dtype)[ones - 1])
    sums = {
        "((1 + 1) + 1) + …": stuck,
        "(1 + 1) + (1 + 1) + …": _in_pairs(ones, dtype),
        "float32": float(_running("float32")[ones - 1]),
    }
    totals = np.array(list(sums.values()))
    shown = np.stack([totals, np.log(totals), ones / totals], axis=-1)
    wrong = np.repeat(~np.isclose(totals, ones, rtol=0.01)[:, None], 3, axis=1)
    texts = [[fmt(v) for v in row] for row in shown]
    return Step(
        "accumulate",
        r"Z = \sum_{j=1}^{n} e^{0} = n \qquad p_j = \frac{1}{Z} \qquad L = \ln Z",
        r"n = @count \qquad Z = @stuck \qquad \sum_j p_j = @whole \qquad L = @loss_stuck",
        {
            "dtype": dtype,
            "count": str(ones),
            "stuck": stuck,
            "grid": core.spacing(stuck, dtype),
            "tree": totals[1],
            "largest": core.FORMATS[dtype].largest,
            "whole": shown[0, 2],
            "loss_stuck": shown[0, 1],
            "loss": shown[2, 1],
        },
        (
            curve(
                log_axis("n", 0, 5) | {"hi": 5.5},
                log_axis("1 + 1 + 1 + …", 0, 5) | {"hi": 5.5},
                _running_lines(),
                [dot(f"{dtype}: {fmt(stuck)}", float(np.log10(ones)), float(np.log10(stuck)))],
            ),
            grid(
                dtype,
                list(sums),
                ["Z", "ln Z", "n / Z"],
                np.zeros((3, 3)),
                texts=texts,
                marks=_where(wrong),
            ),
        ),
    )


def _cosine(count: int, scale: float) -> Step:
    """Item 11: in [-s, s] the gap is at most 2 s, and so is what softmax can make of it."""
    best, plain = core.bounded_best(count, scale), core.bounded_best(count)
    twice, _ = core.double_softmax_range(count)
    need = core.bounded_scale(count, WANTED)
    scales = np.linspace(0.0, WIDEST, 145)
    reach = core.bounded_best(count, scales)
    return Step(
        "cosine",
        r"p_{\max} = \frac{e^{s}}{e^{s} + (V-1)\,e^{-s}} \qquad L_{\min} = \ln\left(1 + (V-1)\,e^{-2s}\right)",
        r"p_{\max} = \frac{e^{@scale}}{e^{@scale} + @others\,e^{-@scale}} = @p_max \qquad L_{\min} = @loss",
        {
            "classes": str(count),
            "others": str(count - 1),
            "scale": scale,
            "p_max": best.prob,
            "loss": best.loss,
            "p_plain": plain.prob,
            "want": WANTED,
            "need": need,
            "twice": twice,
            "unsure": float(np.log(count)),
        },
        (
            curve(
                axis("s", 0.0, WIDEST),
                axis("max p", 0.0, 1.0),
                [line("max p", scales, reach.prob), line(f"p = {fmt(WANTED)}", [0, WIDEST], WANTED, "exp", dash=True)],
                [dot(f"p = {fmt(float(best.prob))}", scale, float(best.prob), "prob")],
            ),
            curve(
                axis("s", 0.0, WIDEST),
                axis("min L", 0.0, 1.05 * float(np.log(count))),
                [line("min L", scales, reach.loss, "loss")],
                [
                    dot(f"softmax(softmax(z)): {fmt(twice)}", 0.5, twice, "exp"),
                    dot(f"L = {fmt(float(best.loss))}", scale, float(best.loss)),
                ],
            ),
        ),
    )


def questions(live: Live, *, shift: float = 3.0, dtype: str = DTYPES[0], ones: int = MOST_ONES) -> list[Question]:
    """Predict first; each answer is found by core, not written down."""
    total = float(_running(dtype)[ones - 1])
    came = 0 if total == ones else 1 if np.isinf(total) else 2
    adding = Question("accumulate", came, {"count": str(ones), "dtype": dtype})
    if live.temperature == 0:
        return [adding]
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
        adding,
    ]


def challenges(
    live: Live, *, climb: float = 0.0, cosine_classes: str = COSINE_CLASSES[0], cosine_scale: float = 1.0
) -> list[Challenge]:
    """Tasks checked from the learner's numbers; a ratio counts as reached within one per cent."""
    probs = live.probs
    first, second = 1, 0
    spread = np.ptp(probs)
    half = core.loss_ways(live.logits + climb, live.label, "float16")
    most = int(COSINE_CLASSES[-1])
    need = core.bounded_scale(most, WANTED)
    return [
        Challenge(
            "twice",
            bool(np.isclose(probs[first], 2 * probs[second], rtol=0.01)) and probs[second] > 0,
            {"first": live.names[first], "second": live.names[second]},
        ),
        Challenge("uniform", bool(spread < 0.01) and bool(np.ptp(live.logits) > 1), {"share": 1 / len(live.names)}),
        Challenge("sure", bool(probs.max() > 0.999) and bool(np.ptp(live.logits) <= 1 + 1e-9) and live.temperature > 0),
        Challenge(
            "infinite",
            bool(np.isinf(half.max_trick)) and _passes(half.fused, half.exact),
            {"floor": core.exp_underflow("float16"), "max_trick": half.max_trick, "fused": half.fused},
        ),
        Challenge(
            "cosine",
            int(cosine_classes) == most and need <= cosine_scale <= need + MARGIN,
            {"classes": str(most), "want": WANTED, "margin": MARGIN},
        ),
    ]
