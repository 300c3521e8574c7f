"""The shape lab of lesson `sequence`: labels [batch, time] on logits [batch, time, vocabulary]. Items 8, 15, 16, 18-20.

What the frameworks say was recorded with their versions (data/messages/make.py), error or number. Every number is
computed here once more by core: a call of cross-entropy, right or wrong, is a weight on each cell of -ln p.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import core
from explainers.figures import axis, bars, column, curve, dot, grid, line, nice_bound
from explainers.step import Array, Challenge, Figure, Live, Question, Step, fmt, mark, terms

RECORDED = Path(__file__).parents[1] / "data" / "messages" / "messages.json"

NOTES = ("A", "B", "C", "D")
BLOCK = np.array(
    [
        [[2.0, -1.0, 0.5, 0.0], [0.0, 3.0, 1.0, -1.0], [-0.5, 0.5, 2.5, 1.0]],
        [[1.0, 0.0, -2.0, 3.0], [0.5, 2.0, 0.0, -0.5], [3.0, 1.0, 0.0, -1.0]],
    ],
    np.float32,
)
"""z, the logits of a model that is mostly right, [batch, time, vocabulary] = [2, 3, 4]: no two sizes are alike"""
IDS = np.array([[0, 1, 2], [3, 1, 0]])
"""y, [batch, time]; both ends of the vocabulary are in it"""


class Form(NamedTuple):
    """One way to hand over labels or logits: as NumPy code of `y` or `z`, and as the function that this code is."""

    code: str
    make: Callable[[NDArray[Any]], NDArray[Any]]


LABELS: Mapping[str, Form] = {
    "ids": Form("y", lambda y: y),
    "flat": Form("y.reshape(-1)", lambda y: y.reshape(-1)),
    "one_hot": Form(
        "(y[..., None] == np.arange(4)).astype(np.float32)",
        lambda y: (y[..., None] == np.arange(4)).astype(np.float32),
    ),
    "floats": Form("y.astype(np.float32)", lambda y: y.astype(np.float32)),
    "trailing": Form("y[..., None]", lambda y: y[..., None]),
}
LOGITS: Mapping[str, Form] = {
    "as_is": Form("z", lambda z: z),
    "flat": Form("z.reshape(-1, 4)", lambda z: z.reshape(-1, 4)),
    "transposed": Form("z.swapaxes(1, 2)", lambda z: z.swapaxes(1, 2)),
    "view": Form("z.reshape(2, 4, 3)", lambda z: z.reshape(2, 4, 3)),
    "over_time": Form("softmax(z, axis=1)", lambda z: core.softmax(z, axis=1)),
    "over_batch": Form("softmax(z, axis=0)", lambda z: core.softmax(z, axis=0)),
}
SOFTMAX_AXIS = {"over_time": 1, "over_batch": 0}


class Call(NamedTuple):
    """A way to ask for the mean loss of `logits` and `labels`."""

    framework: str
    name: str
    code: str


CALLS: Mapping[str, Call] = {
    "torch": Call("torch", "F.cross_entropy", "F.cross_entropy(logits, labels)"),
    "keras_sparse": Call(
        "keras",
        "keras.sparse_…",
        "keras.ops.mean(keras.losses.sparse_categorical_crossentropy(\n    labels, logits, from_logits=True))",
    ),
    "keras_categorical": Call(
        "keras",
        "keras.categorical_…",
        "keras.ops.mean(keras.losses.categorical_crossentropy(\n    labels, logits, from_logits=True))",
    ),
    "tensorflow": Call(
        "tensorflow",
        "tf.nn.sparse_…",
        "tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(\n    labels=labels, logits=logits))",
    ),
    "numpy_take": Call(
        "numpy", "np.take_along_axis", "-np.take_along_axis(log_softmax(logits), labels[..., None], -1).mean()"
    ),
    "numpy_index": Call("numpy", "[..., labels]", "-log_softmax(logits)[..., labels].mean()"),
}
BACKENDS: Mapping[str, Call] = {
    "torch": CALLS["torch"]._replace(name="PyTorch"),
    "tensorflow": CALLS["tensorflow"]._replace(name="TensorFlow"),
    "xla": Call(
        "tensorflow",
        "TensorFlow, XLA",
        "tf.function(lambda: tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels,"
        " logits=logits)), jit_compile=True)()",
    ),
    "numpy": CALLS["numpy_take"]._replace(name="NumPy"),
}
"""Who is asked about labels beyond the vocabulary."""

NUM_TILES = 5
PADDING: Mapping[str, Call] = {
    "ignore_index": Call("torch", "−100", "F.cross_entropy(logits, labels)"),
    "ignore_class": Call(
        "keras",
        "−100",
        "keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-100)(labels, logits)",
    ),
    "sample_weight": Call(
        "keras",
        "× 0",
        "keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits, sample_weight=weights)",
    ),
    "pad_id": Call("torch", "0", "F.cross_entropy(logits, labels)"),
}
"""What can be done about padding; the name is what the tile says then."""
FIRST, MOST = 4, 40
"""tokens of the first batch, and how many the second may have"""


# ---- what was recorded ----


@cache
def recorded() -> Mapping[str, Any]:
    """What data/messages/make.py wrote down: `versions` of the frameworks, and `cases`."""
    content: Mapping[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return content


def answer(key: str) -> Mapping[str, Any]:
    """What a framework said: {"value": number} or {"error": type, "message": text}."""
    case: Mapping[str, Any] = recorded()["cases"][key]
    return case


def case_key(labels_as: str, logits_as: str, call: str, off_by: int) -> str:
    """The name of a case in the file.

    >>> case_key("ids", "as_is", "torch", 0)
    'shapes/ids/as_is/torch/0'
    """
    return f"shapes/{labels_as}/{logits_as}/{call}/{off_by}"


# ---- the shape lab ----


class Seen(NamedTuple):
    """Logits as a call sees them: the axis that it takes for the classes comes last, all others make the rows."""

    rows: list[str]
    log_probs: Array
    """[num_rows, num_columns]"""
    origin: NDArray[Any]
    """which cell of the flat block each one was, or came from, [num_rows, num_columns]"""


def seen(logits_as: str, call: str) -> Seen:
    """PyTorch takes the second axis for the classes, everybody else the last."""
    logits = LOGITS[logits_as].make(BLOCK)
    numbered = np.arange(BLOCK.size).reshape(BLOCK.shape)
    origin = numbered if logits_as in SOFTMAX_AXIS else LOGITS[logits_as].make(numbered)
    class_axis = 1 if call == "torch" else -1
    moved, moved_origin = np.moveaxis(logits, class_axis, -1), np.moveaxis(origin, class_axis, -1)
    num_columns = moved.shape[-1]
    rows = [",".join(map(str, place)) for place in np.ndindex(moved.shape[:-1])]
    return Seen(rows, core.log_softmax(moved).reshape(-1, num_columns), moved_origin.reshape(-1, num_columns))


def picked(labels_as: str, logits_as: str, call: str, off_by: int) -> Array:
    """How much of each cell of -ln p goes into the loss, [num_rows, num_columns]; only for a call that raises nothing.

    An id picks one cell of its row (and -1 the last: so does NumPy), a one-hot row is itself, and `[..., labels]`
    takes all labels from every row.
    """
    labels = LABELS[labels_as].make(IDS + off_by)
    num_rows, num_columns = seen(logits_as, call).log_probs.shape
    if call == "numpy_index":
        every = labels.reshape(-1).astype(int) % num_columns
        return np.tile(np.bincount(every, minlength=num_columns) / every.size, (num_rows, 1))
    if labels_as == "one_hot":
        moved = np.moveaxis(labels, 1, -1) if call == "torch" else labels
        return moved.reshape(num_rows, num_columns).astype(float)
    ids = labels.reshape(-1).astype(int) % num_columns
    return core.one_hot(ids, num_columns)


def computed(labels_as: str, logits_as: str, call: str, off_by: int) -> float:
    """The mean loss that the call comes to, by core."""
    log_probs = seen(logits_as, call).log_probs
    weights = picked(labels_as, logits_as, call, off_by)
    return float(core.cross_entropy(log_probs, weights, allow_unnormalised=True, reduction="mean"))


def right() -> float:
    """The mean loss of the block and its labels."""
    return float(core.sparse_cross_entropy(BLOCK, IDS, reduction="mean"))


def verdict(labels_as: str, logits_as: str, call: str, off_by: int) -> str:
    """`error`, `right`, or `silent`: a number without an error, and wrong."""
    if "error" in answer(case_key(labels_as, logits_as, call, off_by)):
        return "error"
    return "right" if abs(computed(labels_as, logits_as, call, off_by) - right()) < 1e-5 else "silent"


SIGNS = {"right": "✓", "error": "✗", "silent": "⚠"}
TINTS = {"right": 0.6, "error": 0.0, "silent": -1.0}


def _told(labels_as: str, logits_as: str, call: str, off_by: int) -> tuple[str, float]:
    """What one call of the table says, and its tint."""
    said = answer(case_key(labels_as, logits_as, call, off_by))
    kind = verdict(labels_as, logits_as, call, off_by)
    return f"{SIGNS[kind]} {said.get('error') or fmt(computed(labels_as, logits_as, call, off_by))}", TINTS[kind]


def _origin_grid(view: Seen, marks: list[tuple[int, int]]) -> Figure:
    """Where each cell came from: its tile is its tint, its class its letter; ✓ is the cell that the label means."""
    batch, time, note = np.unravel_index(view.origin, BLOCK.shape)
    means = IDS[batch, time] == note
    shades = np.array([1.0, 0.55, 0.2])[time] * np.where(batch == 0, 1, -1)
    texts = [
        [f"{b},{t} {NOTES[c]}{' ✓' if ok else ''}" for b, t, c, ok in zip(*cells, strict=True)]
        for cells in zip(batch, time, note, means, strict=True)
    ]
    columns = [str(c) for c in range(view.origin.shape[1])]
    return grid("(b, t, V)", view.rows, columns, shades, bound=1.0, marks=marks, texts=texts)


def _margin_grid(logits_as: str) -> Figure:
    """Item 8: probabilities over the wrong axis. Their own margin is 1; the sum of a row, which should be, is not."""
    over = SOFTMAX_AXIS[logits_as]
    probs = core.softmax(BLOCK.astype(float), axis=over)
    margin = probs.sum(axis=over)
    rows = [f"{b},{t}" for b, t in np.ndindex(IDS.shape)]
    rows += [f"Σ {b},·" if over == 1 else f"Σ ·,{b}" for b in range(len(margin))]
    sums = probs.sum(axis=-1).reshape(-1)
    cells = np.column_stack(
        [np.append(sums, np.full(len(margin), np.nan)), np.vstack([probs.reshape(-1, len(NOTES)), margin])]
    )
    return grid(
        LOGITS[logits_as].code,
        rows,
        ["Σ", *NOTES],
        cells,
        bound=2.0,
        texts=[["" if np.isnan(cell) else fmt(round(cell, 4)) for cell in row] for row in cells],
        marks=[(row, 0) for row, total in enumerate(sums) if abs(total - 1) > 1e-6],
    )


def _backend_grid() -> Figure:
    """Item 18: labels from 0, and what each back end says where they are not."""
    kinds = ("silent", "right", "silent")
    texts, tints = [], []
    for name in BACKENDS:
        cells = [answer(f"backends/{name}/{off_by}") for off_by in (-1, 0, 1)]
        texts.append([SIGNS["error"] if "error" in cell else fmt(float(cell["value"])) for cell in cells])
        tints.append([TINTS["error" if "error" in cell else kind] for cell, kind in zip(cells, kinds, strict=True)])
    names = [call.name for call in BACKENDS.values()]
    return grid("L", names, ["y − 1", "y", "y + 1"], tints, bound=1.0, texts=texts)


def shapes(labels_as: str = "ids", logits_as: str = "as_is", call: str = "torch", off_by: int = 0) -> Step:
    """Items 8, 15, 16 and 18: what one choice of labels, logits and call comes to, and which cells it picked."""
    labels, logits = LABELS[labels_as].make(IDS + off_by), LOGITS[logits_as].make(BLOCK)
    said = answer(case_key(labels_as, logits_as, call, off_by))
    kind = verdict(labels_as, logits_as, call, off_by)
    view = seen(logits_as, call)
    weights = np.zeros(view.log_probs.shape) if kind == "error" else picked(labels_as, logits_as, call, off_by)
    marks = [(int(r), int(c)) for r, c in np.argwhere(weights > 0)]
    told = [_told(labels_as, logits_as, name, off_by) for name in CALLS]
    lines = [f"y = y {'+' if off_by > 0 else '-'} {abs(off_by)}"] if off_by else []
    lines += [f"logits = {LOGITS[logits_as].code}  # {list(logits.shape)}"]
    lines += [f"labels = {LABELS[labels_as].code}  # {list(labels.shape)}", CALLS[call].code]
    number = "" if kind == "error" else fmt(computed(labels_as, logits_as, call, off_by))
    columns = [str(c) for c in range(view.log_probs.shape[1])]
    figures = [
        grid(
            "labels, logits → L",
            [c.name for c in CALLS.values()],
            ["L"],
            [[tint] for _, tint in told],
            bound=1.0,
            texts=[[text] for text, _ in told],
            marks=[(list(CALLS).index(call), 0)],
        ),
        _origin_grid(view, marks),
        grid("−ln p", view.rows, columns, 0.0 - view.log_probs, bound=10.0, marks=marks),
    ]
    if logits_as in SOFTMAX_AXIS:
        figures.append(_margin_grid(logits_as))
    if off_by:
        figures.append(_backend_grid())
    return Step(
        "shapes",
        numbers={
            "asked_code": "\n".join(lines),
            "said_code": f"{said['error']}: {said['message']}" if kind == "error" else number,
            "version": f"{CALLS[call].framework} {recorded()['versions'][CALLS[call].framework]}",
            "sign": SIGNS[kind],
            "right": right(),
            "batch": str(BLOCK.shape[0]),
            "time": str(BLOCK.shape[1]),
            "classes": str(BLOCK.shape[2]),
        },
        figures=tuple(figures),
    )


# ---- positions that do not count ----


class Counted(NamedTuple):
    """A mean of which some positions are left out."""

    losses: Array
    """as the framework adds them, nats, [NUM_TILES]; 0 where a tile is ignored"""
    counts: Array
    """what each tile adds to the denominator, [NUM_TILES]"""
    mean: float


def tile_labels(live: Live) -> NDArray[np.integer[Any]]:
    """The classes in turn, from the learner's label on, [NUM_TILES]."""
    labels: NDArray[np.integer[Any]] = (live.label + np.arange(NUM_TILES)) % len(live.names)
    return labels


