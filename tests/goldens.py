"""What the real frameworks answered, checked against core: `python -m tests.goldens FILE...` (.json or .json.gz).

Each case of a golden file names a function, its inputs, what TensorFlow, Keras, PyTorch, JAX, optax or SciPy answered,
and how close one must come in each dtype. `CHECKS` maps the function to core. Nothing is skipped in silence:

- an expected key must be computed by the check, or stand in `FRAMEWORK_OWN` with the reason why it is not;
- an input or a parameter that the check did not look at is a failure, as the answer might depend on it;
- functions that core does not have yet are counted and named as `not yet`, unknown ones too.

A float64 case is checked a second time in float32. Its inputs are rounded for that, and where the problem is
ill-conditioned (a temperature of 0.001, logits of 1,000) rounding alone moves the answer by more than the tolerance. So
a float32 answer may also agree with core's own float64 answer *to the rounded inputs*; the golden vouches for that one.
"""

from __future__ import annotations

import functools
import gzip
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import core
from core.touched import touch

NOT_YET: set[str] = set()
"""Functions of the golden files that core does not have yet."""

_RAISES = "what this framework does with a label out of range; core raises, which the check looks at"
FRAMEWORK_OWN: dict[tuple[str, str], str] = {
    ("label_out_of_range", key): _RAISES
    for key in ("tf_cpu", "tf_gpu", "tf_xla", "keras", "torch", "optax", "jax", "tf_one_hot")
} | {
    ("accidental_hits", "tf_weights"): "the number TensorFlow adds to mask a hit; core sets the logit to -inf",
    ("sampler_errors", "num_true_mismatch"): "core has no num_true to mismatch: it reads it from the labels' shape",
    ("sampler_errors", "float64_inputs_without_sampled_values"): "TensorFlow's kernels count in float32; core's do not",
}
"""(function, expected key): why no number of core's is compared with it."""

_EVERY_COPY = (
    "drawn with replacement, a label came several times: TensorFlow masks its last copy only, core all of them, which"
    " is what removing accidental hits means. The check masks only the last and has core compute the rest, so that the"
    " numbers are compared all the same"
)
DELIBERATE = {
    "sampled_softmax/duplicated_samples_removed": _EVERY_COPY,
    "nce/duplicated_samples_removed": _EVERY_COPY,
    "sampled_softmax/V1000_S50_not_unique": _EVERY_COPY,
    "nce/V1000_S50_not_unique_hits_removed": _EVERY_COPY,
    "accidental_hits/duplicated_sample": _EVERY_COPY,
}
"""Case: what core does otherwise than the framework, and why."""

FLOATS = ("float64", "float32", "float16")
FRAMEWORKS = ("tf_", "torch_", "scipy_", "jax_", "optax_", "keras_")

NO_ERROR = {"result": "no error"}

Answers = dict[str, Callable[[], Any]]


# Reading


def load(path: str) -> list[dict[str, Any]]:
    """The cases of a golden file, as they are written."""
    with gzip.open(path, "rt") if path.endswith(".gz") else open(path) as file:
        content = json.load(file)
    return list(content["cases"] if isinstance(content, dict) else content)


