"""Losses that look at a few classes: the formulas, what they promise, and the beliefs that they should undo."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import core
from tests import reference

LOGITS = np.array([2.0, 1.0, 0.0, -1.0, -1.5])
P = core.softmax(LOGITS)
LOG_UNIFORM = core.LogUniformSampler(5).probs()
NOISE = {"uniform": np.full(5, 0.2), "log-uniform": LOG_UNIFORM, "reversed": LOG_UNIFORM[::-1], "softmax": P}
LOSSES = ("sampled_softmax", "nce", "negative_sampling", "sampled_logistic", "importance_softmax")


@st.composite
def problems(draw, max_true=3):
    """A layer, a batch and a sample of it, with repeats and hits as they come."""
    num_classes, dim = draw(st.integers(3, 7)), draw(st.integers(1, 4))
    batch_size, num_sampled = draw(st.integers(1, 4)), draw(st.integers(1, 7))
    num_true = draw(st.integers(1, min(max_true, num_classes - 1)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    labels = np.array([rng.choice(num_classes, num_true, replace=False) for _ in range(batch_size)])
    unique = num_sampled <= num_classes and draw(st.booleans())
    values = core.LogUniformSampler(num_classes).sample(labels, num_sampled, unique=unique, rng=rng)
    weights, biases = rng.normal(size=(num_classes, dim)), rng.normal(size=num_classes)
    return weights, biases, labels, rng.normal(size=(batch_size, dim)), values


def count_of(values, labels):
    """Each class's expected count."""
    of_labels = zip(np.ravel(labels), np.ravel(values.true_expected_count), strict=True)
    return {int(c): float(n) for c, n in [*of_labels, *zip(values[0], values[2], strict=True)]}


def switches(name):
    """The settings that a loss stands for."""
    return {
        "sampled_softmax": (True, True),
        "nce": (True, False),
        "negative_sampling": (False, False),
        "sampled_logistic": (True, True),
        "importance_softmax": (False, False),
    }[name]


@pytest.mark.parametrize("name", LOSSES)
@given(problems())
@settings(max_examples=60)
def test_loops_agree(name, problem):
    weights, biases, labels, inputs, values = problem
    counts = count_of(values, labels)
    want = []
    for trues, hidden in zip(labels.tolist(), inputs, strict=True):
        logits = reference.sampled_logits((weights, biases, trues, hidden), values.sampled, counts, *switches(name))
        if name == "importance_softmax":
            want.append(reference.importance_softmax(logits, trues, values.sampled.tolist(), counts))
        else:
            loss = reference.sampled_softmax if name == "sampled_softmax" else reference.nce
            want.append(loss(logits, len(trues)))
    np.testing.assert_allclose(getattr(core, f"{name}_loss")(*problem), want, rtol=1e-9, atol=1e-11)


@given(problems(), st.booleans(), st.booleans())
def test_the_shared_helper_is_the_loop(problem, subtract_log_q, remove):
    weights, biases, labels, inputs, values = problem
    logits, label_probs = core.sampled_logits(*problem, subtract_log_q=subtract_log_q, remove_accidental_hits=remove)
    counts = count_of(values, labels)
    want = [
        reference.sampled_logits((weights, biases, trues, hidden), values.sampled, counts, subtract_log_q, remove)
        for trues, hidden in zip(labels.tolist(), inputs, strict=True)
    ]
    np.testing.assert_allclose(logits, want, rtol=1e-11, atol=1e-11)
    assert logits.shape == label_probs.shape == (len(labels), labels.shape[1] + len(values.sampled))
    np.testing.assert_allclose(label_probs.sum(axis=1), 1)
    np.testing.assert_array_equal(label_probs[:, : labels.shape[1]], 1 / labels.shape[1])
    hits = np.isneginf(logits[:, labels.shape[1] :])
    np.testing.assert_array_equal(hits, core.accidental_hits(labels, values.sampled) & remove)