def counted(live: Live, padded: int, padding: str) -> Counted:
    """The learner's row for every tile; the last `padded` of them are padding."""
    labels = tile_labels(live)
    logits = np.tile(live.logits, (NUM_TILES, 1))
    kept = np.arange(NUM_TILES) < NUM_TILES - padded
    options: dict[str, Any] = {"temperature": live.temperature}
    if padding == "pad_id":
        labels = np.where(kept, labels, 0)
    else:
        labels, options["ignore_index"] = np.where(kept, labels, -100), -100
    losses = core.sparse_cross_entropy(logits, labels, **options)
    counts = kept.astype(float) if padding.startswith("ignore") else np.ones(NUM_TILES)
    if padding == "sample_weight":
        mean = float(losses.mean())
    else:
        mean = float(core.sparse_cross_entropy(logits, labels, **options, reduction="mean"))
        if padding == "ignore_class" and padded == NUM_TILES:
            mean = 0.0  # Keras divides, and takes 0/0 as 0
    return Counted(losses, counts, mean)


def ignored(live: Live, padded: int = 2, padding: str = "ignore_index") -> Step:
    """Item 19: what an ignored position adds to the numerator and to the denominator, down to 0/0."""
    labels, (losses, counts, mean) = tile_labels(live), counted(live, padded, padding)
    first_pad = NUM_TILES - padded
    names = [f"{t}: {live.names[y] if t < first_pad else PADDING[padding].name}" for t, y in enumerate(labels)]
    return Step(
        "ignored",
        r"L = \frac{\sum_t w_t\,\ell_t}{\sum_t n_t}",
        r"L = \frac{@terms}{@count} = \frac{@total}{@count} = \mathrm{@mean}",
        {
            "terms": terms(losses),
            "total": float(losses.sum()),
            "count": str(int(counts.sum())),
            "mean": mean,
            "padded": str(padded),
            "tiles": str(NUM_TILES),
            "pad_name": live.names[0],
        },
        (
            bars(
                names,
                column("w ℓ", losses, "loss", ghost=counted(live, 0, padding).losses),
                column("n", counts, "exp", bound=1.0),
            ),
        ),
    )