def decode(value: Any) -> Any:
    """Arrays written out, arrays made again from a seeded generator, and gradients whose other rows are zero."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    if not isinstance(value, dict):
        return value
    if "$array" in value:
        return np.array(decode(value["$array"]), dtype=value["dtype"]).reshape(value["shape"])
    if "$rng" in value:
        return _drawn(value["$rng"], value["check"])
    if "$rows" in value:
        rows = value["$rows"]
        values = decode(rows["values"])
        array = np.zeros(rows["shape"], values.dtype)
        array[rows["ids"]] = values
        return array
    if "$summary" in value:
        return {"$summary": {key: decode(item) for key, item in value["$summary"].items()}}
    return {key: decode(item) for key, item in value.items()}


def _drawn(recipe: dict[str, Any], fingerprint: dict[str, Any]) -> np.ndarray:
    rng, shape = np.random.default_rng(recipe["seed"]), tuple(recipe["shape"])
    if recipe["method"] == "integers":
        array = rng.integers(recipe["low"], recipe["high"], shape)
    elif recipe["method"] in ("standard_normal", "random"):
        array = getattr(rng, recipe["method"])(shape) * recipe.get("scale", 1.0) + recipe.get("loc", 0.0)
    else:
        raise ValueError(f"unknown recipe {recipe['method']!r}")
    array = array.astype(recipe["dtype"])
    flat = array.ravel()
    same = [float(number) for number in flat[:3]] == fingerprint["first"] and float(flat[-1]) == fingerprint["last"]
    total = float(flat.sum(dtype=np.float64))
    if not same or abs(total - fingerprint["sum"]) > 1e-9 * max(1.0, abs(fingerprint["sum"])):
        raise ValueError("this NumPy's generator draws other numbers than the recorded ones")
    return array


class Given:
    """The inputs and parameters of one case, floats in one dtype; remembers which of them were looked at."""

    def __init__(self, values: dict[str, Any], dtype: str) -> None:
        self.values = {name: _in_dtype(value, dtype) for name, value in values.items()}
        self.seen: set[str] = set()

    def __call__(self, name: str, default: Any = None) -> Any:
        self.seen.add(name)
        return self.values.get(name, default)

    def needs(self, *names: str) -> Any:
        """The first of these that the case has."""
        found = [name for name in names if name in self.values]
        if not found:
            raise KeyError(f"the case has no {' or '.join(names)}, only {sorted(self.values)}")
        self.seen.add(found[0])
        return self.values[found[0]]

    @property
    def forgotten(self) -> list[str]:
        return sorted(name for name in set(self.values) - self.seen if self.values[name] is not None)


def _in_dtype(value: Any, dtype: str) -> Any:
    value = np.asarray(value) if isinstance(value, list) else value
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return value.astype(dtype)
    return value


# What core answers, function by function


def _softmax(given: Given, _: dict[str, Any]) -> Answers:
    logits = given("logits")
    settings = {"axis": given("axis", -1), "temperature": given("temperature", 1.0)}
    return {
        "softmax": lambda: core.softmax(logits, **settings),
        "log_softmax": lambda: core.log_softmax(logits, **settings),
        "logsumexp": lambda: core.logsumexp(logits, **settings),
    }


def _softmax_degenerate(given: Given, _: dict[str, Any]) -> Answers:
    """Row by row: core raises where frameworks answer NaN."""
    logits = given("logits")
    rows = logits.reshape(-1, logits.shape[-1])

    def each(function: Callable[..., Any], nothing: Any) -> Any:
        answers = []
        for row in rows:
            try:
                answers.append(function(row))
            except ValueError:
                answers.append(nothing)
        return np.array(answers)

    no_row = np.full(logits.shape[-1], np.nan)
    return {
        "softmax": lambda: each(core.softmax, no_row).reshape(logits.shape),
        "log_softmax": lambda: each(core.log_softmax, no_row).reshape(logits.shape),
        "logsumexp": lambda: each(core.logsumexp, np.nan).reshape(logits.shape[:-1]),
    }


def _softmax_jacobian(given: Given, _: dict[str, Any]) -> Answers:
    logits, temperature = given("logits"), given("temperature", 1.0)
    return {
        "jacobian": lambda: core.softmax_jacobian(logits, temperature=temperature),
        "log_softmax_jacobian": lambda: core.log_softmax_jacobian(logits, temperature=temperature),
    }


def _softmax_vjp(given: Given, _: dict[str, Any]) -> Answers:
    logits, upstream, temperature = given("logits"), given("upstream"), given("temperature", 1.0)
    return {
        "softmax_vjp": lambda: core.softmax_vjp(logits, upstream, temperature=temperature),
        "log_softmax_vjp": lambda: core.log_softmax_vjp(logits, upstream, temperature=temperature),
    }


def _hessian(given: Given, _: dict[str, Any]) -> Answers:
    logits, labels = given("logits"), given.needs("label", "labels")
    temperature = given("temperature", 1.0)
    return {
        "loss": lambda: core.sparse_cross_entropy(logits, labels, temperature=temperature),
        "grad_logits": lambda: core.sparse_cross_entropy_grad(logits, labels, temperature=temperature),
        "hessian": lambda: core.cross_entropy_hessian(logits, temperature=temperature),
    }


def _cross_entropy(given: Given, expected: dict[str, Any], *, unnormalised: bool = False) -> Answers:
    """Ids or distributions, with whatever settings the case has."""
    logits, labels = given("logits"), np.asarray(given.needs("label_distributions", "labels", "label"))
    settings: dict[str, Any] = {"temperature": given("temperature", 1.0), "class_weights": given("class_weights")}
    smoothing = given("label_smoothing", 0.0)
    if labels.dtype.kind == "f":
        if smoothing:
            labels = core.smooth_labels(labels, smoothing)
        settings["allow_unnormalised"] = unnormalised
        loss, grad = core.cross_entropy, core.cross_entropy_grad
        num_kept = labels[..., 0].size
    else:
        settings |= {"label_smoothing": smoothing, "ignore_index": given("ignore_index")}
        loss, grad = core.sparse_cross_entropy, core.sparse_cross_entropy_grad
        num_kept = int(np.sum(labels != settings["ignore_index"])) if "ignore_index" in given.values else labels.size

    def mean() -> Any:
        return loss(logits, labels, reduction="mean", **settings)

    def total() -> Any:
        return loss(logits, labels, reduction="sum", **settings)

    def smoothed() -> Any:
        return core.smooth_labels(core.one_hot(labels, logits.shape[-1], dtype=logits.dtype), smoothing)

    def one_hot_loss() -> Any:
        """TensorFlow's 0 · inf = NaN at a mask is not asked of core, which gives what the ids give."""
        rows = core.one_hot(labels, logits.shape[-1], dtype=logits.dtype)
        got, sparse = core.cross_entropy(logits, rows), core.sparse_cross_entropy(logits, labels)
        return np.where(np.isnan(expected["tf_dense_one_hot_loss"]) & np.isclose(got, sparse), np.nan, got)

    return {
        "loss": lambda: loss(logits, labels, **settings),
        "mean": mean,
        "sum": total,
        "grad_logits": lambda: grad(logits, labels, **settings),
        "grad_logits_of_mean": lambda: grad(logits, labels, reduction="mean", **settings),
        "grad_logits_of_sum": lambda: grad(logits, labels, reduction="sum", **settings),
        "perplexity": lambda: core.perplexity(mean()),
        "count": lambda: num_kept,
        "smoothed_labels": smoothed,
        "keras_from_probabilities": lambda: core.cross_entropy_from_probs(core.softmax(logits), smoothed()),
        "keras_ignore_class_mean": lambda: mean() if num_kept else 0.0,  # Keras takes the mean of nothing as 0
        "keras_sample_weight_mean": lambda: total() / labels.size,  # Keras divides by the positions, not the weights
        "keras_mean_with_sample_weight": mean,
        "tf_dense_one_hot_loss": one_hot_loss,
        "grad_logits_of_sum_tf_fused_kernel": lambda: core.softmax(logits) - labels,  # takes the labels' sum as 1
    }


