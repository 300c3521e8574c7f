"""The mixed quiz: a question for each of the 46 things that learners get wrong, with new numbers each time.

An item names the step that shows its answer, and the settings of that step; the true option is found by core or by that
step, never written down. Its words are the section {#ask-<number>} of prose/quiz.<lang>.md.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pkgutil import resolve_name
from typing import Any

import numpy as np

import core
from explainers import LESSONS, cross_entropy, nce, race, sampled_softmax, shape_lab
from explainers.sampled_bench import SAMPLED
from explainers.sampled_softmax import Small
from explainers.step import Live, Step

NAMES = "ABCDEFGHIJ"
SCORES = np.arange(-2.0, 3.5, 0.5)
"""what logits are drawn from, each once: no two classes are alike"""


def lesson(slug: str) -> Any:
    """The explainer of a lesson; LESSONS is the only list of them."""
    if slug not in LESSONS:
        raise ValueError(f"slug must be one of {', '.join(LESSONS)}, got {slug!r}")
    return resolve_name(f"explainers.{slug}")


@dataclass(frozen=True)
class Asked:
    """A question with its numbers, and the settings with which its step shows the answer."""

    answer: int
    """which option is true"""
    numbers: Mapping[str, Any]
    live: Live
    settings: Mapping[str, Any] = field(default_factory=dict)
    """arguments of the lesson's `explain`"""


@dataclass(frozen=True)
class Item:
    """One of the 46: where its answer can be seen, and how it is asked."""

    number: int
    lesson: str
    step: str
    make: Callable[[Live, np.random.Generator], Asked]

    def ask(self, seed: int) -> Asked:
        """The question with the numbers of this seed."""
        rng = np.random.default_rng([seed, self.number])
        return self.make(drawn(rng), rng)

    def shown(self, asked: Asked) -> Step:
        """The step of the lesson, with the numbers of the question."""
        return _step(self.lesson, self.step, asked.live, **asked.settings)


def drawn(rng: np.random.Generator, num_classes: int = 4) -> Live:
    """Some classes with different logits, and a label."""
    logits = rng.choice(SCORES, num_classes, replace=False)
    return Live(tuple(NAMES[:num_classes]), logits, int(rng.integers(num_classes)))


def _step(slug: str, key: str, live: Live, **settings: Any) -> Step:
    step: Step
    (step,) = lesson(slug).explain(live, **settings, only=(key,))
    return step


def _pick(truth: float, *offered: float) -> int:
    """Which of the offered numbers is the true one: the nearest, in parts of the truth."""
    gaps = [0.0 if value == truth else abs(value - truth) if np.isfinite(value) else np.inf for value in offered]
    if min(gaps) > 0.05 * abs(truth) + 1e-9:
        raise ValueError(f"none of the offered numbers {offered} is the truth, {truth}")
    return int(np.argmin(gaps))


def _numbered(*offered: float) -> dict[str, float]:
    """The options as @a, @b, @c ..."""
    return dict(zip("abcd", offered, strict=False))


ITEMS: dict[int, Item] = {}
"""number -> item; the numbers are those of the list of misconceptions"""


def _item(number: int, slug: str, step: str) -> Callable[[Callable[..., Asked]], Callable[..., Asked]]:
    def keep(make: Callable[..., Asked]) -> Callable[..., Asked]:
        ITEMS[number] = Item(number, slug, step, make)
        return make

    return keep


# ---- A. logits and softmax ----


@_item(1, "softmax", "logits")
def _differences(live: Live, rng: np.random.Generator) -> Asked:
    first, second = (int(i) for i in np.argsort(-live.logits)[:2])
    gap = float(live.logits[first] - live.logits[second])
    offered = gap, float(np.exp(gap))
    truth = float(live.probs[first] / live.probs[second])
    names = {"first": live.names[first], "second": live.names[second], "gap": gap}
    return Asked(_pick(truth, *offered), names | _numbered(*offered), live)


