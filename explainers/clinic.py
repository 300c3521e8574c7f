"""The learner's own numbers: what they are, what a call makes of them, what it should. Items 15, 18-24, 26, 38.

explainers/paste.py reads the text, explainers/diagnosis.py finds; here it becomes a lesson. What the frameworks say was
recorded with their versions (data/messages/make.py), for each case and each call.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np

import core
from explainers import diagnosis, fingerprints
from explainers.diagnosis import (
    CALLS,
    SAID,
    SECOND_AXIS,
    Diagnosis,
    RefusedError,
    called,
    diagnose,
    fixes_code,
    reduced,
    shape_text,
)
from explainers.figures import bars, column, grid
from explainers.paste import PRINT_ALL, Numbers, Pasted, PasteError, read, read_file
from explainers.shape_lab import recorded
from explainers.step import Array, Challenge, Figure, Live, Note, Question, Step, fmt, made
from explainers.table import csv_text, table

FORMS = {
    "list": "Python, JSON",
    "print": "print(NumPy)",
    "numpy": "NumPy",
    "torch": "PyTorch",
    "tensorflow": "TensorFlow",
    "keras": "Keras",
    "jax": "JAX",
    "csv": "CSV",
    "npy": ".npy",
}
FRAMEWORKS = {"numpy": "NumPy", "tensorflow": "TensorFlow", "keras": "Keras", "torch": "PyTorch", "optax": "optax"}
MOST_ROWS = 12
"""of the table of positions on the screen"""
MOST_CLASSES = 10
"""that the lessons take"""
LAST_ROW = 999


class Case(NamedTuple):
    """A real mistake: what is pasted, which loss is called, and the finding that names the fault."""

    predictions: str
    labels: str
    call: str
    finding: str
    said: str = SAID[0]
    reported: str = ""

    @property
    def arrays(self) -> tuple[Numbers, Numbers]:
        """Predictions and labels."""
        return read(self.predictions).array, read(self.labels).array

    def found(self) -> Diagnosis:
        """The diagnosis."""
        return diagnose(
            read(self.predictions), read(self.labels), call=self.call, said=self.said, reported=number(self.reported)
        )


_LOGITS = "tensor([[ 2.0000, -1.0000,  3.0000,  2.0000],\n        [ 1.0000,  0.0000, -0.5000,  4.0000]])"
_IN_GRAPH = _LOGITS[:-1] + ",\n       grad_fn=<AddmmBackward0>)"
_TF_LOGITS = (
    "<tf.Tensor: shape=(2, 4), dtype=float32, numpy=\narray([[ 2. , -1. ,  3. ,  2. ],\n"
    "       [ 1. ,  0. , -0.5,  4. ]], dtype=float32)>"
)
_TF_PROBS = "tf.Tensor(\n[[0.05 0.95 0.  ]\n [0.1  0.8  0.1 ]], shape=(2, 3), dtype=float32)"
_BATCH_TIME = """tensor([[[ 4.0000,  0.0000,  1.0000],
         [ 0.0000,  3.0000, -1.0000],
         [-1.0000,  0.5000,  2.0000]],

        [[ 0.0000,  5.0000,  0.0000],
         [ 2.0000,  0.0000,  0.5000],
         [ 3.0000,  1.0000,  0.0000]]])"""

CASES: Mapping[str, Case] = {
    "healthy": Case(_IN_GRAPH, "tensor([2, 0])", "torch_cross_entropy", "loss_scale"),
    "twice": Case(_TF_PROBS, "[1, 2]", "keras_sparse_logits", "twice"),
    "no_softmax": Case(_TF_LOGITS, "[2, 0]", "keras_sparse", "no_probs"),
    "nll": Case(_IN_GRAPH, "tensor([2, 0])", "torch_nll", "nll_logits"),
    "log_probs": Case("[[-0.1054, -2.3026], [-1.6094, -0.2231]]", "[0, 1]", "torch_cross_entropy", "harmless"),
    "one_based": Case(_LOGITS, "tensor([3, 4])", "torch_cross_entropy", "off_by_one"),
    "beyond": Case("[[2.0, -1.0, 3.0, 2.0], [1.0, 0.0, -0.5, 4.0]]", "[5, 0]", "optax_integer", "out_of_range"),
    "minus_one": Case("[[ 2.  -1.   3.   2. ]\n [ 1.   0.  -0.5  4. ]]", "[-1  0]", "np_log_softmax", "out_of_range"),
    "ids_categorical": Case(_TF_LOGITS, "[2, 0]", "keras_categorical_logits", "ids_for_dense"),
    "ids_stretched": Case(
        "[[4.0, 0.0, 1.0], [0.0, 3.0, -1.0], [-1.0, 0.5, 2.0]]", "[0, 1, 2]", "optax_dense", "ids_for_dense"
    ),
    "one_hot_sparse": Case(_TF_LOGITS, "[[0, 0, 1, 0], [1, 0, 0, 0]]", "tf_sparse", "dense_for_ids"),
    "one_hot_torch": Case(
        _LOGITS, "tensor([[0, 0, 1, 0],\n        [1, 0, 0, 0]])", "torch_cross_entropy", "one_hot_integer"
    ),
    "float_ids": Case(_LOGITS, "tensor([2., 0.])", "torch_cross_entropy", "labels_float"),
    "column": Case("2,-1,3,2\n1,0,-0.5,4", "[[2], [0]]", "tf_sparse", "labels_column"),
    "padding": Case(
        "tensor([[ 2., -1.,  3.],\n        [ 1.,  0.,  4.],\n        [ 0.,  0.,  0.]])",
        "tensor([   2,    0, -100])",
        "torch_cross_entropy",
        "ignored",
    ),
    "padding_keras": Case(
        "[[2.0, -1.0, 3.0], [1.0, 0.0, 4.0], [0.0, 0.0, 0.0]]", "[2, 0, -100]", "keras_sparse_logits", "ignored"
    ),
    "all_ignored": Case(_LOGITS, "tensor([-100, -100])", "torch_cross_entropy", "all_ignored"),
    "second_axis": Case(_BATCH_TIME, "tensor([[0, 1, 2],\n        [1, 0, 0]])", "torch_cross_entropy", "torch_axis"),
    "flat": Case(_BATCH_TIME, "tensor([0, 1, 2, 1, 0, 0])", "torch_cross_entropy", "labels_flat"),
    "over_batch": Case(
        "[[0.7311, 0.2689, 0.9707, 0.1192],\n [0.2689, 0.7311, 0.0293, 0.8808]]", "[2, 0]", "np_log", "axis"
    ),
    "epsilon": Case(_TF_PROBS, "[2, 1]", "keras_sparse", "epsilon"),
    "not_a_number": Case(
        "tensor([[ 2.0000,     nan,  3.0000],\n        [ 1.0000,  0.0000,  4.0000]], device='cuda:0')",
        "tensor([2, 0], device='cuda:0')",
        "torch_cross_entropy",
        "nan",
    ),
    "untrained": Case(
        "\n".join(["0.01,-0.02,0,0.01,0.02,-0.01,0,0.01,0,-0.02"] * 2), "3\n7", "keras_sparse_logits", "uniform"
    ),
    "bad_start": Case(
        "\n".join(["9,-14,3,21,-8,0,17,-5", "-12,6,19,-3,11,2,-20,8"]), "1\n6", "np_log_softmax", "worse"
    ),
    "bits": Case(_LOGITS, "tensor([2, 0])", "torch_cross_entropy", "reported_bits", reported="2.6244"),
    "wrong_base": Case(
        _LOGITS, "tensor([2, 0])", "torch_cross_entropy", "reported_wrong_perplexity", reported="3.5285"
    ),
    "sum": Case(_LOGITS, "tensor([2, 0])", "torch_cross_entropy", "reported_sum", reported="3.6382"),
    "logistic": Case(
        _LOGITS, "tensor([[0., 0., 1., 0.],\n        [1., 0., 0., 0.]])", "torch_bce", "logistic", reported="5.0573"
    ),
}
"""Real mistakes, each one click; the first is none. Their titles are the words `clinic_case_<key>`."""
OWN = "own"
"""the case of a learner who brings numbers"""
DEFAULT = "healthy"


def number(text: str) -> float | None:
    """What was typed as a loss; nothing, or no number, is None.

    >>> number("1.5"), number(" "), number("NaN")
    (1.5, None, None)
    """
    try:
        value = float(text[:40].replace(",", ".").replace("−", "-"))
    except ValueError:
        return None
    return value if np.isfinite(value) else None


@dataclass(frozen=True)
class Told:
    """All that the learner says; what is not said is as in the case."""

    case: str = DEFAULT
    predictions: str | None = None
    labels: str | None = None
    reported: str | None = None
    call: str = ""
    said: str = ""
    row: int = 0
    predictions_file: tuple[str, bytes] | None = None
    labels_file: tuple[str, bytes] | None = None

    @property
    def example(self) -> Case:
        """The case; that of the learner is empty."""
        return CASES.get(self.case, Case("", "", next(iter(CALLS)), ""))

    def text(self, box: str) -> str:
        """What a box holds."""
        typed: str | None = getattr(self, box)
        held: str = getattr(self.example, box)
        return held if typed is None else typed


@dataclass(frozen=True)
class Seen:
    """Both arrays, or why there are none, and what was found."""

    arrays: Mapping[str, Pasted]
    errors: Mapping[str, PasteError]
    found: Diagnosis
    call: str


def look(told: Told) -> Seen:
    """Read the boxes and diagnose."""
    arrays: dict[str, Pasted] = {}
    errors: dict[str, PasteError] = {}
    for box in ("predictions", "labels"):
        file = getattr(told, f"{box}_file")
        try:
            arrays[box] = read_file(*file) if file else read(told.text(box))
        except PasteError as error:
            errors[box] = error
    call = told.call if told.call in CALLS else told.example.call
    said = told.said if told.said in SAID else told.example.said
    found = Diagnosis()
    if not errors:
        reported = number(told.text("reported"))
        found = diagnose(arrays["predictions"], arrays["labels"], call=call, said=said, reported=reported)
    return Seen(arrays, errors, found, call)


def explain(
    live: Live,
    told: Told | None = None,
    chosen: fingerprints.Chosen = fingerprints.DEFAULT,
    *,
    only: Collection[str] | None = None,
) -> list[Step]:
    """The steps, for what was pasted. `live` are the numbers on the board, which a row can be taken to."""
    told = told or Told()
    seen = look(told)
    return made(
        only,
        {
            "paste": lambda: _paste(seen),
            "verdict": lambda: _verdict(seen),
            "positions": lambda: _positions(seen),
            "row": lambda: _row(seen, told.row),
            "conventions": lambda: _conventions(seen),
            "name": lambda: fingerprints.name(chosen),
            "mend": lambda: fingerprints.mend(chosen),
            "compare": lambda: fingerprints.compare(chosen),
        },
    )


def _paste(seen: Seen) -> Step:
    """What the app sees."""
    notes = []
    for box in ("predictions", "labels"):
        if box in seen.errors:
            error = seen.errors[box]
            numbers = {
                "box_code": box,
                "line": str(error.line),
                "column": str(error.column),
                "text_code": error.text.replace("`", "'").strip() or " ",
            }
            notes.append(Note(f"finding-error_{error.code}", numbers))
            continue
        pasted = seen.arrays[box]
        notes.append(Note("finding-seen", {"box_code": box} | _looks(pasted)))
        if pasted.elided:
            numbers = {
                "box_code": box,
                "axes": ", ".join(map(str, pasted.elided)),
                "print_code": PRINT_ALL.get(pasted.form, PRINT_ALL["numpy"]),
            }
            notes.append(Note("finding-print_all", numbers))
    if seen.errors:
        notes.append(Note("finding-works"))
    for kind in (seen.found.kind, seen.found.label_kind):
        if kind:
            notes.append(Note(f"finding-are_{kind}"))
    figures = tuple(_picture(box, pasted) for box, pasted in seen.arrays.items())
    return Step("paste", figures=figures, notes=tuple(notes))


def _looks(pasted: Pasted) -> dict[str, Any]:
    finite = pasted.array[np.isfinite(pasted.array)]
    return {
        "form": FORMS[pasted.form],
        "shape": shape_text(pasted.shape),
        "dtype_code": " ".join(filter(None, (pasted.dtype or pasted.array.dtype.name, pasted.device))),
        "least": float(finite.min()) if finite.size else np.nan,
        "most": float(finite.max()) if finite.size else np.nan,
    }


def _picture(box: str, pasted: Pasted) -> Figure:
    """The first rows and classes of an array."""
    array = pasted.array
    rows = array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array.reshape(1, -1)
    part = rows[:MOST_ROWS, :MOST_CLASSES]
    places = (np.unravel_index(n, array.shape[:-1]) for n in range(len(part)))
    names = [shape_text([int(i) for i in place]) for place in places] if array.ndim > 1 else [""]
    return grid(f"{box} {shape_text(pasted.shape)}", names, list(map(str, range(part.shape[1]))), part)


def _verdict(seen: Seen) -> Step:
    """What the call computes, what it should, and the call to use."""
    found, call = seen.found, CALLS[seen.call]
    numbers = {"call_code": call.code}
    if seen.errors:
        return Step("verdict", numbers=numbers, notes=(Note("finding-nothing"),))
    value, right = diagnosis.texts(found)
    notes = list(found.notes)
    if found.refused:
        said = message(seen.call, found.refused, seen.arrays)
        notes.insert(0, Note("finding-raises" if said else "finding-raises_unseen", said | {"call_code": call.code}))
    elif found.value is not None and found.right is not None:
        same = bool(np.isclose(found.value, found.right, rtol=1e-4, atol=1e-6, equal_nan=True))
        notes.insert(0, Note("finding-same" if same else "finding-silent", {"value": value, "right": right}))
    elif found.value is not None:
        notes.insert(0, Note("finding-unclear", {"value": value}))
    if found.use:
        notes.append(Note("finding-use", {"use_code": fixes_code(found)}))
    values = [np.nan if found.value is None else found.value, np.nan if found.right is None else found.right]
    texts = [f"✗ {found.refused}" if found.refused else value, right]
    figures = (bars([seen.call, "logsumexp(z) − z(y)"], column("L", values, "loss", texts=texts)),)
    return Step("verdict", numbers=numbers, figures=figures, notes=tuple(notes))


def _positions(seen: Seen) -> Step:
    """The loss of each position, the largest first."""
    found = seen.found
    if found.losses is None or found.logits is None:
        return Step("positions", notes=(Note("finding-nothing"),))
    places, cells = position_rows(found)
    shown = cells[:MOST_ROWS]
    figure = grid("L", places[:MOST_ROWS], ["y", "p(y)", "argmax p", "L"], shown, bound=np.inf)
    total, most = float(np.nansum(found.losses)), float(cells[0, 3])
    numbers = {"count": str(len(cells)), "place": places[0], "loss": most, "share": most / total if total else 0.0}
    return Step("positions", notes=(Note("finding-largest", numbers),), figures=(figure | {"wide": True},))


def position_rows(found: Diagnosis) -> tuple[list[str], Array]:
    """Where, and [label, its probability, the likeliest class, the loss], the largest loss first; no ignored ones."""
    assert found.logits is not None
    assert found.losses is not None
    num_classes = found.logits.shape[-1]
    rows, losses = found.logits.reshape(-1, num_classes), np.asarray(found.losses).reshape(-1)
    labels = label_ids(found)
    used = np.flatnonzero(labels >= 0)
    order = used[np.argsort(-np.nan_to_num(losses[used], nan=np.inf), kind="stable")]
    places = [_place(found, int(n)) for n in order]
    probs = np.exp(diagnosis.log_softmax(rows[order]))
    at_label = np.take_along_axis(probs, labels[order, None], axis=-1)[:, 0]
    return places, np.stack([labels[order], at_label, probs.argmax(axis=-1), losses[order]], axis=-1)


def label_ids(found: Diagnosis) -> Any:
    """One id a position, [num_positions]; of a distribution its largest; an ignored one stays below zero."""
    targets = np.asarray(found.targets)
    ids = targets if found.label_kind == "ids" else targets.argmax(axis=-1)
    return ids.reshape(-1).astype(np.int64)


def positions_csv(told: Told) -> str:
    """All positions as a file, at full precision."""
    found = look(told).found
    rows = zip(*position_rows(found), strict=True) if found.losses is not None else ()
    return csv_text(
        ["position", "label", "probability", "argmax", "loss"],
        ([place, int(y), float(p), int(top), float(loss)] for place, (y, p, top, loss) in rows),
    )


def row_live(seen: Seen, row: int) -> tuple[Live, int, int] | None:
    """One row as the lessons take it, its number, and how many classes do not fit; None if there is none."""
    found = seen.found
    if found.logits is None:
        return None
    rows, labels = found.logits.reshape(-1, found.logits.shape[-1]), label_ids(found)
    row = min(row, len(rows) - 1)
    logits, label = np.nan_to_num(rows[row], nan=0.0, posinf=1e4, neginf=-1e4), max(int(labels[row]), 0)
    if len(logits) < 2:
        return None
    largest = np.argsort(-logits, kind="stable")
    kept = np.sort(np.append(label, largest[largest != label][: MOST_CLASSES - 1]))
    names = tuple(str(i) for i in kept)
    return (
        Live(names, np.clip(logits[kept], -1e4, 1e4), int(np.searchsorted(kept, label))),
        row,
        len(logits) - len(kept),
    )


def _place(found: Diagnosis, row: int) -> str:
    assert found.logits is not None
    return shape_text([int(i) for i in np.unravel_index(row, found.logits.shape[:-1])])


def take_row(told: Told) -> dict[str, Any]:
    """What to write into the learner's numbers so that they are the row."""
    taken = row_live(look(told), told.row)
    return taken[0].controls if taken else {}