def test_accidental_hits_of_every_copy_and_of_rows_of_their_own():
    hits = core.accidental_hits([[3, 1], [5, 5]], [3, 3, 1, 0, 5])
    assert hits.tolist() == [[True, True, True, False, False], [False, False, False, False, True]]
    own = core.accidental_hits([[3], [5]], [[3, 5, 3], [3, 5, 3]])
    assert own.tolist() == [[True, False, True], [False, True, False]]


# Against the full loss


def every_class(num_classes=6, dim=3, batch_size=4, seed=0, num_true=1):
    rng = np.random.default_rng(seed)
    labels = np.array([rng.choice(num_classes, num_true, replace=False) for _ in range(batch_size)])
    layer = (
        rng.normal(size=(num_classes, dim)),
        rng.normal(size=num_classes),
        labels,
        rng.normal(size=(batch_size, dim)),
    )
    return *layer, core.all_candidates(labels, num_classes)


@pytest.mark.parametrize("seed", range(3))
def test_with_every_class_once_it_is_the_full_loss(seed):
    weights, biases, labels, inputs, _ = problem = every_class(seed=seed)
    logits = core.dense(inputs, weights, biases)
    full = core.sparse_cross_entropy(logits, labels[:, 0])
    np.testing.assert_allclose(core.sampled_softmax_loss(*problem), full, rtol=1e-12)
    np.testing.assert_allclose(core.importance_softmax_loss(*problem), full, rtol=1e-12)
    questions = core.sigmoid_cross_entropy(logits, core.one_hot(labels[:, 0], len(weights))).sum(axis=1)
    np.testing.assert_allclose(core.sampled_logistic_loss(*problem), questions, rtol=1e-12)
    assert (core.sampled_softmax_loss(*problem, remove_accidental_hits=False) > full).all()
    np.testing.assert_allclose(core.nce_loss(*problem), core.negative_sampling_loss(*problem))  # k q = 1 for all


def test_with_every_class_once_and_two_true_ones():
    weights, biases, labels, inputs, _ = problem = every_class(num_true=2)
    halves = core.one_hot(labels, len(weights)).mean(axis=1)
    full = core.cross_entropy(core.dense(inputs, weights, biases), halves)
    np.testing.assert_allclose(core.sampled_softmax_loss(*problem), full, rtol=1e-12)
    np.testing.assert_allclose(core.importance_softmax_loss(*problem), full, rtol=1e-12)


@pytest.mark.parametrize(
    ("num_classes", "num_sampled", "full", "softmax", "nce", "negative"),
    [(200_000, 1000, 12.206073, 6.908755, 5303.3099, 693.8403), (10_000, 64, 9.210340, 4.174387, 323.7079, 45.0546)],
)
def test_items_29_and_38_five_numbers_for_one_untrained_model(num_classes, num_sampled, full, softmax, nce, negative):
    sampler = core.UniformSampler(num_classes)
    layer = np.zeros((num_classes, 1)), np.zeros(num_classes), [[num_classes - 1]], [[1.0]]
    rng = np.random.default_rng(0)
    values = sampler.sample(layer[2], num_sampled, unique=False, rng=rng)
    assert not (values.sampled == num_classes - 1).any()
    assert core.sampled_softmax_loss(*layer, values)[0] == pytest.approx(softmax, abs=5e-7)
    assert core.importance_softmax_loss(*layer, values)[0] == pytest.approx(full, abs=5e-7)
    assert core.nce_loss(*layer, values)[0] == pytest.approx(nce, abs=5e-5)
    assert core.negative_sampling_loss(*layer, values)[0] == pytest.approx(negative, abs=5e-5)
    assert np.log(num_classes) == pytest.approx(full, abs=5e-7)


def test_item_31_one_sample_serves_every_row():
    values = core.UniformSampler(5).sample([[0], [1]], 3, rng=np.random.default_rng(0))
    logits = core.sampled_logits(np.eye(5), np.arange(5.0), [[0], [1]], np.zeros((2, 5)), values).logits
    np.testing.assert_array_equal(logits[0, 1:], logits[1, 1:])