def _unnormalised(given: Given, expected: dict[str, Any]) -> Answers:
    return _cross_entropy(given, expected, unnormalised=True)


def _from_probabilities(given: Given, _: dict[str, Any]) -> Answers:
    probs, labels, epsilon = given.needs("probabilities", "probs"), given("labels"), given("epsilon", 1e-7)
    ids = labels if labels.dtype.kind in "iu" else labels.argmax(axis=-1)
    rows = core.one_hot(labels, probs.shape[-1], dtype=probs.dtype) if labels.dtype.kind in "iu" else labels
    return {
        "keras_sparse": lambda: core.sparse_cross_entropy_from_probs(probs, ids, epsilon=epsilon),
        "keras_sparse_mean": lambda: core.sparse_cross_entropy_from_probs(probs, ids, epsilon=epsilon).mean(),
        "keras_sparse_grad_probabilities": lambda: core.sparse_cross_entropy_from_probs_grad(
            probs, ids, epsilon=epsilon
        ),
        "keras_categorical": lambda: core.cross_entropy_from_probs(probs, rows, epsilon=epsilon),
        "keras_categorical_mean": lambda: core.cross_entropy_from_probs(probs, rows, epsilon=epsilon).mean(),
        "keras_categorical_grad_probabilities": lambda: core.cross_entropy_from_probs_grad(
            probs, rows, epsilon=epsilon
        ),
    }


def _double_softmax(given: Given, _: dict[str, Any]) -> Answers:
    """Probabilities taken for logits, and logits taken for probabilities."""
    labels, answers = given("labels"), Answers()
    if "probabilities" in given.values:
        probs = given("probabilities")
        answers |= {
            "loss_from_probabilities": lambda: core.sparse_cross_entropy_from_probs(probs, labels),
            "loss_wrongly_from_logits": lambda: core.sparse_cross_entropy(probs, labels),
            "softmax_of_probabilities": lambda: core.softmax(probs),
            "grad_of_wrong_mean": lambda: core.sparse_cross_entropy_grad(probs, labels, reduction="mean"),
        }
    if "logits" in given.values:
        logits = given("logits")
        answers |= {
            "loss_from_logits": lambda: core.sparse_cross_entropy(logits, labels),
            "loss_wrongly_from_probabilities": lambda: core.sparse_cross_entropy_from_probs(logits, labels),
        }
    return answers


