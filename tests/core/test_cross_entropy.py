"""The label picks one term: losses, gradients, their properties, and the beliefs that they should undo."""

import itertools
import tracemalloc

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

import core
from tests import reference

SEED = [[2.0, -1.0, 3.0, 2.0], [1.0, 0.0, -0.5, 4.0]]
SEED_LABELS = [2, 0]
SEED_LOSSES = [0.5619413794965092, 3.076230870732923]
SEED_GRADS = [[0.2097, 0.0104, -0.4299, 0.2097], [-0.9539, 0.0170, 0.0103, 0.9266]]

numbers = st.floats(-20, 20, allow_subnormal=False)
temperatures = st.floats(0.2, 5)
fractions = st.floats(0, 1)


@st.composite
def batches(draw, min_classes=1):
    """Logits [batch, classes], labels, soft labels, class weights."""
    num_classes, batch_size = draw(st.integers(min_classes, 6)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    logits = rng.normal(0, draw(st.floats(0.01, 8)), (batch_size, num_classes))
    labels = rng.integers(0, num_classes, batch_size)
    soft = rng.dirichlet(np.ones(num_classes), batch_size)
    weights = rng.uniform(0, 3, num_classes) * (rng.random(num_classes) > 0.2)
    return logits, labels, soft, weights


def by_slope(loss, logits, **kwargs):
    """Central differences of a function of a whole array."""
    shape = np.shape(logits)
    return np.reshape(reference.slope(lambda at: float(loss(np.reshape(at, shape))), np.ravel(logits), **kwargs), shape)


# Worked numbers


def test_worked_numbers():
    np.testing.assert_allclose(core.sparse_cross_entropy(SEED, SEED_LABELS), SEED_LOSSES, rtol=1e-15)
    mean = core.sparse_cross_entropy(SEED, SEED_LABELS, reduction="mean")
    assert mean == pytest.approx(1.81908613, abs=5e-9)
    assert core.perplexity(mean) == pytest.approx(6.16622, abs=5e-6)
    np.testing.assert_allclose(core.sparse_cross_entropy_grad(SEED, SEED_LABELS), SEED_GRADS, atol=5e-5)
    twice = core.sparse_cross_entropy(core.softmax(SEED), SEED_LABELS)
    np.testing.assert_allclose(twice, [1.08729392, 1.67673889], atol=5e-9)
    np.testing.assert_allclose(core.double_softmax_cross_entropy(SEED, SEED_LABELS), twice, rtol=1e-15)


def test_worked_numbers_in_float32():
    got = core.sparse_cross_entropy(np.float32(SEED), SEED_LABELS)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, [0.56194139, 3.07623076], rtol=1e-6)


def test_keras_example():
    probs, labels = [[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]], [1, 2]
    np.testing.assert_allclose(core.sparse_cross_entropy_from_probs(probs, labels), [0.05129, 2.30259], atol=5e-6)


def test_preset_given_as_log_p():
    assert core.sparse_cross_entropy(np.log([0.01, 0.70, 0.28, 0.01]), 2) == pytest.approx(1.27297, abs=5e-6)


# Loops agree


@given(batches(), temperatures, fractions, st.booleans(), st.booleans())
def test_sparse_loops_agree(batch, temperature, epsilon, weighted, ignoring):
    logits, labels, _, class_weights = batch
    weights = list(class_weights) if weighted else None
    ignore_index = int(labels[0]) if ignoring else None
    settings = {
        "temperature": temperature,
        "label_smoothing": epsilon,
        "ignore_index": ignore_index,
        "class_weights": weights,
    }
    losses = [
        0.0 if label == ignore_index else reference.sparse_cross_entropy(row, label, temperature, epsilon, weights)
        for row, label in zip(logits.tolist(), labels.tolist(), strict=True)
    ]
    close = {"rtol": 1e-9, "atol": 1e-10}
    np.testing.assert_allclose(core.sparse_cross_entropy(logits, labels, **settings), losses, **close)
    total = core.sparse_cross_entropy(logits, labels, reduction="sum", **settings)
    np.testing.assert_allclose(total, sum(losses), **close)
    mean = core.sparse_cross_entropy(logits, labels, reduction="mean", **settings)
    want = reference.mean(losses, labels.tolist(), ignore_index, weights)
    if np.isnan(want):
        assert not np.isfinite(mean)  # 0/0, or with smoothing something/0
    else:
        np.testing.assert_allclose(mean, want, **close)


