"""Push all in proportion, pull one: the gradient p − y and where it goes. Items 13, 27 and 28."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

import core
from explainers.board import link
from explainers.figures import axis, bars, column, curve, dot, grid, line
from explainers.simplex import margin, margin_curve, triangle
from explainers.step import Array, Challenge, Live, Question, Step, fmt, latex_name, made, paren, terms

HIDDEN = (1.0, -0.5, 2.0)
"""Default hidden vector, [dim]."""


def explain(
    live: Live,
    *,
    rate: float = 1.0,
    num_steps: int = 20,
    soften: float = 0.1,
    aim_soft: bool = False,
    hidden: tuple[float, ...] = HIDDEN,
    weights_seed: int = 0,
    only: Collection[str] | None = None,
) -> list[Step]:
    """The lesson in steps; the temperature must be positive. `aim_soft`: descend towards the softened target."""
    return made(
        only,
        {
            "difference": lambda: _difference(live),
            "why": lambda: _why(live),
            "balance": lambda: _balance(live),
            "soft": lambda: _soft(live, soften),
            "descent": lambda: _descent(live, rate, num_steps, soften if aim_soft else 0.0),
            "simplex": lambda: _simplex(live, rate, num_steps, soften if aim_soft else 0.0),
            "dense": lambda: _dense(live, hidden, weights_seed),
            "jacobian": lambda: _jacobian(live),
            "hessian": lambda: _hessian(live),
            "squared": lambda: _squared(live),
            "tied": lambda: _tied(live, weights_seed),
        },
    )


def descent(live: Live, rate: float, num_steps: int, soften: float = 0.0) -> core.Descent:
    """Where gradient descent takes the learner's logits from here."""
    targets = core.smooth_labels(core.one_hot(live.label, len(live.names)), soften)
    return core.descend(live.logits, targets, learning_rate=rate, num_steps=num_steps, temperature=live.temperature)


def _grad(live: Live, soften: float = 0.0) -> Array:
    """dL/dz = (p − y) / T, [num_classes]; (p − q) / T for a softened target q."""
    return core.sparse_cross_entropy_grad(live.logits, live.label, temperature=live.temperature, label_smoothing=soften)


def _raised(live: Live, at: Array) -> Array:
    """The learner's logits with these instead of the label's, [len(at), num_classes]."""
    rows = np.repeat(live.logits[None, :], at.size, axis=0)
    rows[:, live.label] = at
    return rows


def _even(live: Live) -> float:
    """The logit that would give the label half of the probability: T logsumexp(z / T) over all the others."""
    others = np.delete(live.logits, live.label)
    return live.temperature * float(core.logsumexp(others, temperature=live.temperature))


def _near(live: Live, half_width: float) -> Array:
    """Logits for the label, in units of T around the one that gives it half of the probability."""
    return _even(live) + live.temperature * np.linspace(-half_width, half_width, 161)


def _arrows(live: Live, movement: Array, title: str = "−∂L/∂z") -> dict[str, Any]:
    """A column of arrows: to the right the logit is pulled up, to the left it is pushed down."""
    return column(title, movement, "push")


def _y(live: Live) -> dict[str, Any]:
    return {
        "y": live.label_name,
        "y_tex": latex_name(live.label_name),
        "t": live.temperature,
        "p_y": live.probs[live.label],
    }


def _difference(live: Live) -> Step:
    """Item 28: the whole gradient is p − y."""
    grad = _grad(live)
    return Step(
        "difference",
        r"\frac{\partial L}{\partial z_j} = \frac{p_j - y_j}{T}",
        r"\frac{\partial L}{\partial z_{@y_tex}} = \frac{@p_y - 1}{@t} = @grad_y"
        r" \qquad \frac{\partial L}{\partial z} = [@grad]",
        _y(live) | {"grad_y": grad[live.label], "grad": terms(grad, joiner=",\\; ", classes=range(len(live.names)))},
        (
            bars(
                live.names,
                link(live, "p"),
                link(live, "y"),
                link(live, "move"),
                label=live.label,
            ),
        ),
    )