def _sigmoid(given: Given, _: dict[str, Any]) -> Answers:
    logits, labels = given("logits"), given("labels")
    if np.asarray(labels).dtype.kind in "iu":
        labels = np.asarray(labels, np.float64)
    return {
        "loss": lambda: core.sigmoid_cross_entropy(logits, labels),
        "mean": lambda: core.sigmoid_cross_entropy(logits, labels).mean(),
        "sum": lambda: core.sigmoid_cross_entropy(logits, labels).sum(),
        "grad_logits_of_sum": lambda: core.sigmoid_cross_entropy_grad(logits, labels),
        "grad_logits_of_mean": lambda: core.sigmoid_cross_entropy_grad(logits, labels) / logits.size,
        "sigmoid": lambda: core.sigmoid(logits),
        "log_sigmoid": lambda: core.log_sigmoid(logits),
    }


def _label_out_of_range(given: Given, _: dict[str, Any]) -> Answers:
    logits, labels = given("logits"), given("labels")
    functions: dict[str, Callable[[], Any]] = {
        "sparse_cross_entropy": lambda: core.sparse_cross_entropy(logits, labels),
        "sparse_cross_entropy_grad": lambda: core.sparse_cross_entropy_grad(logits, labels),
        "one_hot": lambda: core.one_hot(labels, logits.shape[-1]),
    }
    for name, function in functions.items():
        try:
            answer = function()
        except ValueError as error:
            if "labels must be in [0, " not in str(error):
                raise AssertionError(f"{name} raised for another reason: {error}") from error
        else:
            raise AssertionError(f"{name} took the labels {labels.tolist()} and answered {answer}")
    return {}


def _dense_layer(given: Given, _: dict[str, Any]) -> Answers:
    inputs, weights = given("h"), given("W")
    layout = given("W_layout", "[V, d]")
    if layout not in ("[V, d]", "[d, V]"):
        raise ValueError(f"unknown W_layout {layout!r}")
    num_last = layout == "[d, V]"
    weights = weights.T if num_last else weights
    biases = given("b", np.zeros(len(weights), weights.dtype))
    reduction = given("reduction", "mean")
    labels = given.needs("label_distributions", "labels")
    settings: dict[str, Any] = {"temperature": given("temperature", 1.0), "class_weights": given("class_weights")}
    if labels.dtype.kind == "f":
        loss, loss_grad = core.cross_entropy, core.cross_entropy_grad
    else:
        settings |= {"ignore_index": given("ignore_index"), "label_smoothing": given("label_smoothing", 0.0)}
        loss, loss_grad = core.sparse_cross_entropy, core.sparse_cross_entropy_grad
    logits = core.dense(inputs, weights, biases)
    logits_grad = loss_grad(logits, labels, reduction=reduction, **settings)
    grad = core.dense_grad(inputs, weights, logits_grad)
    return {
        "logits": lambda: logits,
        "loss": lambda: loss(logits, labels, **settings),
        "mean": lambda: loss(logits, labels, reduction="mean", **settings),
        "sum": lambda: loss(logits, labels, reduction="sum", **settings),
        "grad_logits": lambda: logits_grad,
        "grad_h": lambda: grad.inputs,
        "grad_W": lambda: grad.weights.T if num_last else grad.weights,
        "grad_b": lambda: grad.biases,
    }


def _last_copies(labels: Any, sampled: Any) -> Any:
    """TensorFlow's idea of accidental hits: of a class that was drawn several times, the last copy only."""
    is_last = np.array([ids not in sampled[position + 1 :] for position, ids in enumerate(sampled)])
    return core.accidental_hits(labels, sampled) & is_last


def _accidental_hits(given: Given, _: dict[str, Any]) -> Answers:
    labels, sampled = given("labels"), given("sampled")
    given("num_true")
    every = np.stack([core.accidental_hits(column[:, None], sampled) for column in labels.T], axis=1)
    hits = np.stack([_last_copies(column[:, None], sampled) for column in labels.T], axis=1)
    same_ids = sampled[np.nonzero(every)[2]], labels[np.nonzero(every)[:2]]  # every copy that core finds is one
    np.testing.assert_array_equal(*same_ids)
    return {"rows": lambda: np.nonzero(hits)[0], "sampled_positions": lambda: np.nonzero(hits)[2]}