def _row(seen: Seen, row: int) -> Step:
    """One row through the chain of the lessons."""
    taken = row_live(seen, row)
    if taken is None:
        return Step("row", notes=(Note("finding-nothing"),))
    live, row, left_out = taken
    loss = float(core.sparse_cross_entropy(live.logits, live.label))
    numbers = {
        "row": str(row),
        "place": _place(seen.found, row),
        "label": live.label_name,
        "p_y": live.probs[live.label],
        "loss": loss,
        "lse": float(core.logsumexp(live.logits)),
        "z_y": live.logits[live.label],
    }
    notes = [Note("finding-chain", numbers)]
    if left_out:
        notes.append(Note("finding-left_out", {"left_out": str(left_out), "kept": str(len(live.names))}))
    return Step("row", notes=tuple(notes), figures=({**table(live, "z → p − y"), "live": []},))


def _conventions(seen: Seen) -> Step:
    """Every call on the same numbers, and every mean."""
    if seen.errors:
        return Step("conventions", notes=(Note("finding-nothing"),))
    predictions, labels = seen.arrays["predictions"].array, seen.arrays["labels"].array
    texts = []
    for call, asked in CALLS.items():
        try:
            mean = fmt(reduced(call, called(call, predictions, labels), labels))
        except RefusedError as refused:
            mean = f"✗ {refused.code}"
        texts.append([mean, asked.takes, "1" if call in SECOND_AXIS else "−1", asked.labels])
    blank = np.zeros((len(CALLS), 4))
    figures: list[Figure] = [grid("L", list(CALLS), ["L", "predictions", "axis", "labels"], blank, texts=texts)]
    notes = []
    means = weighted_means(seen.found)
    if means:
        figures.append(bars(list(means), column("L", list(means.values()), "loss")))
        notes.append(Note("finding-weights", {"torch": means["Σ w L / Σ w"], "keras": means["Σ w L / N"]}))
    return Step("conventions", notes=tuple(notes), figures=tuple(figures))