def test_item_34_a_hit_that_is_kept_fights_itself():
    """However sure of the label the model is, half of it is in the sample: ln 2 is the floor."""
    layer = np.array([[100.0], [0.0]]), np.zeros(2), [[0]], [[1.0]]
    values = core.SampledValues(np.array([0]), np.ones((1, 1)), np.ones(1))
    assert core.sampled_softmax_loss(*layer, values, remove_accidental_hits=False)[0] == pytest.approx(np.log(2))
    assert core.sampled_softmax_loss(*layer, values)[0] == 0


def test_item_35_with_a_uniform_sampler_log_q_cancels_in_softmax_and_not_in_nce():
    problem = every_class()[:4]
    values = core.UniformSampler(6).sample(problem[2], 4, rng=np.random.default_rng(0))
    with_it, without = (core.sampled_softmax_loss(*problem, values, subtract_log_q=on) for on in (True, False))
    np.testing.assert_allclose(with_it, without, rtol=1e-12)
    with_it, without = (core.nce_loss(*problem, values, subtract_log_q=on) for on in (True, False))
    assert (np.abs(with_it - without) > 0.1).all()


def test_item_36_from_the_models_own_softmax_the_importance_form_is_exact():
    rng = np.random.default_rng(0)
    for label in range(5):
        layer = np.zeros((5, 1)), LOGITS, [[label]], [[0.0]]
        others = LOGITS.copy()
        others[label] = -np.inf
        for sampler in (core.SoftmaxSampler(others), core.SoftmaxSampler(LOGITS)):
            for num_sampled in (1, 2, 10):
                values = sampler.sample([[label]], num_sampled, unique=False, rng=rng)
                if (values.sampled != label).any():
                    exact = core.sparse_cross_entropy(LOGITS, label)
                    assert core.importance_softmax_loss(*layer, values)[0] == pytest.approx(exact, rel=1e-12)


def test_a_sample_of_nothing_but_hits_says_nothing():
    layer = np.zeros((3, 1)), np.arange(3.0), [[2]], [[0.0]]
    values = core.UniformSampler(3).sample([[2]], 1, rng=np.random.default_rng(0))
    values = values._replace(sampled=np.array([2, 2]), sampled_expected_count=np.array([0.5, 0.5]))
    with np.errstate(all="raise"):
        for loss in (core.importance_softmax_loss_with_grad, core.sampled_softmax_loss_with_grad):
            losses, grad = loss(*layer, values)
            assert losses.tolist() == [0]
            assert not grad.biases.any()
            assert not grad.inputs.any()


def test_item_42_another_draw_another_value():
    problem, rng = every_class()[:4], np.random.default_rng(0)
    losses = [
        core.sampled_softmax_loss(*problem, core.LogUniformSampler(6).sample(problem[2], 2, rng=rng)).mean()
        for _ in range(5)
    ]
    assert len(set(losses)) > 1


# On average, by enumeration of every possible sample


def expected_grad(noise, num_sampled, loss, labels=range(5), **settings):
    """With respect to the logits, over all labels and all samples drawn with replacement."""
    total = np.zeros(5)
    for sampled in itertools.product(range(5), repeat=num_sampled):
        ids = np.array(sampled)
        for label in labels:
            values = core.SampledValues(ids, num_sampled * noise[[[label]]], num_sampled * noise[ids])
            _, grad = loss(np.zeros((5, 1)), LOGITS, [[label]], [[0.0]], values, **settings)
            total[grad.ids] += P[label] * noise[ids].prod() * grad.biases
    return total


enumerated = pytest.mark.parametrize(("noise", "num_sampled"), list(itertools.product(NOISE, (1, 3))))