def _sampled_loss(name: str, subtract_log_q: bool) -> Callable[[Given, dict[str, Any]], Answers]:
    def check(given: Given, expected: dict[str, Any]) -> Answers:
        weights, labels, sampled = given("W"), given("labels"), given("sampled")
        values = core.SampledValues(sampled, given("true_expected_count"), given("sampled_expected_count"))
        layer = weights, given("b"), labels, given("h"), values
        remove = given("remove_accidental_hits")
        same = (given("num_true"), given("num_sampled"), given("num_classes"), given("subtract_log_q"))
        if same != (labels.shape[1], len(sampled), len(weights), subtract_log_q):
            raise AssertionError(f"the parameters {same} are not those of the arrays")
        given("sampled_values_from")
        settings = {"subtract_log_q": subtract_log_q, "remove_accidental_hits": remove}
        masked = _last_copies(labels, sampled) if remove else np.zeros((len(labels), len(sampled)), bool)
        if remove and (masked != core.accidental_hits(labels, sampled)).any():
            return _masked_by_hand(name, layer, masked, settings, expected)

        logits, label_probs = core.sampled_logits(*layer, **settings)
        if name == "negative_sampling":
            del settings["subtract_log_q"]
        loss = getattr(core, f"{name}_loss")
        with_grad = getattr(core, f"{name}_loss_with_grad")
        losses, _ = with_grad(*layer, **settings)
        mean, grad = with_grad(*layer, reduction="mean", **settings)
        np.testing.assert_allclose(losses, loss(*layer, **settings), rtol=1e-5)
        return _answers(loss(*layer, **settings), mean, logits, label_probs, grad, weights, expected)

    return check


class _Rows(NamedTuple):
    """The rows of a gradient that are not zero."""

    ids: Any
    rows: Any


def _masked_by_hand(
    name: str, layer: tuple[Any, ...], masked: Any, settings: dict[str, Any], expected: dict[str, Any]
) -> Answers:
    """Core's logits with hits kept, the last copies masked here, and core's losses and gradients of those logits."""
    weights, _, labels, *_ = layer
    logits, label_probs = core.sampled_logits(*layer, **{**settings, "remove_accidental_hits": False})
    logits[:, labels.shape[1] :][masked] = -np.inf
    if name == "nce":
        losses = core.sigmoid_cross_entropy(logits, label_probs).sum(axis=-1)
        logits_grad = core.sigmoid_cross_entropy_grad(logits, label_probs)
    else:
        losses = core.cross_entropy(logits, label_probs)
        logits_grad = core.cross_entropy_grad(logits, label_probs)
    grad = touch(*layer).grad(logits_grad / len(losses))
    return _answers(losses, losses.mean(), logits, label_probs, grad, weights, expected)


def _answers(
    losses: Any, mean: Any, logits: Any, label_probs: Any, grad: Any, weights: Any, expected: dict[str, Any]
) -> Answers:
    masked = np.isneginf(logits)

    def out_logits() -> Any:
        """Where core has -inf, TensorFlow has its most negative float32, added once a hit: as good as."""
        want = expected["out_logits"]
        if isinstance(want, dict):  # a summary was made with 0 in their place
            return np.where(masked, 0, logits)
        return np.where(masked & (want < -1e38), want, logits)

    def gradient(key: str, rows: Any) -> Any:
        """Of all classes, or a large one by its touched rows alone, as it is recorded."""
        if isinstance(expected[key], dict):
            return _Rows(grad.ids, rows)
        whole = np.zeros((len(weights), *rows.shape[1:]), rows.dtype)
        whole[grad.ids] = rows
        return whole

    return {
        "loss": lambda: losses,
        "mean": lambda: mean,
        "out_logits": out_logits,
        "out_labels": lambda: label_probs,
        "masked": lambda: masked,
        "masked_count": lambda: masked.sum(),
        "grad_h_of_mean": lambda: grad.inputs,
        "grad_W_of_mean": lambda: gradient("grad_W_of_mean", grad.weights),
        "grad_b_of_mean": lambda: gradient("grad_b_of_mean", grad.biases),
    }


def _exhaustive(given: Given, _: dict[str, Any]) -> Answers:
    weights, biases, labels, inputs = given("W"), given("b"), given("labels"), given("h")
    values = core.all_candidates(labels, len(weights))
    layer = weights, biases, labels, inputs, values
    logits = core.dense(inputs, weights, biases)
    rows = core.one_hot(labels[:, 0], len(weights), dtype=logits.dtype)
    return {
        "sampled": lambda: values.sampled,
        "true_expected_count": lambda: values.true_expected_count,
        "sampled_expected_count": lambda: values.sampled_expected_count,
        "sampled_softmax_hits_removed": lambda: core.sampled_softmax_loss(*layer),
        "sampled_softmax_hits_kept": lambda: core.sampled_softmax_loss(*layer, remove_accidental_hits=False),
        "nce_hits_removed": lambda: core.sampled_logistic_loss(*layer),
        "nce_hits_kept": lambda: core.nce_loss(*layer),
        "full_softmax": lambda: core.sparse_cross_entropy(logits, labels[:, 0]),
        "full_sigmoid": lambda: core.sigmoid_cross_entropy(logits, rows).sum(axis=-1),
    }