def weighted_means(found: Diagnosis) -> dict[str, float]:
    """Means and sums of the same losses; the weight of class c is c + 1."""
    if found.losses is None or found.label_kind != "ids" or found.logits is None:
        return {}
    ids, losses = label_ids(found), np.asarray(found.losses).reshape(-1)
    kept = ids >= 0
    weight = np.where(kept, ids + 1.0, 0.0)
    losses = np.where(kept, losses, 0.0)
    if not np.isfinite(losses).all():
        return {}
    total = float(losses.sum())
    return {
        "Σ L": total,
        "Σ L / kept": total / int(kept.sum()),
        "Σ L / N": total / len(ids),
        "Σ w L / Σ w": float((weight * losses).sum() / weight.sum()),
        "Σ w L / N": float((weight * losses).sum() / len(ids)),
    }


@cache
def _refusals() -> dict[tuple[str, str], list[str]]:
    """Which cases a call refuses, by the reason."""
    keys: dict[tuple[str, str], list[str]] = {}
    for name, example in CASES.items():
        for call in CALLS:
            try:
                called(call, *example.arrays)
            except RefusedError as refused:
                keys.setdefault((call, refused.code), []).append(name)
    return keys


def message(call: str, code: str, arrays: Mapping[str, Pasted]) -> dict[str, str]:
    """What the framework says to such a call, recorded over these very numbers if they are a case's; or nothing."""
    names = _refusals().get((call, code), [])
    if not names:
        return {}

    def same(name: str) -> bool:
        both = zip(CASES[name].arrays, (arrays["predictions"].array, arrays["labels"].array), strict=True)
        return all(np.array_equal(ours, theirs, equal_nan=True) for ours, theirs in both)

    name = next(filter(same, names), names[0])
    framework = CALLS[call].framework
    said = recorded()["cases"].get(f"clinic/{name}/{call}", {})
    if "error" not in said:
        return {}
    return {
        "message_code": f"{said['error']}: {said['message']}",
        "framework": FRAMEWORKS[framework],
        "version_code": recorded()["versions"][framework],
    }