@_item(2, "softmax", "shift-all")
def _shift(live: Live, rng: np.random.Generator) -> Asked:
    shift = float(rng.integers(2, 8))
    alone = live.logits + shift * core.one_hot(live.label, len(live.names))
    p = float(live.probs[live.label])
    offered = float(core.softmax(alone)[live.label]), p, p / (1 + shift)
    truth = float(core.softmax(live.logits + shift)[live.label])
    numbers = {"y": live.label_name, "p": p, "shift": shift}
    return Asked(_pick(truth, *offered), numbers | _numbered(*offered), live, {"shift": shift})


@_item(3, "softmax", "odds")
def _doubled(live: Live, rng: np.random.Generator) -> Asked:
    p = float(live.probs[live.label])
    more = live.logits + np.log(2) * core.one_hot(live.label, len(live.names))
    truth = float(core.softmax(more)[live.label])
    offered = 2 * p, p + float(np.log(2)), truth
    return Asked(_pick(truth, *offered), {"y": live.label_name, "p": p} | _numbered(*offered), live, {"doubled": True})


@_item(4, "softmax", "soft-argmax")
def _soft_max(live: Live, rng: np.random.Generator) -> Asked:
    n = _step("softmax", "soft-argmax", live).numbers
    offered = n["top"], n["soft"], n["ceiling"]
    return Asked(_pick(float(core.logsumexp(live.logits)), *offered), {"top": n["top"]} | _numbered(*offered), live)


@_item(5, "softmax", "divide")
def _temperature(live: Live, rng: np.random.Generator) -> Asked:
    warm = replace(live, temperature=float(rng.choice([0.5, 2.0, 4.0])))
    top, now = int(np.argmax(live.probs)), int(np.argmax(warm.probs))
    answer = 2 if now != top else 0 if warm.probs[top] > live.probs[top] else 1
    numbers = {"t": warm.temperature, "top": live.names[top], "p": live.probs[top]}
    return Asked(answer, numbers, replace(warm, label=top))


@_item(6, "softmax", "order")
def _late(live: Live, rng: np.random.Generator) -> Asked:
    warm = replace(live, temperature=float(rng.choice([0.5, 2.0])))
    p = float(live.probs[live.label])
    offered = p, p ** (1 / warm.temperature), float(warm.probs[live.label])
    truth = float(core.softmax(core.log_softmax(live.logits), temperature=warm.temperature)[live.label])
    numbers = {"y": live.label_name, "t": warm.temperature, "p": p, "p_t": warm.probs[live.label]}
    return Asked(_pick(truth, *offered), numbers | _numbered(*offered), warm)


@_item(7, "cross_entropy", "calibration")
def _calibrated(live: Live, rng: np.random.Generator) -> Asked:
    n = _step("cross_entropy", "calibration", live).numbers
    offered = n["top_accuracy"], n["top_confidence"], 1.0
    numbers = {"count": n["top_count"], "edge": n["edge"], "confidence": n["top_confidence"]}
    return Asked(_pick(n["top_accuracy"], *offered), numbers | _numbered(*offered), live)


@_item(8, "softmax", "axis")
def _axis(live: Live, rng: np.random.Generator) -> Asked:
    n = _step("softmax", "axis", live, along="batch").numbers
    rows, columns = (bool(np.isclose(n[total], 1)) for total in ("row_sum", "column_sum"))
    answer = {(True, False): 0, (False, True): 1, (True, True): 2}[rows, columns]
    return Asked(answer, {"batch": n["batch"], "count": n["count"]}, live, {"along": "batch"})


@_item(9, "softmax", "overflow")
def _overflow(live: Live, rng: np.random.Generator) -> Asked:
    dtype, climb = [("float16", 6.0), ("float16", 14.0), ("float32", 14.0), ("float32", 95.0)][rng.integers(4)]
    cells = core.softmax_cells(live.logits + climb, dtype)
    top = int(np.argmax(cells.logits))
    z = float(cells.logits[top])
    offered = float(np.exp(z)), np.inf, 0.0
    numbers = {"dtype": dtype, "z": z} | _numbered(*offered)
    return Asked(_pick(float(cells.exps[top]), *offered), numbers, live, {"dtype": dtype, "climb": climb})