@enumerated
def test_item_36_sampled_softmax_is_at_rest_where_the_model_is_right(noise, num_sampled):
    """With replacement, hits kept and log Q on both sides: for any sampler and any number of samples."""
    kept = {"remove_accidental_hits": False}
    grad = expected_grad(NOISE[noise], num_sampled, core.sampled_softmax_loss_with_grad, **kept)
    np.testing.assert_allclose(grad, 0, atol=1e-12)


@enumerated
def test_item_36_the_importance_form_is_not_unless_from_softmax(noise, num_sampled):
    """Drawn from all classes but the label."""
    total = np.zeros(5)
    for label in range(5):
        q = np.where(np.arange(5) == label, 0, NOISE[noise])
        q /= q.sum()
        for sampled in itertools.product(np.flatnonzero(q), repeat=num_sampled):
            ids = np.array(sampled)
            values = core.SampledValues(ids, np.zeros((1, 1)), num_sampled * q[ids])
            _, grad = core.importance_softmax_loss_with_grad(np.zeros((5, 1)), LOGITS, [[label]], [[0.0]], values)
            total[grad.ids] += P[label] * q[ids].prod() * grad.biases
    if noise == "softmax":
        np.testing.assert_allclose(total, 0, atol=1e-12)
    else:
        assert 0.0165 < np.abs(total).max() < 0.1135


@pytest.mark.parametrize("noise", NOISE)
def test_item_34_removing_hits_from_a_sample_with_replacement_tilts_it(noise):
    grad = expected_grad(NOISE[noise], 3, core.sampled_softmax_loss_with_grad, remove_accidental_hits=True)
    assert 0.0045 < np.abs(grad).max() < 0.0755


@pytest.mark.parametrize("noise", NOISE)
def test_item_34_removing_hits_from_a_unique_sample_is_nearly_right(noise):
    """With the true inclusion probabilities; exactly right if the sampler is uniform."""
    q, sequences = NOISE[noise], list(itertools.permutations(range(5), 3))
    chance = {(a, b, c): q[a] * q[b] / (1 - q[a]) * q[c] / (1 - q[a] - q[b]) for a, b, c in sequences}
    included = np.array([sum(p for ids, p in chance.items() if c in ids) for c in range(5)])
    total = np.zeros(5)
    for ids, p in chance.items():
        for label in range(5):
            values = core.SampledValues(np.array(ids), included[[[label]]], included[list(ids)])
            _, grad = core.sampled_softmax_loss_with_grad(np.zeros((5, 1)), LOGITS, [[label]], [[0.0]], values)
            total[grad.ids] += P[label] * p * grad.biases
    assert np.abs(total).max() < (1e-12 if noise == "uniform" else 0.0075)


@enumerated
@pytest.mark.parametrize("subtract_log_q", [True, False])
def test_item_39_nces_expected_gradient_has_a_formula(noise, num_sampled, subtract_log_q):
    got = expected_grad(NOISE[noise], num_sampled, core.nce_loss_with_grad, subtract_log_q=subtract_log_q)
    want = core.nce_expected_grad(LOGITS, P, NOISE[noise], num_sampled, subtract_log_q=subtract_log_q)
    np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-13)


def test_item_39_with_more_noise_it_nears_that_of_the_full_loss():
    untrained = np.log(np.full(5, 0.2))
    full = core.softmax(untrained) - P
    grads = [core.nce_expected_grad(untrained, P, LOG_UNIFORM, num_sampled) for num_sampled in (1, 5, 25, 100)]
    errors = [np.linalg.norm(grad - full) / np.linalg.norm(full) for grad in grads]
    np.testing.assert_allclose(errors, [0.442, 0.157, 0.0383, 0.01], rtol=0.01)
    np.testing.assert_allclose(core.nce_expected_grad(np.log(P), P, LOG_UNIFORM, 1), 0, atol=1e-15)