def questions(live: Live, told: Told | None = None) -> list[Question]:
    """Predict first; each answer is what a call or a mean gives."""
    probs, label = np.array([[0.05, 0.95, 0.0]]), np.array([1])
    value = reduced("torch_cross_entropy", called("torch_cross_entropy", probs, label), label)
    right = float(-np.log(probs[0, 1]))
    answer = 1 if abs(value - right) > 0.1 else 2
    losses, weights = np.array([1.0, 3.0]), np.array([1.0, 3.0])
    torch, keras = float((losses * weights).sum() / weights.sum()), float((losses * weights).mean())
    return [
        Question("verdict", answer, {"p_y": probs[0, 1], "value": value, "right": right}),
        Question(
            "conventions",
            0 if torch < keras else 1 if torch > keras else 2,
            {"first": losses[0], "second": losses[1], "torch": torch, "keras": keras},
        ),
        *fingerprints.questions(),
    ]


def challenges(
    live: Live, told: Told | None = None, chosen: fingerprints.Chosen = fingerprints.DEFAULT
) -> list[Challenge]:
    """Tasks checked from what is pasted, called and named."""
    told = told or Told()
    seen = look(told)
    found, own = seen.found, told.example
    value, right = found.value, found.right
    apart = value is not None and right is not None and not abs(value - right) <= 1
    agree = value is not None and right is not None and bool(np.isclose(value, right, rtol=1e-4))
    changed = seen.call != own.call
    rows = 0 if found.losses is None else np.asarray(found.losses).size
    taken = row_live(seen, told.row)
    same_row = taken is not None and live.names == taken[0].names and np.allclose(live.logits, taken[0].logits)
    return [
        Challenge("silent", apart, at="paste"),
        Challenge("repair", agree and changed and told.case not in (DEFAULT, OWN), at="paste"),
        Challenge("own", agree and rows >= 3 and told.case == OWN, at="paste"),
        Challenge("take", bool(same_row), at="row"),
        *fingerprints.challenges(chosen),
    ]