def _log_uniform_probability(given: Given, _: dict[str, Any]) -> Answers:
    sampler, classes = core.LogUniformSampler(given("range_max")), given("classes")
    return {"probability": lambda: sampler.probs(classes)}


def _unigram_probability(given: Given, _: dict[str, Any]) -> Answers:
    settings = {name: given(name) for name in ("distortion", "num_reserved_ids")}
    sampler = core.FixedUnigramSampler(given("counts"), **settings)
    return {"probability": lambda: sampler.probs()}


def _learned_unigram(given: Given, _: dict[str, Any]) -> Answers:
    sampler, rng = core.LearnedUnigramSampler(given("range_max")), np.random.default_rng(0)
    batches = [np.asarray(batch)[:, None] for batch in given("batches")]
    counts = [sampler.sample(batch, 1, unique=False, rng=rng).true_expected_count[:, 0] for batch in batches]
    return {"true_probability_at_each_step": lambda: np.array(counts)}


def _sampler(given: Given) -> core.Sampler:
    """The sampler of a case; its seeds are TensorFlow's, its uniforms and ids recorded."""
    given("tf_seed"), given("tf_seed2")
    name, num_classes = given("sampler"), given("range_max")
    if name == "fixed_unigram":
        return core.FixedUnigramSampler(given("unigrams"), distortion=given("distortion"))
    return {"log_uniform": core.LogUniformSampler, "uniform": core.UniformSampler}[name](num_classes)


def _expected_count(given: Given, expected: dict[str, Any]) -> Answers:
    """From the recorded ids and tries; where the tries are not recorded, the expected counts tell them."""
    sampler, sampled, tries = _sampler(given), given("sampled"), given("num_tries")
    if tries is None:
        counts = np.log1p(-expected["sampled_expected_count"]) / np.log1p(-sampler.probs(sampled))
        tries = round(float(np.median(counts)))
    if given("unique") and len(np.unique(sampled)) < len(sampled):
        raise AssertionError("a unique sample has repeats")
    return _counts(given, sampler, sampled, tries)


def _log_uniform_sample(given: Given, _: dict[str, Any]) -> Answers:
    """From the uniforms that TensorFlow drew, to the ids that it recorded (twice: as an input and as an answer)."""
    sampler, num_sampled = _sampler(given), given("num_sampled")
    draws = sampler.quantile(given("uniforms"))
    sampled, tries = core.first_distinct(draws, num_sampled) if given("unique") else (draws, len(draws))
    given("sampled"), given("num_tries")
    return _counts(given, sampler, sampled, tries)


def _counts(given: Given, sampler: core.Sampler, sampled: Any, tries: int) -> Answers:
    labels, num_sampled = given("labels"), given("num_sampled")
    return {
        "true_expected_count": lambda: core.expected_count(sampler.probs(labels), num_sampled, tries),
        "sampled_expected_count": lambda: core.expected_count(sampler.probs(sampled), num_sampled, tries),
        "num_tries": lambda: tries,
        "sampled": lambda: sampled,
    }


def _sampler_errors(_: Given, __: dict[str, Any]) -> Answers:
    """What TensorFlow refuses core refuses, and what it takes core takes."""
    sampler, rng = core.LogUniformSampler(10), np.random.default_rng(0)
    return {
        "num_sampled_above_range_unique": lambda: sampler.sample([[0]], 11, rng=rng),
        "num_sampled_equal_range_unique": lambda: sampler.sample([[0]], 10, rng=rng),
        "num_sampled_above_range_not_unique": lambda: sampler.sample([[0]], 11, unique=False, rng=rng),
        "true_class_out_of_range": lambda: sampler.sample([[10]], 5, rng=rng),
        "true_class_negative": lambda: sampler.sample([[-1]], 5, rng=rng),
        "labels_rank_1": lambda: sampler.sample([1, 2], 5, rng=rng),
    }