@_item(10, "softmax", "accumulate")
def _accumulate(live: Live, rng: np.random.Generator) -> Asked:
    dtype = str(rng.choice(["float16", "bfloat16", "float32"]))
    count = int(rng.choice([20_000, 50_000, 200_000]))
    last = 2 / core.spacing(1.0, dtype)  # beyond it the neighbours of a number are 2 apart
    truth = _step("softmax", "accumulate", live, dtype=dtype, ones=count).numbers["stuck"]
    offered = float(count), np.inf, last
    numbers = {"dtype": dtype, "count": str(count)} | _numbered(*offered)
    return Asked(_pick(truth, *offered), numbers, live, {"dtype": dtype, "ones": count})


@_item(11, "softmax", "cosine")
def _cosine(live: Live, rng: np.random.Generator) -> Asked:
    classes = str(rng.choice(["10", "1000", "200000"]))
    truth = float(core.bounded_best(int(classes)).prob)
    offered = 1.0, float(core.bounded_best(2).prob), truth
    return Asked(_pick(truth, *offered), {"classes": classes} | _numbered(*offered), live, {"cosine_classes": classes})


# ---- B. labels, shapes, indices ----


@_item(12, "cross_entropy", "address")
def _address(live: Live, rng: np.random.Generator) -> Asked:
    other = replace(live, label=(live.label + 1) % len(live.names))
    probs, losses = (bool(np.array_equal(live.probs, other.probs)), _loss(live) == _loss(other))
    answer = {(False, False): 0, (True, False): 1, (True, True): 2}[probs, losses]
    return Asked(answer, {"y": live.label_name, "other": other.label_name}, other)


def _loss(live: Live) -> float:
    return cross_entropy.loss_of(live)


@_item(13, "cross_entropy", "wrong")
def _wrong(live: Live, rng: np.random.Generator) -> Asked:
    lift = float(rng.choice([1.0, 1.5, 2.0, 3.0]))
    n = _step("cross_entropy", "wrong", live, lift=lift).numbers
    lowered = float(core.sparse_cross_entropy(_pushed(live, n["rival"], -lift), live.label))
    truth = float(core.sparse_cross_entropy(_pushed(live, n["rival"], lift), live.label))
    offered = lowered, n["loss"], n["loss_after"]
    numbers = {"rival": n["rival"], "lift": lift, "loss": n["loss"]} | _numbered(*offered)
    return Asked(_pick(truth, *offered), numbers, live, {"lift": lift})


def _pushed(live: Live, name: str, by: float) -> Any:
    return live.logits + by * core.one_hot(live.names.index(name), len(live.names))


@_item(14, "cross_entropy", "one-hot")
def _sparse(live: Live, rng: np.random.Generator) -> Asked:
    dense = float(core.cross_entropy(live.logits, core.one_hot(live.label, len(live.names))))
    answer = 0 if dense > _loss(live) + 1e-9 else 2 if dense < _loss(live) - 1e-9 else 1
    return Asked(answer, {"y": live.label_name, "id": str(live.label), "loss": _loss(live)}, live)


_VERDICTS = ("error", "right", "silent")
"""the options of what a call does with labels, in the order of the prose"""


@_item(15, "sequence", "shapes")
def _formats(live: Live, rng: np.random.Generator) -> Asked:
    labels, call = [
        ("ids", "keras_categorical"),
        ("ids", "keras_sparse"),
        ("one_hot", "keras_sparse"),
        ("one_hot", "keras_categorical"),
        ("floats", "keras_sparse"),
        ("ids", "numpy_index"),
    ][rng.integers(6)]
    return _verdict(live, labels, call, 0)


def _verdict(live: Live, labels: str, call: str, off_by: int) -> Asked:
    said = shape_lab.verdict(labels, "as_is", call, off_by)
    asked = shape_lab.CALLS[call]
    numbers = {
        "labels_code": shape_lab.LABELS[labels].code,
        "call_code": " ".join(asked.code.split()),
        "classes": str(len(shape_lab.NOTES)),
    }
    settings = {"labels_as": labels, "call": call, "off_by": off_by}
    return Asked(_VERDICTS.index(said), numbers, live, settings)