def test_item_40_negative_sampling_is_at_rest_at_p_over_q():
    noise = np.array([0.5, 0.25, 0.15, 0.07, 0.03])
    for num_sampled in (1, 5):
        rest = np.log(P / (num_sampled * noise))
        np.testing.assert_allclose(
            core.nce_expected_grad(rest, P, noise, num_sampled, subtract_log_q=False), 0, atol=1e-15
        )
        assert np.abs(core.nce_expected_grad(rest, P, noise, num_sampled)).max() > 0.01
        np.testing.assert_allclose(core.softmax(rest), (P / noise) / (P / noise).sum())
    np.testing.assert_allclose(P, [0.632, 0.232, 0.085, 0.031, 0.019], atol=5e-4)
    np.testing.assert_allclose(core.softmax(rest), [0.328, 0.242, 0.148, 0.117, 0.165], atol=2e-3)


def test_item_40_the_same_as_nce_where_each_class_is_expected_once():
    noise = np.full(5, 0.2)
    same = [core.nce_expected_grad(LOGITS, P, noise, 5, subtract_log_q=on) for on in (True, False)]
    np.testing.assert_allclose(*same, rtol=1e-14)


# Extremes and mistakes


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", LOSSES)
def test_dtype_is_kept_and_nothing_else_changed(name, dtype):
    *layer, values = every_class()
    layer = [array.astype(dtype) if array.dtype.kind == "f" else array for array in layer]
    before = [array.copy() for array in (*layer, *values[:3])]
    loss = getattr(core, f"{name}_loss")(*layer, values)
    assert loss.dtype == dtype
    np.testing.assert_allclose(loss, getattr(core, f"{name}_loss")(*every_class()), rtol=5e-3)
    losses, grad = getattr(core, f"{name}_loss_with_grad")(*layer, values)
    np.testing.assert_allclose(losses, loss, rtol=5e-3)
    assert [part.dtype for part in (losses, grad.inputs, grad.weights, grad.biases)] == [dtype] * 4
    for array, copy in zip((*layer, *values[:3]), before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LOSSES)
def test_large_logits_and_removed_hits_give_numbers(name, dtype):
    big = np.array([1e4, -1e4, 0.0], dtype)
    layer = np.zeros((3, 1), dtype), big, [[0], [1], [2]], np.zeros((3, 1), dtype)
    values = core.all_candidates(layer[2], 3)
    loss = getattr(core, f"{name}_loss")(*layer, values)
    losses, grad = getattr(core, f"{name}_loss_with_grad")(*layer, values)
    assert np.isfinite(loss).all()
    np.testing.assert_allclose(losses, loss, rtol=1e-6)
    assert np.isfinite(grad.biases).all()


def test_a_label_that_is_never_drawn():
    """Log Q cannot be subtracted there; the importance form and negative sampling do not ask for it."""
    sampler, rng = core.FixedUnigramSampler([0, 1, 1]), np.random.default_rng(0)
    layer = np.zeros((3, 1)), np.zeros(3), [[0]], [[0.0]]
    values = sampler.sample([[0]], 2, rng=rng)
    assert values.true_expected_count.tolist() == [[0]]
    for loss in (core.sampled_softmax_loss, core.nce_loss, core.sampled_logistic_loss):
        with pytest.raises(ValueError, match=r"true_expected_count must be positive.*class 0.*subtract_log_q=False"):
            loss(*layer, values)
    assert core.importance_softmax_loss(*layer, values)[0] > 0
    assert core.negative_sampling_loss(*layer, values)[0] == pytest.approx(3 * np.log(2))


WEIGHTS, BIASES, LABELS, INPUTS = np.zeros((5, 2)), np.zeros(5), np.array([[0], [4]]), np.zeros((2, 2))
VALUES = core.SampledValues(np.array([1, 0, 3]), np.ones((2, 1)), np.ones(3))
ONES, nan = np.ones(3), np.nan


def arguments(**changes):
    given = {"weights": WEIGHTS, "biases": BIASES, "labels": LABELS, "inputs": INPUTS, "values": VALUES} | changes
    return given["weights"], given["biases"], given["labels"], given["inputs"], given["values"]