def _why(live: Live) -> Step:
    """Item 13: logsumexp pushes every class; the look-up pulls one."""
    scale = 1 / live.temperature
    pushes = live.probs * scale
    pull = core.one_hot(live.label, len(live.names)) * scale
    return Step(
        "why",
        r"\frac{\partial}{\partial z_j}\left(\ln\sum_i e^{z_i/T} - \frac{z_y}{T}\right)"
        r" = \frac{p_j}{T} - \frac{[j = y]}{T}",
        r"\frac{\partial L}{\partial z_{@y_tex}} = @push_y - @pull_y = @grad_y",
        _y(live) | {"push_y": pushes[live.label], "pull_y": pull[live.label], "grad_y": _grad(live)[live.label]},
        (
            bars(
                live.names,
                link(live, "push", "logsumexp"),
                link(live, "pull", "z(y)"),
                link(live, "move"),
                label=live.label,
            ),
        ),
    )


def _balance(live: Live) -> Step:
    """Item 28: one pull, V − 1 pushes, and their sum is zero."""
    grad = _grad(live)
    pushes = np.delete(grad, live.label)
    return Step(
        "balance",
        r"\sum_j \frac{\partial L}{\partial z_j} = 0 \qquad 1 - p_y = \sum_{j \ne y} p_j",
        r"@pushes = @push_sum \qquad -(@grad_y) = @pull \qquad @push_sum - @pull = @total",
        _y(live)
        | {
            "pushes": terms(pushes),
            "push_sum": pushes.sum(),
            "grad_y": grad[live.label],
            "pull": -grad[live.label],
            "total": float(np.round(pushes.sum() + grad[live.label], 12)),
        },
        (
            bars(
                [live.label_name, " + ".join(np.delete(np.array(live.names, dtype=object), live.label))],
                column("−∂L/∂z", [-grad[live.label], -pushes.sum()], "push"),
                label=0,
            ),
        ),
    )


def _soft(live: Live, soften: float) -> Step:
    """Item 27: with soft targets the arrow of the label turns round when p_y passes q_y."""
    targets = core.smooth_labels(core.one_hot(live.label, len(live.names)), soften)
    grad = _grad(live, soften)
    at = _near(live, 8.0)
    rows, labels = _raised(live, at), np.full(at.size, live.label)
    soft, hard = (
        -core.sparse_cross_entropy_grad(rows, labels, temperature=live.temperature, label_smoothing=amount)[
            :, live.label
        ]
        for amount in (soften, 0.0)
    )
    here = float(live.logits[live.label])
    return Step(
        "soft",
        r"q_j = (1 - \varepsilon)\,y_j + \frac{\varepsilon}{K} \qquad"
        r" \frac{\partial L}{\partial z_j} = \frac{p_j - q_j}{T}",
        r"q_{@y_tex} = (1 - @soften) + \frac{@soften}{@count} = @q_y \qquad"
        r" \frac{\partial L}{\partial z_{@y_tex}} = \frac{@p_y - @q_y}{@t} = @grad_y",
        _y(live)
        | {"soften": soften, "count": str(len(live.names)), "q_y": targets[live.label], "grad_y": grad[live.label]},
        (
            bars(
                live.names,
                column("q", targets, "exp", bound=1.0),
                link(live, "p"),
                link(live, "move", target=targets),
                label=live.label,
            ),
            curve(
                axis(f"z({live.label_name})", at[0], at[-1]),
                axis("−∂L/∂z", -1 / live.temperature, 1 / live.temperature),
                [
                    line(f"ε = {fmt(soften)}", at, soft, "loss"),
                    line("ε = 0", at, hard, "logit", dash=True),
                    line("0", [at[0], at[-1]], [0.0, 0.0], "exp", dash=True),
                ],
                [dot(fmt(-grad[live.label]), here, -grad[live.label])] if at[0] <= here <= at[-1] else [],
            ),
        ),
    )