@_item(16, "sequence", "block")
def _one_axis_fewer(live: Live, rng: np.random.Generator) -> Asked:
    n = _step("sequence", "block", live).numbers
    b, t, v = (int(n[key]) for key in ("num_sequences", "num_steps", "num_classes"))
    shapes = [(b, t, v), (b, t), (b, v)]
    fits = [_takes(np.zeros((b, t, v)), np.zeros(shape, int)) for shape in shapes]
    numbers = {"logits": str([b, t, v])} | {key: str(list(s)) for key, s in zip("abc", shapes, strict=True)}
    return Asked(fits.index(True), numbers, live)


def _takes(logits: Any, labels: Any) -> bool:
    try:
        core.sparse_cross_entropy(logits, labels)
    except ValueError:
        return False
    return True


@_item(17, "cross_entropy", "shuffle")
def _names(live: Live, rng: np.random.Generator) -> Asked:
    seed = int(rng.integers(100))
    while int(_step("cross_entropy", "shuffle", live, shuffle=seed).numbers["new_id"]) == live.label:
        seed = (seed + 1) % 100
    n = _step("cross_entropy", "shuffle", live, shuffle=seed).numbers
    offered = _loss(live), _loss(replace(live, label=int(n["new_id"])))
    numbers = {key: n[key] for key in ("y", "id", "new_id", "loss")} | _numbered(*offered)
    return Asked(_pick(n["loss_after"], *offered), numbers, live, {"shuffle": seed})


@_item(18, "sequence", "shapes")
def _off_by_one(live: Live, rng: np.random.Generator) -> Asked:
    call = str(rng.choice(["torch", "tensorflow", "numpy_take"]))
    return _verdict(live, "ids", call, int(rng.choice([-1, 1])))


@_item(19, "sequence", "ignored")
def _ignored(live: Live, rng: np.random.Generator) -> Asked:
    padded = int(rng.integers(1, shape_lab.NUM_TILES - 1))
    padding = str(rng.choice(["ignore_index", "sample_weight"]))
    counts = shape_lab.counted(live, padded, padding).counts
    offered = float(shape_lab.NUM_TILES), float(shape_lab.NUM_TILES - padded)
    numbers = {
        "padded": str(padded),
        "tiles": str(shape_lab.NUM_TILES),
        "call_code": " ".join(shape_lab.PADDING[padding].code.split()),
    }
    settings = {"padded": padded, "padding": padding}
    return Asked(_pick(float(counts.sum()), *offered), numbers | _numbered(*offered), live, settings)


@_item(20, "sequence", "means")
def _means(live: Live, rng: np.random.Generator) -> Asked:
    second = int(rng.integers(12, 30))
    n = _step("sequence", "means", live, second=second).numbers
    losses, counts = np.array([n["first"], n["second"]]), np.array([int(n["n1"]), second])
    offered = float(losses.mean()), float(losses @ counts / counts.sum()), float(losses @ counts[::-1] / counts.sum())
    numbers = {key: n[key] for key in ("n1", "n2", "first", "second")} | _numbered(*offered)
    return Asked(_pick(n["of_tokens"], *offered), numbers, live, {"second": second})


# ---- C. loss values ----


@_item(21, "cross_entropy", "mistake")
def _twice(live: Live, rng: np.random.Generator) -> Asked:
    live = drawn(rng, int(rng.integers(3, 10)))
    count = len(live.names)
    truth = float(core.double_softmax_cross_entropy(1e4 * core.one_hot(live.label, count), live.label))
    offered = 0.0, float(core.double_softmax_range(count)[0]), float(np.log(count))
    numbers = {"count": str(count)} | _numbered(*offered)
    return Asked(_pick(truth, *offered), numbers, live, {"mistake": "twice"})


@_item(22, "cross_entropy", "mistake")
def _not_at_all(live: Live, rng: np.random.Generator) -> Asked:
    said = float(core.sparse_cross_entropy_from_probs(live.logits, live.label))
    answer = 0 if not np.isfinite(said) else 1 if np.isclose(said, _loss(live), rtol=1e-3) else 2
    numbers = {"y": live.label_name, "z": live.logits[live.label], "a": _loss(live), "b": said}
    return Asked(answer, numbers, live, {"mistake": "from_logits"})