MISTAKES = [
    ("labels must be in [0, 5), got 5", {"labels": [[0], [5]]}),
    ("labels must be in [0, 5), got -1", {"labels": [[0], [-1]]}),
    ("labels[:, None]", {"labels": [0, 4]}),
    ("labels must be integers", {"labels": [[0.0], [4.0]]}),
    ("labels must have shape [2, num_true]", {"labels": [[0]]}),
    ("labels must not be empty", {"labels": np.zeros((2, 0), int)}),
    ("inputs must have shape [batch_size, dim], got (2,)", {"inputs": np.zeros(2)}),
    ("inputs must not be empty", {"inputs": np.zeros((0, 2))}),
    ("weights must have shape [num_classes, 2]", {"weights": np.zeros((5, 3))}),
    ("a Keras kernel has to be transposed", {"weights": WEIGHTS.T}),
    ("biases must have shape (5,)", {"biases": np.zeros(4)}),
    ("sampled must be in [0, 5), got 7", {"values": VALUES._replace(sampled=np.array([1, 7, 3]))}),
    ("sampled must be integers", {"values": VALUES._replace(sampled=np.array([0.5, 1, 2]))}),
    ("sampled must not be empty", {"values": core.SampledValues(np.zeros(0, int), np.ones((2, 1)), np.zeros(0))}),
    ("sampled must have shape [num_sampled]", {"values": VALUES._replace(sampled=np.array([[1, 0, 3]]))}),
    ("true_expected_count must have shape (2, 1)", {"values": VALUES._replace(true_expected_count=np.ones(2))}),
    ("sampled_expected_count must have shape (3,)", {"values": VALUES._replace(sampled_expected_count=np.ones(2))}),
    ("sampled_expected_count must be finite", {"values": VALUES._replace(sampled_expected_count=ONES * nan)}),
    ("sampled_expected_count must be finite", {"values": VALUES._replace(sampled_expected_count=-ONES)}),
    ("true_expected_count must be finite", {"values": VALUES._replace(true_expected_count=np.full((2, 1), np.inf))}),
    ("sampled_values must be (sampled, true_expected_count", {"values": 3}),
    ("sampled_values must be (sampled, true_expected_count", {"values": (np.array([1]), np.ones((2, 1)))}),
    ("nan", {"inputs": INPUTS * nan}),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize(("message", "changes"), MISTAKES)
def test_bad_input_is_answered(name, message, changes):
    for loss in (getattr(core, f"{name}_loss"), getattr(core, f"{name}_loss_with_grad")):
        with pytest.raises(ValueError, match=re.escape(message)):
            loss(*arguments(**changes))


@pytest.mark.parametrize("name", ["sampled_softmax", "nce", "sampled_logistic", "importance_softmax"])
def test_a_sampled_class_that_is_never_expected(name):
    values = VALUES._replace(sampled_expected_count=np.array([1.0, 0.0, 1.0]))
    with pytest.raises(ValueError, match=r"sampled_expected_count must be positive.*class 0"):
        getattr(core, f"{name}_loss")(*arguments(values=values))


def test_more_hits_expected_than_were_drawn():
    values = VALUES._replace(true_expected_count=np.full((2, 1), 3.0))
    with pytest.raises(ValueError, match=r"true_expected_count must sum to less than num_sampled = 3.*got 3.0"):
        core.importance_softmax_loss(*arguments(values=values))


@pytest.mark.parametrize(
    ("message", "labels", "sampled"),
    [
        ("labels must have shape [batch_size, num_true]", [0, 1], [1]),
        ("sampled must have shape [num_sampled]", [[0], [1]], [[1, 2]]),
        ("sampled must have shape [num_sampled]", [[0], [1]], 1),
        ("sampled must be integers", [[0]], [0.5]),
    ],
)
def test_accidental_hits_of_bad_input(message, labels, sampled):
    with pytest.raises(ValueError, match=re.escape(message)):
        core.accidental_hits(labels, sampled)
