"""Gradients of the sampled losses: right, sparse, and applied in place."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import core
from core.touched import sum_rows, touch
from tests import reference
from tests.core.test_sampled import BIASES, INPUTS, LABELS, LOSSES, VALUES, WEIGHTS, every_class, problems


def scattered(grad, problem):
    """The gradients as arrays like the weights, the biases and the inputs."""
    weights, biases = np.zeros_like(problem[0]), np.zeros_like(problem[1])
    weights[grad.ids], biases[grad.ids] = grad.weights, grad.biases
    return {"weights": weights, "biases": biases, "inputs": grad.inputs}


@pytest.mark.parametrize("name", LOSSES)
@given(problem=problems(), reduction=st.sampled_from(["none", "sum", "mean"]))
@settings(max_examples=25)
def test_by_central_differences(name, problem, reduction):
    loss = getattr(core, f"{name}_loss")
    losses, grad = getattr(core, f"{name}_loss_with_grad")(*problem, reduction=reduction)
    want = loss(*problem)
    np.testing.assert_allclose(losses, {"none": want, "sum": want.sum(), "mean": want.mean()}[reduction], rtol=1e-9)
    got = scattered(grad, problem)
    for place, part in {0: "weights", 1: "biases", 3: "inputs"}.items():

        def reduced(at, place=place):
            moved = [*problem]
            moved[place] = np.reshape(at, problem[place].shape)
            return float(loss(*moved).mean() if reduction == "mean" else loss(*moved).sum())

        slope = reference.slope(reduced, problem[place].ravel())
        np.testing.assert_allclose(got[part].ravel(), slope, rtol=1e-5, atol=1e-7, err_msg=part)


@pytest.mark.parametrize("name", LOSSES)
@given(problem=problems())
@settings(max_examples=40)
def test_only_rows_that_were_read_and_each_once(name, problem):
    _, grad = getattr(core, f"{name}_loss_with_grad")(*problem)
    assert sorted(grad.ids.tolist()) == sorted({*np.ravel(problem[2]).tolist(), *problem[4].sampled.tolist()})
    assert grad.weights.shape == (len(grad.ids), problem[0].shape[1])
    assert grad.biases.shape == grad.ids.shape


@pytest.mark.parametrize("settings_", [{}, {"subtract_log_q": False}, {"remove_accidental_hits": False}])
@pytest.mark.parametrize("name", ["sampled_softmax", "nce"])
@given(problem=problems())
@settings(max_examples=25)
def test_loss_and_loss_with_grad_agree_on_every_switch(name, settings_, problem):
    loss = getattr(core, f"{name}_loss")(*problem, **settings_)
    np.testing.assert_allclose(getattr(core, f"{name}_loss_with_grad")(*problem, **settings_)[0], loss, rtol=1e-10)


@pytest.mark.parametrize("num_true", [1, 2])
@pytest.mark.parametrize("remove", [True, False])
@pytest.mark.parametrize("unique", [True, False])
@pytest.mark.parametrize("name", ["sampled_softmax", "nce"])
def test_torch_agrees(name, unique, remove, num_true):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(3)
    labels = np.array([rng.choice(30, num_true, replace=False) for _ in range(8)])
    values = core.LogUniformSampler(30).sample(labels, 12, unique=unique, rng=rng)
    arrays = rng.normal(size=(30, 5)), rng.normal(size=30), rng.normal(size=(8, 5))
    weights, biases, inputs = (torch.tensor(array, requires_grad=True) for array in arrays)
    ids, sampled = torch.tensor(labels), torch.tensor(values.sampled)
    true = (weights[ids] * inputs[:, None]).sum(-1) + biases[ids] - torch.log(torch.tensor(values.true_expected_count))
    others = inputs @ weights[sampled].T + biases[sampled] - torch.log(torch.tensor(values.sampled_expected_count))
    if remove:
        others = others.masked_fill(torch.tensor(core.accidental_hits(labels, values.sampled)), -1e30)
    logits = torch.cat([true, others], dim=1)
    targets = torch.zeros_like(logits)
    targets[:, :num_true] = 1 / num_true
    functional = torch.nn.functional
    if name == "nce":
        loss = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(1).mean()
    else:
        loss = functional.cross_entropy(logits, targets)
    loss.backward()
    problem = arrays[0], arrays[1], labels, arrays[2], values
    got, grad = getattr(core, f"{name}_loss_with_grad")(*problem, remove_accidental_hits=remove, reduction="mean")
    assert got == pytest.approx(loss.item(), rel=1e-12)
    parts = scattered(grad, problem)
    for part, tensor in {"weights": weights, "biases": biases, "inputs": inputs}.items():
        np.testing.assert_allclose(parts[part], tensor.grad.numpy(), rtol=1e-10, atol=1e-14, err_msg=part)


def test_with_every_class_once_it_is_the_gradient_of_the_full_loss():
    weights, biases, labels, inputs, _ = problem = every_class()
    logits_grad = core.sparse_cross_entropy_grad(core.dense(inputs, weights, biases), labels[:, 0], reduction="mean")
    want = core.dense_grad(inputs, weights, logits_grad)
    for loss in (core.sampled_softmax_loss_with_grad, core.importance_softmax_loss_with_grad):
        got = scattered(loss(*problem, reduction="mean")[1], problem)
        for part in ("inputs", "weights", "biases"):
            np.testing.assert_allclose(got[part], getattr(want, part), rtol=1e-10, atol=1e-15)


def test_item_35_without_log_q_the_loss_looks_right_and_the_gradient_is_not():
    """1,000 Zipf classes, 100 of them drawn with replacement: the mean over draws."""
    model, sampler = core.zipf_model(1000, rng=np.random.default_rng(0)), core.LogUniformSampler(1000)
    with_it, without = (
        core.sampling_error(*model, sampler, 100, unique=False, subtract_log_q=on, rng=np.random.default_rng(1))
        for on in (True, False)
    )
    assert abs(without.loss_bias) < 0.5 < abs(with_it.loss_bias)
    assert without.grad_bias > 0.25 > 0.1 > with_it.grad_bias


def test_no_array_of_all_classes_is_made():
    """A step among ten million classes: their gradient alone would take 80 MB for each number of dim."""
    num_classes = 10_000_000
    weights = np.broadcast_to(np.float32(0.5), (num_classes, 4))
    biases = np.broadcast_to(np.float32(0), (num_classes,))
    labels, inputs = np.array([[num_classes - 1]]), np.ones((1, 4), np.float32)
    values = core.LogUniformSampler(num_classes).sample(labels, 100, rng=np.random.default_rng(0))
    for name in LOSSES:
        _, grad = getattr(core, f"{name}_loss_with_grad")(weights, biases, labels, inputs, values)
        assert grad.weights.shape == (101, 4)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20), st.integers(0, 2**32))
def test_sum_rows_is_the_loop(ids, seed):
    rng = np.random.default_rng(seed)
    rows, numbers = rng.integers(-9, 9, (len(ids), 3)).astype(float), rng.integers(-9, 9, len(ids)).astype(float)
    want: dict[int, list[float]] = {}
    for c, row, number in zip(ids, rows.tolist(), numbers.tolist(), strict=True):
        before = want.setdefault(c, [0.0] * 4)
        want[c] = [a + b for a, b in zip(before, [*row, number], strict=True)]
    distinct, row_sums, number_sums = sum_rows(np.array(ids), rows, numbers)
    assert distinct.tolist() == list(want)  # in order of appearance
    assert np.column_stack([row_sums, number_sums]).tolist() == list(want.values())


def test_rows_are_a_copy():
    weights, biases, labels, inputs, values = every_class()
    before = weights.copy()
    layer = touch(weights, biases, labels, inputs, values)
    layer.grad(layer.logits())
    np.testing.assert_array_equal(weights, before)


@pytest.mark.parametrize("name", LOSSES)
def test_steps_of_sgd_lower_the_loss(name):
    *layer, values = every_class()
    before = getattr(core, f"{name}_loss")(*layer, values).mean()
    for _ in range(50):
        _, grad = getattr(core, f"{name}_loss_with_grad")(*layer, values, reduction="mean")
        core.sgd_update(layer[0], grad.ids, grad.weights, learning_rate=0.1)
        core.sgd_update(layer[1], grad.ids, grad.biases, learning_rate=0.1)
    assert getattr(core, f"{name}_loss")(*layer, values).mean() < before - 0.1


@given(problem=problems())
@settings(max_examples=20)
def test_sgd_is_the_dense_step(problem):
    _, grad = core.sampled_softmax_loss_with_grad(*problem)
    want = problem[0] - 0.3 * scattered(grad, problem)["weights"]
    weights = problem[0].copy()
    assert core.sgd_update(weights, grad.ids, grad.weights, learning_rate=0.3) is None
    np.testing.assert_allclose(weights, want, rtol=1e-12)


def test_sgd_keeps_the_dtype():
    weights = np.ones((3, 2), np.float32)
    core.sgd_update(weights, [1], [[1.0, 1.0]], learning_rate=0.5)
    assert weights.dtype == np.float32
    assert weights.tolist() == [[1, 1], [0.5, 0.5], [1, 1]]


def frozen():
    array = np.zeros((3, 2))
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("message", "parameters", "ids", "rows", "learning_rate"),
    [
        ("parameters must be a NumPy array", [[0.0, 0.0]], [0], [[1.0, 1.0]], 1),
        ("parameters must be a NumPy array", np.zeros((3, 2), int), [0], [[1.0, 1.0]], 1),
        ("parameters must be a NumPy array", frozen(), [0], [[1.0, 1.0]], 1),
        ("ids must be in [0, 3), got 3", np.zeros((3, 2)), [3], [[1.0, 1.0]], 1),
        ("ids must be in [0, 3), got -1", np.zeros((3, 2)), [-1], [[1.0, 1.0]], 1),
        ("ids must be one row of different ids", np.zeros((3, 2)), [1, 1], [[1.0, 1.0]] * 2, 1),
        ("ids must be one row of different ids", np.zeros((3, 2)), [[1]], [[1.0, 1.0]], 1),
        ("ids must not be empty", np.zeros((3, 2)), np.zeros(0, int), np.zeros((0, 2)), 1),
        ("rows must have shape (1, 2)", np.zeros((3, 2)), [1], [[1.0]], 1),
        ("rows must have shape (1,)", np.zeros(3), [1], [[1.0]], 1),
        ("rows must be finite, got nan", np.zeros((3, 2)), [1], [[1.0, np.nan]], 1),
        ("learning_rate must be positive, got 0", np.zeros((3, 2)), [1], [[1.0, 1.0]], 0),
        ("learning_rate must be positive, got nan", np.zeros((3, 2)), [1], [[1.0, 1.0]], np.nan),
    ],
)
def test_sgd_of_bad_input(message, parameters, ids, rows, learning_rate):
    before = np.array(parameters)
    with pytest.raises(ValueError, match=re.escape(message)):
        core.sgd_update(parameters, ids, rows, learning_rate=learning_rate)
    np.testing.assert_array_equal(parameters, before)


@pytest.mark.parametrize("name", LOSSES)
def test_reduction_must_be_one_of_three(name):
    with pytest.raises(ValueError, match="reduction must be one of"):
        getattr(core, f"{name}_loss_with_grad")(WEIGHTS, BIASES, LABELS, INPUTS, VALUES, reduction="median")