@_item(23, "cross_entropy", "epsilon")
def _epsilon(live: Live, rng: np.random.Generator) -> Asked:
    drop = float(rng.choice([30.0, 40.0, 60.0, 80.0]))
    n = _step("cross_entropy", "epsilon", live, drop=drop).numbers
    offered = n["exact"], n["ceiling"], np.inf
    numbers = {"y": n["y"], "drop": drop} | _numbered(*offered)
    return Asked(_pick(n["clipped"], *offered), numbers, live, {"drop": drop})


@_item(24, "cross_entropy", "uniform")
def _uniform(live: Live, rng: np.random.Generator) -> Asked:
    vocabulary = str(rng.choice(cross_entropy.VOCABULARIES[:-1]))
    truth = float(core.sparse_cross_entropy(np.zeros(int(vocabulary)), 0))
    offered = truth, 1.0, float(core.bits(truth))
    numbers = {"vocabulary": vocabulary} | _numbered(*offered)
    return Asked(_pick(truth, *offered), numbers, live, {"vocabulary": vocabulary})


@_item(25, "cross_entropy", "accuracy")
def _accuracy(live: Live, rng: np.random.Generator) -> Asked:
    further = float(rng.choice([0.1, 2.0, 4.0, 6.0]))
    n = _step("cross_entropy", "accuracy", live, further=further).numbers
    numbers = {key: n[key] for key in ("count", "further", "behind", "toward")}
    numbers |= {"loss": n["mean_before"], "right": n["right_before"]}
    answer = 0 if n["mean_after"] < n["mean_before"] else 1 if int(n["right_after"]) > int(n["right_before"]) else 2
    return Asked(answer, numbers, live, {"further": further})


@_item(26, "cross_entropy", "units")
def _units(live: Live, rng: np.random.Generator) -> Asked:
    one, two = float(rng.choice([0.5, 1.0, 1.5])), float(rng.choice([2.5, 3.0, 4.0]))
    n = _step("cross_entropy", "units", live, loss_one=one, loss_two=two).numbers
    truth = float(core.perplexity(np.array([one, two]).mean()))
    offered = n["order_right"], n["order_wrong"], float(2 ** n["mean"])
    numbers = {"one": one, "two": two} | _numbered(*offered)
    return Asked(_pick(truth, *offered), numbers, live, {"loss_one": one, "loss_two": two})


@_item(27, "cross_entropy", "smoothing")
def _smoothing(live: Live, rng: np.random.Generator) -> Asked:
    live = drawn(rng, int(rng.integers(3, 10)))
    smoothing = float(rng.choice([0.05, 0.1, 0.2]))
    target = core.smooth_labels(core.one_hot(live.label, len(live.names)), smoothing)
    offered = 0.0, smoothing, float(core.entropy(target))
    truth = float(core.cross_entropy(np.log(target), target))  # the best model says the target itself
    numbers = {"smoothing": smoothing, "count": str(len(live.names))} | _numbered(*offered)
    return Asked(_pick(truth, *offered), numbers, live, {"smoothing": smoothing})


@_item(28, "gradient", "difference")
def _gradient(live: Live, rng: np.random.Generator) -> Asked:
    p = float(live.probs[live.label])
    other = int(np.argmax(np.delete(live.logits, live.label)))
    wrong = np.delete(np.arange(len(live.names)), live.label)[other]
    truth = float(core.sparse_cross_entropy_grad(live.logits, live.label)[wrong])
    q = float(live.probs[wrong])
    offered = 0.0, q, q - 1
    numbers = {"y": live.label_name, "p": p, "other": live.names[wrong], "q": q} | _numbered(*offered)
    return Asked(_pick(truth, *offered), numbers, live)


# ---- D. sampled softmax, NCE, negative sampling ----


@_item(29, "sampled_softmax", "values")
def _no_drop_in(live: Live, rng: np.random.Generator) -> Asked:
    classes, sampled = int(rng.choice([10_000, 50_000, 200_000])), int(rng.choice([50, 100, 1_000]))
    n = _step("sampled_softmax", "values", live, classes=classes, sampled=sampled).numbers
    offered = n["sampled_softmax"], n["full"], n["full"] * (sampled + 1) / classes
    truth = sampled_softmax.untrained(classes, sampled)["sampled_softmax"]
    numbers = {"classes": str(classes), "sampled": str(sampled), "full": n["full"]} | _numbered(*offered)
    return Asked(_pick(truth, *offered), numbers, live, {"classes": classes, "sampled": sampled})