# ---- means ----


class Means(NamedTuple):
    """Two batches of unequal length and their averages, nats; and their perplexity, right and wrong."""

    first: float
    second: float
    of_means: float
    of_tokens: float
    perplexity: float
    """exp of the mean"""
    mean_perplexity: float
    """mean of the exps"""


def two_batches(live: Live, second: int) -> Means:
    """FIRST tokens of the learner's class, then `second` of the next class; the model says the same of all."""
    nll = 0.0 - core.log_softmax(live.logits, temperature=live.temperature)
    first_loss, second_loss = float(nll[live.label]), float(nll[(live.label + 1) % len(live.names)])
    tokens = np.repeat([first_loss, second_loss], [FIRST, second])
    with np.errstate(over="ignore"):
        mean_perplexity = float(core.perplexity(tokens).mean())
    mean = float(tokens.mean())
    return Means(
        first_loss, second_loss, (first_loss + second_loss) / 2, mean, float(core.perplexity(mean)), mean_perplexity
    )


def means(live: Live, second: int = 20) -> Step:
    """Items 19 and 20: the mean of the batches' means against the mean over all tokens; and what perplexity is of."""
    batches = two_batches(live, second)
    lengths = np.arange(1, MOST + 1)
    of_tokens = [two_batches(live, int(n)).of_tokens for n in lengths]
    top = nice_bound([batches.first, batches.second])
    other = live.names[(live.label + 1) % len(live.names)]
    return Step(
        "means",
        r"\bar L = \frac{n_1 \bar L_1 + n_2 \bar L_2}{n_1 + n_2} \;\ne\; \frac{\bar L_1 + \bar L_2}{2}",
        rf"\begin{{aligned}} \frac{{@n1 \cdot {mark(live.label, '@first')} + @n2 \cdot @second}}{{@n1 + @n2}}"
        rf" &= @of_tokens \\[0.7em] \frac{{{mark(live.label, '@first')} + @second}}{{2}} &= @of_means \end{{aligned}}",
        {
            "n1": str(FIRST),
            "n2": str(second),
            "y": live.label_name,
            "other": other,
            "first": batches.first,
            "second": batches.second,
            "of_means": batches.of_means,
            "of_tokens": batches.of_tokens,
            "off": abs(batches.of_means - batches.of_tokens),
            "perplexity": batches.perplexity,
            "mean_perplexity": batches.mean_perplexity,
        },
        (
            curve(
                axis("n₂", 1, MOST),
                axis("L", 0.0, top),
                [
                    line("Σ n L̄ / Σ n", lengths, of_tokens, "prob"),
                    line("(L̄₁ + L̄₂) / 2", lengths, np.full(MOST, batches.of_means), "loss", dash=True),
                ],
                [
                    dot(fmt(batches.of_tokens), second, batches.of_tokens, "prob"),
                    dot(fmt(batches.of_means), second, batches.of_means, "loss"),
                ],
            ),
        ),
    )