CHECKS: dict[str, Callable[[Given, dict[str, Any]], Answers]] = {
    "softmax": _softmax,
    "softmax_degenerate": _softmax_degenerate,
    "softmax_jacobian": _softmax_jacobian,
    "softmax_vjp": _softmax_vjp,
    "cross_entropy_hessian": _hessian,
    "cross_entropy_sparse": _cross_entropy,
    "cross_entropy_dense": _cross_entropy,
    "cross_entropy_dense_unnormalised_labels": _unnormalised,
    "cross_entropy_temperature": _cross_entropy,
    "cross_entropy_sequence": _cross_entropy,
    "cross_entropy_label_smoothing": _cross_entropy,
    "cross_entropy_ignore_index": _cross_entropy,
    "cross_entropy_class_weights": _cross_entropy,
    "cross_entropy_from_probabilities": _from_probabilities,
    "cross_entropy_double_softmax": _double_softmax,
    "sigmoid_cross_entropy": _sigmoid,
    "label_out_of_range": _label_out_of_range,
    "dense_layer_gradients": _dense_layer,
    "sampled_softmax_loss": _sampled_loss("sampled_softmax", True),
    "nce_loss": _sampled_loss("nce", True),
    "negative_sampling_loss": _sampled_loss("negative_sampling", False),
    "exhaustive_sampling": _exhaustive,
    "accidental_hits": _accidental_hits,
    "log_uniform_probability": _log_uniform_probability,
    "log_uniform_sample": _log_uniform_sample,
    "expected_count": _expected_count,
    "unigram_probability": _unigram_probability,
    "learned_unigram_probability": _learned_unigram,
    "sampler_errors": _sampler_errors,
}


# Comparing