@_item(30, "sampled_softmax", "copied")
def _arguments(live: Live, rng: np.random.Generator) -> Asked:
    ways = [(weights, inputs) for weights in sampled_softmax.WEIGHTS for inputs in sampled_softmax.INPUTS]
    steps = [_step("sampled_softmax", "copied", live, weights=weights, inputs=inputs) for weights, inputs in ways]
    works = [step.numbers["said"].startswith("L =") for step in steps]
    weights, inputs = ways[works.index(True)]
    numbers = {key: steps[0].numbers[key] for key in ("classes", "dim")}
    return Asked(works.index(True), numbers, live, {"weights": weights, "inputs": inputs})


@_item(31, "sampled_softmax", "apart")
def _shared(live: Live, rng: np.random.Generator) -> Asked:
    count, batch = int(rng.integers(2, 4)), 2
    labels = np.array([[live.label], [(live.label + 1) % len(live.names)]])
    values = core.LogUniformSampler(len(live.names)).sample(labels, count, rng=rng)
    offered = float(count), float(count * batch)
    numbers = {"batch": str(batch), "count": str(count)} | _numbered(*offered)
    return Asked(_pick(float(values.sampled.size), *offered), numbers, live, {"small": Small(num_sampled=count)})


@_item(32, "sampled_softmax", "ids")
def _ranks(live: Live, rng: np.random.Generator) -> Asked:
    order = int(rng.integers(1, 51))
    n = _step("sampled_softmax", "ids", live, order=order).numbers
    truth = float(core.LogUniformSampler(int(n["classes"])).probs(int(n["top_id"])))
    offered = n["first"], n["top_data"], n["top_drawn"]
    numbers = {"classes": n["classes"], "top_id": n["top_id"], "top_data": n["top_data"]} | _numbered(*offered)
    return Asked(_pick(truth, *offered), numbers, live, {"order": order})


@_item(33, "sampled_softmax", "urn")
def _still_inside(live: Live, rng: np.random.Generator) -> Asked:
    small = Small(num_sampled=2, draw=int(rng.integers(100)))
    n = _step("sampled_softmax", "urn", live, small=small).numbers
    numbers = {"y": n["y"], "count": n["count"], "draws": n["draws"], "share": n["hit_share"]}
    return Asked(1 if n["hit_share"] > 0 else 0, numbers, live, {"small": small})


@_item(34, "sampled_softmax", "hits")
def _hits(live: Live, rng: np.random.Generator) -> Asked:
    margin = 1e3
    truth = float(core.sparse_cross_entropy(np.array([margin, margin, 0.0, 0.0]), 0))
    offered = 0.0, _step("sampled_softmax", "hits", live).numbers["floor"], 1.0
    settings = {"small": Small(remove_accidental_hits=False)}
    return Asked(_pick(truth, *offered), _numbered(*offered), live, settings)


@_item(35, "sampled_softmax", "study")
def _log_q(live: Live, rng: np.random.Generator) -> Asked:
    sampled = str(rng.choice(SAMPLED[1:4]))
    forgotten = sampled_softmax.TABLE["↺ log Q ✗"]._replace(num_sampled=int(sampled))
    with_log_q = forgotten._replace(subtract_log_q=True)
    study = sampled_softmax.study()
    offered = 0.0, 100 * study[with_log_q][2], 100 * study[forgotten][2]
    numbers = {"sampled": sampled, "loss": study[forgotten][0]} | _numbered(*offered)
    small = Small(unique=False, subtract_log_q=False)
    return Asked(_pick(100 * study[forgotten][2], *offered), numbers, live, {"small": small, "num_sampled": sampled})


@_item(36, "sampled_softmax", "rest")
def _promise(live: Live, rng: np.random.Generator) -> Asked:
    sampler = str(rng.choice(["log_uniform", "uniform"]))
    small = Small(sampler=sampler, unique=False, remove_accidental_hits=False)
    truth = sampled_softmax.pull_at_rest(sampler, False, False)
    offered = [
        sampled_softmax.pull_at_rest(sampler, False, True, True, "importance"),
        sampled_softmax.pull_at_rest(sampler, False, True),
        truth if truth > 1e-12 else 0.0,
    ]
    return Asked(_pick(truth, *offered), _numbered(*offered), live, {"small": small})