def _descent(live: Live, rate: float, num_steps: int, soften: float) -> Step:
    """Step by step down the slope. Only a soft target can be overshot; 4 T² is the rate that never does."""
    path = descent(live, rate, num_steps, soften)
    grad_y = _grad(live, soften)[live.label]
    floor = float(core.entropy(core.smooth_labels(core.one_hot(live.label, len(live.names)), soften)))
    loss = float(path.losses[0])
    top = float(max(path.losses[np.isfinite(path.losses)].max(initial=1.0), 0.01))
    return Step(
        "descent",
        r"z \leftarrow z - \eta\,\frac{\partial L}{\partial z}",
        r"z_{@y_tex}: @z_y - @rate \cdot @grad_y = @z_after \qquad L: @loss \to @loss_one \to \dots \to @loss_last",
        _y(live)
        | {
            "z_y": live.logits[live.label],
            "rate": rate,
            "grad_y": paren(grad_y),
            "z_after": path.logits[1, live.label],
            "loss": loss,
            "loss_one": path.losses[1],
            "loss_last": path.losses[-1],
            "num_steps": str(num_steps),
            "rises": str(_rises(path)),
            "safe": 4 * live.temperature**2,
        },
        (
            bars(
                live.names,
                column("z", live.logits, "logit"),
                column("+ 1", path.logits[1], "logit"),
                column(f"+ {num_steps}", path.logits[-1], "logit"),
                label=live.label,
            ),
            curve(
                axis("n", 0.0, float(num_steps)),
                axis("L", 0.0, top * 1.05),
                [
                    line("L", np.arange(num_steps + 1), path.losses, "loss"),
                    *([line("H(q)", [0, num_steps], [floor, floor], "exp", dash=True)] if soften else []),
                ],
                [dot(fmt(loss), 0.0, loss)],
            ),
        ),
    )


def _rises(path: core.Descent) -> int:
    """How many steps of a descent raised the loss, rounding aside."""
    return int((np.diff(path.losses) > 1e-9 * (1 + path.losses[:-1])).sum())


def _simplex(live: Live, rate: float, num_steps: int, soften: float) -> Step:
    """The same descent on the map of all probabilities, and the loss over the margin."""
    path = descent(live, rate, num_steps, soften)
    targets = core.smooth_labels(core.one_hot(live.label, len(live.names)), soften)
    lead = margin(live)
    map_ = (triangle(live, targets, path.logits),) if len(live.names) > 2 else ()
    return Step(
        "simplex",
        r"L = \ln\left(1 + e^{-m/T}\right) \qquad m = z_y - T \ln\sum_{j \ne y} e^{z_j/T}",
        r"m = @z_y - @rest = @margin \qquad L = \ln\left(1 + e^{-@margin_paren/@t}\right) = @loss",
        _y(live)
        | {
            "z_y": live.logits[live.label],
            "rest": paren(_even(live)),
            "margin": lead,
            "margin_paren": paren(lead),
            "loss": float(core.sparse_cross_entropy(live.logits, live.label, temperature=live.temperature)),
            "loss_last": path.losses[-1],
            "rate": rate,
            "num_steps": str(num_steps),
        },
        (*map_, margin_curve(live)),
    )


def _dense(live: Live, hidden: tuple[float, ...], seed: int) -> Step:
    """On through the dense layer whose output the learner's logits are: W is drawn, and b makes up the rest."""
    inputs = np.array(hidden)
    weights = np.round(np.random.default_rng(seed).normal(0.0, 1.0, (len(live.names), inputs.size)), 1)
    biases = live.logits - core.dense(inputs, weights, np.zeros(len(live.names)))
    grad = _grad(live)
    back = core.dense_grad(inputs, weights, grad)
    columns = [f"h{k} = {fmt(h)}" for k, h in enumerate(hidden)]
    return Step(
        "dense",
        r"z = W h + b \qquad \frac{\partial L}{\partial W} = \frac{\partial L}{\partial z}\, h^{\mathsf T} \qquad"
        r" \frac{\partial L}{\partial b} = \frac{\partial L}{\partial z} \qquad"
        r" \frac{\partial L}{\partial h} = W^{\mathsf T} \frac{\partial L}{\partial z}",
        r"z_{@y_tex} = @products + @b_y = @z_y"
        r" \qquad \frac{\partial L}{\partial W_{@y_tex,0}} = (@grad_y) \cdot @h_first = @dw",
        _y(live)
        | {
            "products": " + ".join(
                f"{paren(w)} \\cdot {paren(h)}" for w, h in zip(weights[live.label], hidden, strict=True)
            ),
            "b_y": paren(biases[live.label]),
            "z_y": live.logits[live.label],
            "grad_y": grad[live.label],
            "h_first": paren(hidden[0]),
            "dw": back.weights[live.label, 0],
        },
        (
            grid("W", live.names, columns, weights, bound=3.0),
            grid("∂L/∂W", live.names, columns, back.weights, marks=[(live.label, k) for k in range(len(hidden))]),
            grid("∂L/∂b", live.names, ["1"], back.biases[:, None], bound=1.0),
            grid("∂L/∂h", ["∂L/∂h"], [f"h{k}" for k in range(len(hidden))], back.inputs[None, :]),
        ),
    )