# ---- predict first, and challenges ----


def questions(live: Live, *, second: int = 20) -> list[Question]:
    """Predict first; each answer is found by core and the recorded calls."""
    batches = two_batches(live, second)
    same = abs(batches.of_tokens - batches.of_means) <= 1e-9 * max(1.0, batches.of_means)
    nearer = abs(batches.of_tokens - batches.first) < abs(batches.of_tokens - batches.second)
    return [
        Question(
            "shapes",
            ("error", "right", "silent").index(verdict("ids", "view", "torch", 0)),
            {"view": LOGITS["view"].code, "wrong": computed("ids", "view", "torch", 0), "right": right()},
        ),
        Question(
            "means",
            1 if same else 0 if nearer else 2,
            {
                "n1": str(FIRST),
                "n2": str(second),
                "first": batches.first,
                "second": batches.second,
                "of_tokens": batches.of_tokens,
            },
        ),
    ]


def challenges(
    live: Live,
    *,
    labels_as: str = "ids",
    logits_as: str = "as_is",
    call: str = "torch",
    off_by: int = 0,
    padded: int = 2,
    padding: str = "ignore_index",
    second: int = 20,
) -> list[Challenge]:
    """Tasks checked from the learner's numbers and choices."""
    batches = two_batches(live, second)
    agree = abs(batches.of_means - batches.of_tokens) < 1e-9 and abs(batches.first - batches.second) > 0.1
    return [
        Challenge("silent", call == "torch" and verdict(labels_as, logits_as, call, off_by) == "silent", {}, "shapes"),
        Challenge("nothing", bool(np.isnan(counted(live, padded, padding).mean)), {}, "ignored"),
        Challenge("agree", agree, {"off": abs(batches.of_means - batches.of_tokens)}, "means"),
    ]