@_item(37, "sampled_softmax", "study")
def _more_samples(live: Live, rng: np.random.Generator) -> Asked:
    small = Small(unique=False)
    n = _step("sampled_softmax", "study", live, small=small, form="importance").numbers
    times = int(n["most"]) / int(n["few"])
    offered = n["spread_few"], n["spread_few"] / np.sqrt(times), n["spread_few"] / times
    nearest = int(np.argmin(np.abs(np.log(np.array(offered) / n["spread_most"]))))
    numbers = {"few": n["few"], "most": n["most"], "spread": n["spread_few"]} | _numbered(*offered)
    return Asked(nearest, numbers, live, {"small": small, "form": "importance"})


@_item(38, "nce", "big")
def _healthy(live: Live, rng: np.random.Generator) -> Asked:
    classes, sampled = int(rng.choice([10_000, 200_000])), int(rng.choice([50, 100, 500, 1_000]))
    losses = nce.untrained(classes, sampled)
    offered = losses["cross_entropy"], losses["sampled_softmax"], losses["nce"]
    truth = (
        float(core.sigmoid_cross_entropy(np.log(classes / sampled), 1.0))
        + sampled * float(core.sigmoid_cross_entropy(np.log(classes / sampled), 0.0))
    )  # fmt: skip
    numbers = {"classes": str(classes), "sampled": str(sampled)} | _numbered(*offered)
    settings = {"vocabulary": str(classes), "start_sampled": sampled}
    return Asked(_pick(truth, *offered), numbers, live, settings)


@_item(39, "nce", "posterior")
def _data_or_noise(live: Live, rng: np.random.Generator) -> Asked:
    k = int(rng.integers(2, 6))
    n = _step("nce", "posterior", live, k=k).numbers
    offered = n["posterior_y"], n["p_y"], n["p_y"] * k / (1 + k)
    truth = float(core.sigmoid(np.log(n["p_y"] / n["noise_y"])))
    numbers = {key: n[key] for key in ("y", "k", "p_y", "noise_y")} | _numbered(*offered)
    return Asked(_pick(truth, *offered), numbers, live, {"k": k})


@_item(40, "nce", "twins")
def _twins(live: Live, rng: np.random.Generator) -> Asked:
    exponent, steps = float(rng.choice([0.6, 0.75, 0.9])), nce.MOST_STEPS
    top = replace(live, label=int(np.argmax(live.logits)))
    n = _step("nce", "twins", top, exponent=exponent, num_steps=steps).numbers
    noise = float(np.exp(nce.log_noise(top, exponent)[top.label]))
    truth = float(core.softmax(nce.optimum(top, 5, exponent)[1])[top.label])
    offered = n["p_y"], noise, n["ns_y"]
    numbers = {"y": n["y"], "p_y": n["p_y"], "exponent": exponent} | _numbered(*offered)
    return Asked(_pick(truth, *offered), numbers, top, {"exponent": exponent, "num_steps": steps})


@_item(41, "nce", "defaults")
def _defaults(live: Live, rng: np.random.Generator) -> Asked:
    removes = [
        inspect.signature(function).parameters["remove_accidental_hits"].default
        for function in (core.nce_loss, core.sampled_softmax_loss)
    ]
    answer = [[True, True], [True, False], [False, True], [False, False]].index(removes)
    return Asked(answer, {}, live)


@_item(42, "sampled_softmax", "bench")
def _again(live: Live, rng: np.random.Generator) -> Asked:
    n = _step("sampled_softmax", "bench", live).numbers
    answer = 0 if n["again"] == n["now"] else 1
    return Asked(answer, {key: n[key] for key in ("classes", "sampled", "now", "full")}, live)