def _jacobian(live: Live) -> Step:
    """Back through softmax one factor at a time. Where p_y is 0 this is 0 · inf = NaN; p − y is not."""
    jacobian = core.softmax_jacobian(live.logits, temperature=live.temperature)
    upstream = np.zeros(len(live.names))
    with np.errstate(all="ignore"):
        upstream[live.label] = -1 / live.probs[live.label]
        passed = core.softmax_vjp(live.logits, upstream, temperature=live.temperature)
    return Step(
        "jacobian",
        r"J_{ij} = \frac{\partial p_i}{\partial z_j} = \frac{p_i\,([i = j] - p_j)}{T} \qquad"
        r" \frac{\partial L}{\partial z} = J^{\mathsf T} \frac{\partial L}{\partial p}",
        r"J_{@y_tex, @y_tex} = \frac{@p_y \cdot (1 - @p_y)}{@t} = @own \qquad"
        r" \frac{\partial L}{\partial z_{@y_tex}} = @own \cdot @upstream = @passed",
        _y(live)
        | {
            "own": jacobian[live.label, live.label],
            "total": float(np.round(jacobian[live.label].sum(), 9)),
            "upstream": paren(upstream[live.label]),
            "passed": passed[live.label],
            "grad_y": _grad(live)[live.label],
        },
        (
            grid(
                "∂p(row) / ∂z(column)",
                live.names,
                [*live.names, "Σ"],
                np.column_stack([jacobian, np.round(jacobian.sum(axis=1), 9)]),
                marks=[(live.label, live.label)],
                bound=0.25 / live.temperature,
            ),
            bars(
                live.names,
                _arrows(live, 0.0 - upstream, "−∂L/∂p"),
                _arrows(live, 0.0 - passed, "−Jᵀ ∂L/∂p"),
                _arrows(live, -_grad(live), "−∂L/∂z"),
                label=live.label,
            ),
        ),
    )


def _hessian(live: Live) -> Step:
    hessian = core.cross_entropy_hessian(live.logits, temperature=live.temperature)
    flat = hessian @ np.ones(len(live.names))
    return Step(
        "hessian",
        r"\nabla^2 L = \frac{\mathrm{diag}(p) - p\,p^{\mathsf T}}{T^2} \qquad \nabla^2 L \cdot \mathbf 1 = 0",
        r"\lambda_{\max} = @steepest \qquad \lambda_{\min} = @flattest"
        r" \qquad \lVert \nabla^2 L \cdot \mathbf 1 \rVert_\infty = @flat",
        {
            "steepest": float(np.linalg.eigvalsh(hessian)[-1]),
            "flattest": float(np.round(np.linalg.eigvalsh(hessian)[0], 12)),
            "flat": float(np.round(np.abs(flat).max(), 12)),
        },
        (grid("∂²L / ∂z(row) ∂z(column)", live.names, live.names, hessian, bound=0.25 / live.temperature**2),),
    )


def _squared_grad(live: Live, logits: Array) -> Array:
    """Gradient of the squared error of softmax(logits / T) for the label's logit, [...]."""
    labels = np.full(logits.shape[:-1], live.label)
    return core.squared_error_grad(logits / live.temperature, labels)[..., live.label] / live.temperature


def _squared(live: Live) -> Step:
    """Confidently wrong: squared error on probabilities hardly moves, cross-entropy pulls with all its strength."""
    at = _near(live, 12.0)
    rows, labels = _raised(live, at), np.full(at.size, live.label)
    cross = -core.sparse_cross_entropy_grad(rows, labels, temperature=live.temperature)[:, live.label]
    squared = -_squared_grad(live, rows)
    one_hot = core.one_hot(live.label, len(live.names))
    here = float(live.logits[live.label])
    mine_cross, mine_squared = -float(_grad(live)[live.label]), -float(_squared_grad(live, live.logits))
    return Step(
        "squared",
        r"\frac{\partial}{\partial z_y}\left(-\ln p_y\right) = \frac{p_y - 1}{T} \qquad \frac{\partial}{\partial z_y}"
        r"\sum_j (p_j - y_j)^2 = \frac{2 p_y}{T} \Big[(p_y - 1) - \sum_j p_j (p_j - y_j)\Big]",
        r"\frac{@p_y - 1}{@t} = @cross_grad \qquad"
        r" \frac{2 \cdot @p_y}{@t} \Big[(@p_y - 1) - \big(@products\big)\Big] = @squared_grad",
        _y(live)
        | {
            "products": " + ".join(
                f"{paren(p)} \\cdot {paren(d)}" for p, d in zip(live.probs, live.probs - one_hot, strict=True)
            ),
            "cross_grad": -mine_cross,
            "squared_grad": -mine_squared,
            "cross": mine_cross,
            "squared": mine_squared,
            "wrong_cross": cross[0],
            "wrong_squared": squared[0],
        },
        (
            curve(
                axis(f"z({live.label_name})", at[0], at[-1]),
                axis("|∂L/∂z(y)|", 0.0, 1 / live.temperature),
                [line("−ln p", at, cross, "loss"), line("Σ (p − y)²", at, squared, "prob", dash=True)],
                [dot(fmt(mine_cross), here, mine_cross), dot(fmt(mine_squared), here, mine_squared, "prob")]
                if at[0] <= here <= at[-1]
                else [],
            ),
        ),
    )