def failures(case: dict[str, Any]) -> Iterator[str]:
    """What is wrong with core's answers to one case, a line each."""
    values = {name: decode(value) for name, value in {**case.get("params", {}), **case["inputs"]}.items()}
    expected = {key: decode(value) for key, value in case["expected"].items()}
    tolerance = _tolerance(case)
    if not tolerance or not set(tolerance) <= {*FLOATS, *values, *expected}:
        yield f"tolerance: got {sorted(tolerance)}, expected some of {FLOATS}"
    for dtype in [dtype for dtype in FLOATS if dtype in tolerance]:
        rounded = Given(values, dtype)
        if _overflowed(values, rounded.values):
            continue  # 1e308 is no float32: there is nothing to ask
        try:
            answers = CHECKS[case["function"]](rounded, expected)
        except (AssertionError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            yield f"[{dtype}] raised {type(error).__name__}: {error}"
            continue

        @functools.cache
        def widened(rounded: Given = rounded) -> Answers:
            return CHECKS[case["function"]](Given(rounded.values, "float64"), expected)

        moved = dtype != "float64" and "float64" in tolerance and _changed(values, rounded.values)
        for name in rounded.forgotten:
            yield f"[{dtype}] input {name}: got a check that does not look at it, expected one that does"
        for key, want in expected.items():
            if (case["function"], key) not in FRAMEWORK_OWN:
                allowed = tolerance.get(key, tolerance[dtype])
                line = _compare(key, want, answers, widened, moved, allowed)
                if line:
                    yield f"[{dtype}] {line}"


def _tolerance(case: dict[str, Any]) -> dict[str, dict[str, float]]:
    """For each dtype, and for a key of its own where it has one; "exact" is none at all, and so is that of errors."""
    exact = {"rtol": 0.0, "atol": 0.0}
    no_numbers = all(
        isinstance(want, dict) and set(want) & {"error_type", "result"} for want in case["expected"].values()
    )
    if case["tolerance"] == {"exact": True} or (no_numbers and not case["tolerance"]):
        return {"float64": exact}
    return {name: exact if value == "exact" else value for name, value in case["tolerance"].items()}


def _changed(values: dict[str, Any], rounded: dict[str, Any]) -> bool:
    return any(
        isinstance(value, np.ndarray) and not np.array_equal(rounded[name], value, equal_nan=value.dtype.kind == "f")
        for name, value in values.items()
    )


def _overflowed(values: dict[str, Any], rounded: dict[str, Any]) -> bool:
    return any(
        bool((np.isfinite(value) & ~np.isfinite(rounded[name])).any())
        for name, value in values.items()
        if isinstance(value, np.ndarray) and value.dtype.kind == "f"
    )


def _compare(
    key: str, want: Any, answers: Answers, widened: Callable[[], Answers], moved: bool, tolerance: dict[str, float]
) -> str | None:
    """None if the answer agrees, else what, got and expected."""
    base = next((key.removeprefix(name) for name in FRAMEWORKS if key.startswith(name) and key not in answers), key)
    if base.endswith("_float64"):
        base, moved, tolerance = base.removesuffix("_float64"), False, {"rtol": 1e-10, "atol": 1e-12}
        answers = widened()
    if base not in answers:
        return f"{key}: got nothing that computes it, expected it compared or listed in FRAMEWORK_OWN"
    try:
        got = answers[base]()
    except ValueError as error:
        if isinstance(want, dict) and "error_type" in want:
            return None
        return f"{key}: got ValueError ({error}), expected {_short(want)}"
    difference = _difference(got, want, tolerance)
    if difference and moved and _difference(got, widened()[base](), tolerance) is None:
        return None
    return difference and f"{key}: {difference}"


def _difference(got: Any, want: Any, tolerance: dict[str, float]) -> str | None:
    if isinstance(want, dict) and want == NO_ERROR:
        return None  # it was computed, and that was the question
    if isinstance(want, dict) and isinstance(got, _Rows):
        return _rows_difference(got, want, tolerance)
    if isinstance(want, dict) and "$summary" in want:
        return _summary_difference(np.asarray(got), want["$summary"], tolerance)
    if isinstance(want, dict):
        return f"got {_short(got)}, expected {want}"
    got = np.asarray(got)
    want = np.asarray(want)
    if got.shape != want.shape:
        return f"got shape {got.shape}, expected shape {want.shape}"
    with np.errstate(invalid="ignore"):
        wrong = ~np.isclose(got.astype(np.float64), want.astype(np.float64), equal_nan=True, **tolerance)
    if not wrong.any():
        return None
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    place = f" at {list(where)}, {int(wrong.sum())} of {wrong.size} differ" if where else ""
    return f"got {got[where]!r}, expected {want[where]!r}{place}"


def _rows_difference(got: _Rows, want: dict[str, Any], tolerance: dict[str, float]) -> str | None:
    """How many rows are not zero, the first of their ids, and a summary of the rows in the order of the ids."""
    count, first = want.get("touched_rows", want.get("touched")), want.get("touched_ids_first", [])
    order = np.argsort(got.ids)
    if len(got.ids) != count or got.ids[order][: len(first)].tolist() != list(first):
        return f"got {len(got.ids)} rows from {got.ids[order][:5].tolist()}, expected {count} from {first}"
    summary = want.get("rows_summary_in_id_order", want.get("summary_in_id_order"))
    return _summary_difference(got.rows[order], summary["$summary"], tolerance)


def _summary_difference(got: np.ndarray, want: dict[str, Any], tolerance: dict[str, float]) -> str | None:
    """A large array is recorded by a few sums and a few of its numbers."""
    if list(got.shape) != want["shape"]:
        return f"got shape {got.shape}, expected shape {tuple(want['shape'])}"
    wide = got.astype(np.float64, copy=False)
    sums = {
        "sum": float(wide.sum()),
        "abs_sum": float(np.abs(wide).sum()),
        "l2": float(np.linalg.norm(wide.ravel())),
        "max": float(wide.max()),
        "min": float(wide.min()),
    }
    for name, value in sums.items():
        size = want["abs_sum"] if name == "sum" else abs(want[name])  # a sum cancels: measure it against abs_sum
        if not abs(value - want[name]) <= tolerance["atol"] + tolerance["rtol"] * size:
            return f"got {name} {value!r}, expected {want[name]!r}"
    for probe in want["probes"]:
        value = float(wide[tuple(probe["index"])])
        if not abs(value - probe["value"]) <= tolerance["atol"] + tolerance["rtol"] * abs(probe["value"]):
            return f"got {value!r} at {probe['index']}, expected {probe['value']!r}"
    return None


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 80 else text[:77] + "..."


# Running


def main(paths: list[str]) -> int:
    """Check every case of these files, print each failure and the counts; 0 if all is well."""
    passed = failed = 0
    not_yet: Counter[str] = Counter()
    unreadable = not paths
    for path in paths:
        try:
            cases = load(path)
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            print(f"{path}: cannot be read: {type(error).__name__}: {error}")
            unreadable = True
            continue
        if not cases:
            print(f"{path}: no case found")
            unreadable = True
        for case in cases:
            if case.get("function") not in CHECKS:
                name = str(case.get("function"))
                not_yet[name if name in NOT_YET else f"{name} (unknown)"] += 1
                continue
            try:
                wrong = list(failures(case))
            except (KeyError, TypeError, ValueError) as error:
                wrong = [f"is not a case: {type(error).__name__}: {error}"]
            for line in wrong:
                print(f"{case['id']}: {line}")
            passed, failed = passed + (not wrong), failed + bool(wrong)
    if not paths:
        print("usage: python -m tests.goldens FILE...")
    if not_yet:
        print(f"not yet {not_yet.total()} ({', '.join(f'{name} {count}' for name, count in sorted(not_yet.items()))})")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or unreadable else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