@_item(43, "nce", "exponent")
def _exponent(live: Live, rng: np.random.Generator) -> Asked:
    exponent = float(rng.choice([0.5, 0.75]))
    n = _step("nce", "exponent", live, exponent=exponent).numbers
    rarest = int(np.argmin(live.logits))
    truth = float(core.FixedUnigramSampler(live.probs, distortion=exponent).probs()[rarest])
    offered = n["q_rarest"], n["p_rarest"], n["p_rarest"] * exponent
    numbers = {"exponent": exponent, "rarest": n["rarest"], "p": n["p_rarest"]} | _numbered(*offered)
    return Asked(_pick(truth, *offered), numbers, live, {"exponent": exponent})


@_item(44, "sampled_softmax", "tries")
def _unique(live: Live, rng: np.random.Generator) -> Asked:
    count = int(rng.choice([80, 100, 150, 200]))
    n = _step("sampled_softmax", "tries", live, of_thousand=count).numbers
    offered = n["naive"], n["expected"], n["q"]
    numbers = {key: n[key] for key in ("classes", "count", "q")} | _numbered(*offered)
    return Asked(_pick(n["seen"], *offered), numbers, live, {"of_thousand": count})


@_item(45, "sampled_softmax", "cost")
def _inference(live: Live, rng: np.random.Generator) -> Asked:
    classes, sampled = int(rng.choice([50_000, 100_000, 200_000])), int(rng.choice([100, 500, 1_000]))
    settings = {"classes": classes, "sampled": sampled, "phase": "predict"}
    n = _step("sampled_softmax", "cost", live, **settings).numbers
    offered = n["train_ratio"], n["train_ratio"] / 2, 1.0
    numbers = {"classes": str(classes), "sampled": str(sampled), "times": n["train_ratio"]} | _numbered(*offered)
    return Asked(_pick(n["ratio"], *offered), numbers, live, settings)


@_item(46, "race", "bottleneck")
def _bottleneck(live: Live, rng: np.random.Generator) -> Asked:
    dim = int(rng.integers(3, 12))
    table = race.table()[1]
    made = core.log_softmax(core.low_rank(table, dim))
    offered = float(len(table)), float(dim**2), float(dim + 1)
    numbers = {"size": str(len(table)), "dim": str(dim)} | _numbered(*offered)
    return Asked(_pick(float(np.linalg.matrix_rank(made, tol=1e-6)), *offered), numbers, live, {"dim": dim})


# ---- where a question leads ----

_PREFIX = {"sequence": "seq_", "sampled_softmax": "ss_", "nce": "nce_", "race": "race_", "clinic": "clinic_"}
_NAMES = {
    "sequence": {"labels_as": "labels", "logits_as": "logits"},
    "sampled_softmax": {
        "of_thousand": "thousand",
        "num_sampled": "num",
        "sampler": "from",
        "subtract_log_q": "log_q",
        "remove_accidental_hits": "hits",
    },
    "nce": {"num_steps": "steps"},
}
"""arguments whose control has another name"""


def address(item: Item, asked: Asked) -> dict[str, str]:
    """What stands in the address of the lesson, so that it shows the numbers of the question."""
    live, slug = asked.live, item.lesson
    settings = dict(asked.settings)
    small = settings.pop("small", None)
    controls = {_NAMES.get(slug, {}).get(name, name): value for name, value in settings.items()}
    if small is not None:
        changed = {name: value for name, value in small._asdict().items() if value != getattr(Small(), name)}
        controls |= {
            "few" if name == "num_sampled" else _NAMES[slug].get(name, name): value for name, value in changed.items()
        }
    query = {_PREFIX.get(slug, "") + name: _text(value) for name, value in controls.items()}
    return {"step": item.step, **query, **{key: _text(value) for key, value in live.controls.items()}}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else f"{value:.10g}"


# ---- a round ----

ROUND = 10
"""questions in a round"""


def deal(seed: int, lessons: Sequence[str], missed: Sequence[int] = ()) -> list[int]:
    """The items of a round: those missed before come first, then the others of these lessons, in seeded order."""
    order = [int(number) for number in np.random.default_rng(seed).permutation(sorted(ITEMS))]
    order = [number for number in order if ITEMS[number].lesson in lessons]
    again = [number for number in order if number in missed]
    return (again + [number for number in order if number not in missed])[:ROUND]