@given(batches(), temperatures, st.booleans())
def test_dense_loops_agree(batch, temperature, weighted):
    logits, _, soft, class_weights = batch
    weights = list(class_weights) if weighted else None
    losses = [
        reference.cross_entropy(row, q, temperature, weights) for row, q in zip(logits.tolist(), soft, strict=True)
    ]
    got = core.cross_entropy(logits, soft, temperature=temperature, class_weights=weights)
    np.testing.assert_allclose(got, losses, rtol=1e-9, atol=1e-10)
    mean = core.cross_entropy(logits, soft, temperature=temperature, class_weights=weights, reduction="mean")
    np.testing.assert_allclose(mean, np.mean(losses), rtol=1e-9, atol=1e-10)


@given(batches())
def test_other_loops_agree(batch):
    logits, labels, soft, _ = batch
    close = {"rtol": 1e-9, "atol": 1e-10}
    other = core.softmax(logits)
    np.testing.assert_allclose(core.entropy(soft), [reference.entropy(q) for q in soft], **close)
    want = [reference.kl_divergence(q, p) for q, p in zip(soft, other, strict=True)]
    np.testing.assert_allclose(core.kl_divergence(soft, other), want, **close)
    want = [reference.squared_error(row, label) for row, label in zip(logits, labels, strict=True)]
    np.testing.assert_allclose(core.squared_error(logits, labels), want, **close)
    scaled = soft * 1.7  # neither form asks for a distribution
    want = [reference.sparse_cross_entropy_from_probs(p, label) for p, label in zip(scaled, labels, strict=True)]
    np.testing.assert_allclose(core.sparse_cross_entropy_from_probs(scaled, labels), want, **close)
    want = [reference.cross_entropy_from_probs(p, q) for p, q in zip(scaled, other, strict=True)]
    np.testing.assert_allclose(core.cross_entropy_from_probs(scaled, other), want, **close)


@given(batches(), fractions)
def test_label_forms_by_loops(batch, epsilon):
    _, labels, soft, _ = batch
    num_classes = soft.shape[1]
    want = [reference.one_hot(label, num_classes) for label in labels]
    np.testing.assert_array_equal(core.one_hot(labels, num_classes), want)
    want = [reference.smooth_labels(q, epsilon) for q in soft]
    np.testing.assert_allclose(core.smooth_labels(soft, epsilon), want, rtol=1e-12)


@given(batches())
def test_scipy_agrees(batch):
    _, _, soft, _ = batch
    other = np.roll(soft, 1, axis=1)
    np.testing.assert_allclose(core.entropy(soft), scipy.stats.entropy(soft, axis=1), atol=1e-12)
    np.testing.assert_allclose(core.kl_divergence(soft, other), scipy.stats.entropy(soft, other, axis=1), rtol=1e-9)


# Gradients