def _tied(live: Live, seed: int) -> Step:
    """One matrix that reads the token and scores the classes: its gradient has two parts."""
    count = len(live.names)
    embedding = np.round(np.random.default_rng(seed).normal(0.0, 1.0, (count, 3)), 1)
    token = (live.label + 1) % count
    grad = core.tied_grad(embedding, token, live.label, temperature=live.temperature)
    columns = ["0", "1", "2"]
    marks = [(token, k) for k in range(3)]
    return Step(
        "tied",
        r"z = E\, e_x \qquad g = \frac{p - y}{T} \qquad \frac{\partial L}{\partial E} = g\, e_x^{\mathsf T}"
        r" + \mathbf 1_x \left(E^{\mathsf T} g\right)^{\mathsf T}",
        r"\frac{\partial L}{\partial E_{@token_tex,0}} = @as_output + @as_input = @total",
        {
            "token": live.names[token],
            "token_tex": latex_name(live.names[token]),
            "y": live.label_name,
            "as_output": paren(grad.as_output[token, 0]),
            "as_input": paren(grad.as_input[token, 0]),
            "total": grad.total[token, 0],
        },
        (
            grid("g eᵀ", live.names, columns, grad.as_output, marks=marks),
            grid("1 (Eᵀg)ᵀ", live.names, columns, grad.as_input, marks=marks),
            grid("∂L/∂E", live.names, columns, grad.total, marks=marks),
        ),
    )


def questions(live: Live) -> list[Question]:
    """Predict first; each answer is found by core. Two classes are a tie: one pull against one push."""
    grad = _grad(live)
    sizes = np.abs(grad)
    others = np.delete(sizes, live.label)
    slack = 1e-9 / live.temperature
    label_leads = sizes[live.label] >= others.max() - slack
    largest = 2 if np.ptp(sizes) <= slack else 0 if label_leads else 1
    total = float(np.round(grad.sum() * live.temperature, 9))
    wrong = live.logits.copy()
    wrong[live.label] = _even(live) - 12 * live.temperature
    cross = -float(core.sparse_cross_entropy_grad(wrong, live.label, temperature=live.temperature)[live.label])
    squared = -float(_squared_grad(live, wrong))
    return [
        Question(
            "difference",
            largest,
            {"y": live.label_name, "largest": sizes[live.label], "runner_up": others.max()},
        ),
        Question("balance", 1 if total == 0 else 0),
        Question("squared", 0 if squared > cross else 1, {"y": live.label_name, "cross": cross, "squared": squared}),
    ]


def challenges(
    live: Live, *, rate: float = 1.0, num_steps: int = 20, soften: float = 0.1, aim_soft: bool = False
) -> list[Challenge]:
    """Tasks checked from the learner's numbers."""
    grad = _grad(live)
    pull = -float(grad[live.label])
    pushes = np.delete(grad, live.label)
    turned = float(_grad(live, soften)[live.label])
    path = descent(live, rate, num_steps, soften if aim_soft else 0.0)
    return [
        Challenge("half", bool(abs(pull - 0.5) < 0.005), {"pull": pull}),
        Challenge("rest", bool(np.abs(grad).max() < 0.01) and live.temperature == 1, {"largest": np.abs(grad).max()}),
        Challenge("turn", turned * live.temperature > 0.001, {"y": live.label_name, "arrow": -turned}),
        Challenge("overshoot", _rises(path) > 0, {"safe": 4 * live.temperature**2}),
        Challenge("even", bool(np.ptp(pushes) < 0.005 and pull > 0.1 and len(pushes) > 1), {"pull": pull}),
    ]