@given(batches(), temperatures, fractions, st.sampled_from(["none", "sum", "mean"]), st.booleans(), st.booleans())
@settings(max_examples=60)
def test_sparse_gradient_by_central_differences(batch, temperature, epsilon, reduction, weighted, ignoring):
    logits, labels, _, weights = batch
    settings = {
        "temperature": temperature,
        "label_smoothing": epsilon,
        "ignore_index": int(labels[0]) if ignoring and len(set(labels)) > 1 else None,
        "class_weights": weights + 0.1 if weighted else None,
    }

    def loss(at):
        return core.sparse_cross_entropy(at, labels, reduction=reduction, **settings).sum()

    got = core.sparse_cross_entropy_grad(logits, labels, reduction=reduction, **settings)
    np.testing.assert_allclose(got, by_slope(loss, logits), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(got.sum(axis=-1), 0, atol=1e-10)


@given(batches(), temperatures, st.sampled_from(["none", "sum", "mean"]), st.booleans(), st.floats(0.1, 3))
@settings(max_examples=60)
def test_dense_gradient_by_central_differences(batch, temperature, reduction, weighted, scale):
    logits, _, soft, weights = batch
    settings = {
        "temperature": temperature,
        "reduction": reduction,
        "class_weights": weights if weighted else None,
        "allow_unnormalised": True,
    }
    got = core.cross_entropy_grad(logits, scale * soft, **settings)
    want = by_slope(lambda at: core.cross_entropy(at, scale * soft, **settings).sum(), logits)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(got.sum(axis=-1), 0, atol=1e-10)


@given(batches())
@settings(max_examples=40)
def test_other_gradients_by_central_differences(batch):
    logits, labels, soft, _ = batch
    for function in (core.double_softmax_cross_entropy, core.squared_error):
        gradient = getattr(core, f"{function.__name__}_grad")
        want = by_slope(lambda at, f=function: f(at, labels).sum(), logits)
        np.testing.assert_allclose(gradient(logits, labels), want, rtol=1e-5, atol=1e-6)
    probs = 0.1 + soft  # away from the clip, and not summing to one
    want = by_slope(lambda at: core.sparse_cross_entropy_from_probs(at, labels).sum(), probs)
    inside = probs < 1 - 1e-4
    got = core.sparse_cross_entropy_from_probs_grad(probs, labels)
    np.testing.assert_allclose(got[inside], want[inside], rtol=1e-5, atol=1e-6)
    if soft.shape[1] > 1:
        want = by_slope(lambda at: core.cross_entropy_from_probs(at, soft).sum(), probs)
        np.testing.assert_allclose(core.cross_entropy_from_probs_grad(probs, soft), want, rtol=1e-5, atol=1e-6)


@given(batches(), temperatures)
@settings(max_examples=40)
def test_hessian(batch, temperature):
    logits, labels, _, _ = batch
    got = core.cross_entropy_hessian(logits, temperature=temperature)
    for row, label, hessian in zip(logits, labels, got, strict=True):
        for j in range(len(row)):
            want = reference.slope(
                lambda at, y=label, j=j: float(core.sparse_cross_entropy_grad(at, y, temperature=temperature)[j]), row
            )
            np.testing.assert_allclose(hessian[j], want, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(got @ np.ones(logits.shape[1]), 0, atol=1e-12)  # flat along ones
    np.testing.assert_allclose(got, np.swapaxes(got, -1, -2), atol=1e-15)
    eigenvalues = np.linalg.eigvalsh(got)
    assert (eigenvalues >= -1e-12).all()  # convex
    assert (eigenvalues <= 0.5 / temperature**2 + 1e-12).all()


@given(batches(), temperatures, fractions, st.sampled_from(["none", "sum", "mean"]), st.booleans())
def test_fused_is_both(batch, temperature, epsilon, reduction, weighted):
    logits, labels, _, weights = batch
    settings = {
        "temperature": temperature,
        "label_smoothing": epsilon,
        "reduction": reduction,
        "class_weights": weights + 0.1 if weighted else None,
    }
    loss, grad = core.sparse_cross_entropy_with_grad(logits, labels, **settings)
    np.testing.assert_array_equal(loss, core.sparse_cross_entropy(logits, labels, **settings))
    np.testing.assert_array_equal(grad, core.sparse_cross_entropy_grad(logits, labels, **settings))


@given(batches(), st.floats(0.2, 5))
@settings(max_examples=40)
def test_temperature_gradient_is_of_the_undivided_logits(batch, temperature):
    logits, labels, _, _ = batch
    probs = core.softmax(logits, temperature=temperature)
    want = (probs - core.one_hot(labels, logits.shape[1])) / temperature
    np.testing.assert_allclose(
        core.sparse_cross_entropy_grad(logits, labels, temperature=temperature), want, atol=1e-12
    )


def test_blocks_join_seamlessly():
    rng = np.random.default_rng(0)
    logits, labels = rng.standard_normal((7, 100_000)), rng.integers(0, 100_000, 7)
    loss, grad = core.sparse_cross_entropy_with_grad(logits, labels, label_smoothing=0.1, reduction="sum")
    each = [core.sparse_cross_entropy_with_grad(z, y, label_smoothing=0.1) for z, y in zip(logits, labels, strict=True)]
    np.testing.assert_allclose(loss, sum(one for one, _ in each), rtol=1e-13)
    np.testing.assert_allclose(grad, [one for _, one in each], rtol=1e-12)
    soft = core.softmax(rng.standard_normal((7, 100_000)))
    np.testing.assert_allclose(
        core.cross_entropy(logits, soft), [core.cross_entropy(z, q) for z, q in zip(logits, soft, strict=True)]
    )


def test_sparse_loss_makes_no_array_of_the_logits_size():
    logits, labels = np.zeros((200, 50_000), np.float32), np.zeros(200, int)
    tracemalloc.start()
    core.sparse_cross_entropy(logits, labels)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < logits.nbytes / 4


# Properties


@given(batches(), temperatures, fractions)
def test_item_14_sparse_equals_one_hot(batch, temperature, epsilon):
    logits, labels, _, _ = batch
    rows = core.smooth_labels(core.one_hot(labels, logits.shape[1]), epsilon)
    close = {"rtol": 1e-12, "atol": 1e-13}
    for reduction in ("none", "sum", "mean"):
        settings = {"temperature": temperature, "reduction": reduction}
        sparse = core.sparse_cross_entropy(logits, labels, label_smoothing=epsilon, **settings)
        np.testing.assert_allclose(core.cross_entropy(logits, rows, **settings), sparse, **close)
        sparse = core.sparse_cross_entropy_grad(logits, labels, label_smoothing=epsilon, **settings)
        np.testing.assert_allclose(core.cross_entropy_grad(logits, rows, **settings), sparse, **close)


@given(batches(), st.floats(-1000, 1000))
def test_shift_changes_nothing(batch, shift):
    logits, labels, soft, _ = batch
    close = {"rtol": 1e-9, "atol": 1e-10}
    np.testing.assert_allclose(
        core.sparse_cross_entropy(logits + shift, labels), core.sparse_cross_entropy(logits, labels), **close
    )
    np.testing.assert_allclose(core.cross_entropy(logits + shift, soft), core.cross_entropy(logits, soft), **close)


@given(batches())
def test_any_leading_shape(batch):
    logits, labels, soft, _ = batch
    cube = np.stack([logits, logits[::-1]])
    ids, rows = np.stack([labels, labels[::-1]]), np.stack([soft, soft[::-1]])
    flat = core.sparse_cross_entropy(logits, labels)
    np.testing.assert_array_equal(core.sparse_cross_entropy(cube, ids), [flat, flat[::-1]])
    np.testing.assert_array_equal(core.cross_entropy(cube, rows)[0], core.cross_entropy(logits, soft))
    assert core.sparse_cross_entropy_grad(cube, ids).shape == cube.shape
    assert core.sparse_cross_entropy(cube, ids, reduction="mean").shape == ()
    one = core.sparse_cross_entropy(logits[0], labels[0])
    assert isinstance(one, np.float64)
    assert one == flat[0]


@given(batches(), temperatures)
def test_item_12_the_label_is_an_address(batch, temperature):
    logits, labels, _, _ = batch
    log_probs = core.log_softmax(logits, temperature=temperature)
    looked_up = [row[label] for row, label in zip(log_probs, labels, strict=True)]
    got = core.sparse_cross_entropy(logits, labels, temperature=temperature)
    np.testing.assert_allclose(got, np.negative(looked_up), rtol=1e-12, atol=1e-13)


@given(batches(min_classes=2), st.data())
def test_item_13_raising_a_wrong_logit_raises_the_loss(batch, data):
    logits, labels, _, _ = batch
    wrong = (labels[0] + data.draw(st.integers(1, logits.shape[1] - 1))) % logits.shape[1]
    raised = logits.copy()
    raised[0, wrong] += 1
    before, after = core.sparse_cross_entropy(logits, labels)[0], core.sparse_cross_entropy(raised, labels)[0]
    slope = core.sparse_cross_entropy_grad(logits, labels)[0, wrong]
    assert slope > 0
    assert after - before >= slope - 1e-9  # convex: at least as much as its tangent


@given(batches(), st.integers(0, 100))
def test_item_17_ids_are_names(batch, seed):
    logits, labels, _, _ = batch
    order = np.random.default_rng(seed).permutation(logits.shape[1])
    renamed = np.argsort(order)[labels]
    np.testing.assert_allclose(
        core.sparse_cross_entropy(logits[:, order], renamed),
        core.sparse_cross_entropy(logits, labels),
        rtol=1e-12,
        atol=1e-12,
    )


@given(st.integers(2, 200), st.integers(0, 10_000))
def test_item_21_double_softmax_stays_in_its_range(num_classes, seed):
    rng = np.random.default_rng(seed)
    logits, label = rng.normal(0, 30, num_classes), int(rng.integers(num_classes))
    best, worst = core.double_softmax_range(num_classes)
    assert best - 1e-12 <= core.double_softmax_cross_entropy(logits, label) <= worst + 1e-12


@pytest.mark.parametrize(
    ("num_classes", "floor"), [(2, 0.3133), (4, 0.7437), (10, 1.4612), (100, 3.6222), (1000, 5.9095)]
)
def test_item_21_double_softmax_floor(num_classes, floor):
    best, worst = core.double_softmax_range(num_classes)
    assert best == pytest.approx(floor, abs=5e-5)
    assert best == pytest.approx(np.log(1 + (num_classes - 1) / np.e), rel=1e-14)
    perfect = 1000 * np.eye(num_classes)[0]
    assert core.double_softmax_cross_entropy(perfect, 0) == pytest.approx(best, rel=1e-12)
    assert core.double_softmax_cross_entropy(perfect, 1) == pytest.approx(worst, rel=1e-12)
    assert worst == pytest.approx(np.log(np.e + num_classes - 1), rel=1e-14)


def test_item_21_one_class_has_no_range():
    assert core.double_softmax_range(1) == (0.0, 0.0)
    assert core.double_softmax_cross_entropy([5.0], 0) == 0


def test_item_21_gradient_is_squeezed():
    full = core.sparse_cross_entropy_grad([6.0, 0.0, 0.0], 1)
    twice = core.double_softmax_cross_entropy_grad([6.0, 0.0, 0.0], 1)
    assert np.abs(twice).max() < 0.01 * np.abs(full).max()


def test_item_22_logits_taken_for_probabilities():
    got = core.sparse_cross_entropy_from_probs(SEED, SEED_LABELS)
    np.testing.assert_allclose(got, [np.log(3), np.log(2)], atol=1e-6)  # both wrong: 0.5619 and 3.0762 are right
    assert np.abs(got - SEED_LOSSES).min() > 0.5


def test_item_23_epsilon_is_a_ceiling_with_no_slope():
    logits = np.array([[0.0, z] for z in (10.0, 20.0, 30.0, 100.0)])
    exact = core.sparse_cross_entropy(logits, [0] * 4)
    probs = core.softmax(logits)
    clipped = core.sparse_cross_entropy_from_probs(probs, [0] * 4)
    assert (np.diff(exact) > 9).all()
    np.testing.assert_allclose(clipped[1:], 16.118, atol=1e-3)
    assert clipped[0] == pytest.approx(exact[0], rel=1e-4)
    assert (core.sparse_cross_entropy_from_probs_grad(probs, [0] * 4)[1:, 0] == 0).all()
    assert core.sparse_cross_entropy_from_probs_grad(probs, [0] * 4)[0, 0] < -1000
    np.testing.assert_allclose(core.sparse_cross_entropy_grad(logits, [0] * 4)[1:, 0], -1, atol=1e-8)


def test_item_23_epsilon_can_be_chosen():
    assert core.sparse_cross_entropy_from_probs([0.0, 1.0], 0, epsilon=1e-3) == pytest.approx(np.log(1000), abs=1e-9)
    assert core.cross_entropy_from_probs([0.0, 1.0], [1, 0], epsilon=1e-3) == pytest.approx(np.log(1000), abs=1e-9)


@pytest.mark.parametrize(
    ("num_classes", "nats"),
    [(27, 3.296), (83, 4.419), (10_000, 9.210), (50_257, 10.825), (200_000, 12.206)],
)
def test_item_24_equal_logits_cost_ln_num_classes(num_classes, nats):
    for dtype in (np.float64, np.float32, np.float16):
        loss = core.sparse_cross_entropy(np.full(num_classes, 7, dtype), num_classes - 1)
        assert loss.dtype == dtype
        assert loss == pytest.approx(nats, abs=5e-4 if dtype != np.float16 else 5e-3)
    assert core.perplexity(np.log(num_classes)) == pytest.approx(num_classes)


def test_item_25_loss_and_accuracy_can_both_rise():
    def batch(wrong, right):
        return np.array([[0.0, wrong]] + [[right, 0.0]] * 7), np.zeros(8, int)

    before_logits, labels = batch(wrong=1.0, right=0.5)
    before_logits[1] = [-0.1, 0.0]  # one more error, a near miss
    after_logits, _ = batch(wrong=20.0, right=0.6)
    accuracy = [(logits.argmax(axis=1) == labels).mean() for logits in (before_logits, after_logits)]
    loss = [core.sparse_cross_entropy(z, labels, reduction="mean") for z in (before_logits, after_logits)]
    assert accuracy[1] > accuracy[0]
    assert loss[1] > loss[0]


def test_item_26_perplexity():
    assert core.bits(1.0) == pytest.approx(1.4427, abs=5e-5)
    np.testing.assert_allclose(core.perplexity([0.3, 2.0]), 2 ** core.bits([0.3, 2.0]))
    assert core.perplexity(np.mean([1.0, 3.0])) == pytest.approx(7.389, abs=5e-4)
    assert core.perplexity([1.0, 3.0]).mean() == pytest.approx(11.402, abs=5e-4)
    nats = np.log(70.6083)
    assert core.perplexity(nats) == pytest.approx(70.6083)
    assert 2**nats == pytest.approx(19.1218, abs=5e-4)
    assert core.perplexity(1e4) == np.inf
    assert core.perplexity(np.float32(1)).dtype == np.float32
    assert core.bits(2) == core.bits(2.0)


@pytest.mark.parametrize(
    ("num_classes", "floor", "gap"), [(4, 0.348780, None), (10, 0.500288, 4.511), (1000, 1.014848, 9.105)]
)
def test_item_27_smoothing_has_a_floor_and_a_finite_optimum(num_classes, floor, gap):
    target = core.smooth_labels(core.one_hot(0, num_classes), 0.1)
    assert target[0] == pytest.approx(0.9 + 0.1 / num_classes)
    np.testing.assert_allclose(target[1:], 0.1 / num_classes)
    assert core.entropy(target) == pytest.approx(floor, abs=5e-7)
    best = np.log(target)
    if gap:
        assert best[0] - best[1] == pytest.approx(gap, abs=5e-4)
    assert core.sparse_cross_entropy(best, 0, label_smoothing=0.1) == pytest.approx(floor, abs=5e-7)
    np.testing.assert_allclose(core.sparse_cross_entropy_grad(best, 0, label_smoothing=0.1), 0, atol=1e-14)
    surer = best + np.eye(num_classes)[0]
    assert core.sparse_cross_entropy_grad(surer, 0, label_smoothing=0.1)[0] > 0  # pulled back
    assert core.sparse_cross_entropy(surer, 0, label_smoothing=0.1) > floor


@given(batches())
def test_item_27_cross_entropy_is_entropy_plus_kl(batch):
    logits, _, soft, _ = batch
    want = core.entropy(soft) + core.kl_divergence(soft, core.softmax(logits))
    np.testing.assert_allclose(core.cross_entropy(logits, soft), want, rtol=1e-9, atol=1e-10)
    assert (core.kl_divergence(soft, core.softmax(logits)) >= -1e-12).all()


@given(batches(min_classes=2))
def test_item_28_one_pull_many_pushes_together_zero(batch):
    logits, labels, _, _ = batch
    probs, grad = core.softmax(logits), core.sparse_cross_entropy_grad(logits, labels)
    for p, g, label in zip(probs, grad, labels, strict=True):
        assert g[label] == pytest.approx(-(1 - p[label]), abs=1e-12)
        np.testing.assert_allclose(np.delete(g, label), np.delete(p, label), atol=1e-12)
        assert g.sum() == pytest.approx(0, abs=1e-12)


def test_squared_error_learns_slowly_when_confidently_wrong():
    wrong, near = [-10.0, 10.0], [-0.5, 0.5]
    assert np.abs(core.squared_error_grad(wrong, 0)).max() < 1e-7
    assert np.abs(core.squared_error_grad(near, 0)).max() > 0.1
    assert np.abs(core.sparse_cross_entropy_grad(wrong, 0)).max() > 0.999
    assert core.squared_error(wrong, 0) == pytest.approx(2)


# Ignoring, weighting, reducing


@pytest.mark.filterwarnings("error")
def test_all_ignored_is_zero_over_zero():
    for epsilon in (0.0, 0.1):
        settings = {"ignore_index": -100, "label_smoothing": epsilon}
        loss, grad = core.sparse_cross_entropy_with_grad(SEED, [-100, -100], reduction="mean", **settings)
        assert np.isnan(loss)
        np.testing.assert_array_equal(grad, np.zeros((2, 4)))
        assert core.sparse_cross_entropy(SEED, [-100, -100], reduction="sum", **settings) == 0
        np.testing.assert_array_equal(core.sparse_cross_entropy(SEED, [-100, -100], **settings), [0, 0])


@pytest.mark.filterwarnings("error")
def test_labels_without_weight_are_zero_over_zero_too():
    loss, grad = core.sparse_cross_entropy_with_grad(SEED, [2, 0], class_weights=[0, 1, 0, 1], reduction="mean")
    assert np.isnan(loss)
    assert np.isnan(grad).all()  # as PyTorch


def test_ignored_rows_are_left_out_of_sum_count_and_gradient():
    whole = core.sparse_cross_entropy_with_grad(SEED, [2, -100], ignore_index=-100, reduction="mean")
    alone = core.sparse_cross_entropy_with_grad(SEED[:1], [2], reduction="mean")
    assert whole[0] == alone[0]
    np.testing.assert_array_equal(whole[1], [alone[1][0], np.zeros(4)])


def test_a_padding_class_can_be_ignored():
    got = core.sparse_cross_entropy(SEED, [2, 0], ignore_index=0)
    np.testing.assert_allclose(got, [SEED_LOSSES[0], 0], atol=1e-9)


def test_weighted_mean_divides_by_the_weights_of_the_labels():
    weights = [3.0, 1.0, 0.5, 1.0]
    got = core.sparse_cross_entropy(SEED, [2, 0], class_weights=weights, reduction="mean")
    assert got == pytest.approx((0.5 * SEED_LOSSES[0] + 3 * SEED_LOSSES[1]) / 3.5)
    soft = core.cross_entropy(SEED, core.one_hot([2, 0], 4), class_weights=weights, reduction="mean")
    assert soft == pytest.approx((0.5 * SEED_LOSSES[0] + 3 * SEED_LOSSES[1]) / 2)


# Extremes


@pytest.mark.filterwarnings("error")
def test_ten_thousand_nats():
    logits = [[0.0, 10_000.0], [-10_000.0, 0.0]]
    loss, grad = core.sparse_cross_entropy_with_grad(logits, [0, 0])
    np.testing.assert_array_equal(loss, [10_000, 10_000])
    np.testing.assert_array_equal(grad, [[-1, 1], [-1, 1]])
    np.testing.assert_array_equal(core.cross_entropy(logits, core.one_hot([0, 0], 2)), loss)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_masked_classes(dtype):
    logits = np.array([[1.0, -np.inf, 2.0], [0.0, 0.0, -np.inf], [1.0, 2.0, -np.inf]], dtype)
    labels = [2, 0, 2]
    loss, grad = core.sparse_cross_entropy_with_grad(logits, labels)
    np.testing.assert_allclose(loss, [0.31326168751822286, np.log(2), np.inf], rtol=1e-3)
    assert np.isfinite(grad).all()
    np.testing.assert_allclose(grad[2], [0.26894142, 0.73105858, -1], atol=1e-3)
    rows = core.one_hot(labels, 3, dtype=dtype)
    np.testing.assert_allclose(core.cross_entropy(logits, rows), loss, rtol=1e-6)
    np.testing.assert_allclose(core.cross_entropy_grad(logits, rows), grad, atol=1e-6)
    assert core.sparse_cross_entropy(logits, labels, reduction="mean") == np.inf


@pytest.mark.filterwarnings("error")
def test_a_mask_under_smoothing_costs_inf_unless_it_has_no_weight():
    logits = [1.0, -np.inf, 2.0]
    assert core.sparse_cross_entropy(logits, 2, label_smoothing=0.1) == np.inf
    assert np.isfinite(core.sparse_cross_entropy_grad(logits, 2, label_smoothing=0.1)).all()
    got = core.sparse_cross_entropy(logits, 2, label_smoothing=0.1, class_weights=[1, 0, 1])
    without = core.softmax([1.0, 2.0])
    assert got == pytest.approx(-0.9 * np.log(without[1]) - 0.1 / 3 * np.log(without).sum())


def test_one_class_costs_nothing():
    loss, grad = core.sparse_cross_entropy_with_grad([[5.0], [-2.0]], [0, 0])
    np.testing.assert_array_equal(loss, [0, 0])
    np.testing.assert_array_equal(grad, [[0], [0]])


def test_200_000_classes():
    rng = np.random.default_rng(3)
    logits, labels = rng.standard_normal((4, 200_000)), rng.integers(0, 200_000, 4)
    wide = core.sparse_cross_entropy_with_grad(logits, labels)
    narrow = core.sparse_cross_entropy_with_grad(logits.astype(np.float32), labels)
    np.testing.assert_allclose(wide[0], -core.log_softmax(logits)[range(4), labels], rtol=1e-12)
    np.testing.assert_allclose(narrow[0], wide[0], rtol=1e-6)
    np.testing.assert_allclose(narrow[1], wide[1], rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_is_kept(dtype):
    logits, labels = np.array(SEED, dtype), SEED_LABELS
    rows = core.one_hot(labels, 4, dtype=dtype)
    probs = core.softmax(logits)
    results = [
        core.sparse_cross_entropy(logits, labels, label_smoothing=0.1, class_weights=[1.0, 2.0, 3.0, 4.0]),
        core.sparse_cross_entropy(logits, labels, reduction="mean"),
        core.sparse_cross_entropy_grad(logits, labels, label_smoothing=0.1, temperature=2.0),
        core.cross_entropy(logits, core.one_hot(labels, 4), reduction="mean"),
        core.cross_entropy_grad(logits, core.one_hot(labels, 4), class_weights=[1, 2, 3, 4]),
        core.cross_entropy_hessian(logits, temperature=2.0),
        core.double_softmax_cross_entropy(logits, labels),
        core.double_softmax_cross_entropy_grad(logits, labels),
        core.squared_error(logits, labels),
        core.squared_error_grad(logits, labels),
        core.sparse_cross_entropy_from_probs(probs, labels),
        core.sparse_cross_entropy_from_probs_grad(probs, labels),
        core.cross_entropy_from_probs(probs, core.one_hot(labels, 4)),
        core.cross_entropy_from_probs_grad(probs, core.one_hot(labels, 4)),
        core.smooth_labels(rows, 0.1),
        core.entropy(rows),
        core.kl_divergence(rows, rows),
        core.perplexity(logits),
        core.bits(logits),
    ]
    assert [result.dtype for result in results] == [dtype] * len(results)
    np.testing.assert_allclose(core.sparse_cross_entropy(logits, labels), SEED_LOSSES, rtol=8 * np.finfo(dtype).eps)


@pytest.mark.filterwarnings("error")
def test_entropy_at_the_corners():
    np.testing.assert_array_equal(core.entropy([[1.0, 0.0], [0.0, 1.0]]), [0, 0])
    assert core.entropy([0.25] * 4) == pytest.approx(np.log(4))
    assert core.kl_divergence([0.5, 0.5], [1.0, 0.0]) == np.inf
    assert core.kl_divergence([1.0, 0.0], [1.0, 0.0]) == 0


def test_inputs_are_left_alone():
    for dtype, with_float in itertools.product((np.float64, np.float32, np.float16), (False, True)):
        logits, labels = np.array(SEED, dtype), np.array(SEED_LABELS)
        rows = core.one_hot(labels, 4, dtype=dtype)
        if with_float:
            core.cross_entropy(logits, rows, class_weights=[1, 2, 3, 4])
            core.cross_entropy_grad(logits, rows, class_weights=[1, 2, 3, 4])
        else:
            core.sparse_cross_entropy_with_grad(logits, labels, ignore_index=0, label_smoothing=0.1)
        np.testing.assert_array_equal(logits, np.array(SEED, dtype))
        np.testing.assert_array_equal(labels, SEED_LABELS)
        np.testing.assert_array_equal(rows, core.one_hot(SEED_LABELS, 4))
