"""Where logits come from, and where the gradient goes next."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import core
from tests import reference


@st.composite
def layers(draw, lead=None):
    lead = draw(st.sampled_from([(), (3,), (2, 3)])) if lead is None else lead
    dim, num_classes = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    labels = rng.integers(0, num_classes, lead)
    return rng.normal(size=(*lead, dim)), rng.normal(size=(num_classes, dim)), rng.normal(size=num_classes), labels


@given(layers())
def test_loops_agree(layer):
    inputs, weights, biases, _ = layer
    got = core.dense(inputs, weights, biases)
    want = [reference.dense(row, weights, biases) for row in inputs.reshape(-1, inputs.shape[-1])]
    np.testing.assert_allclose(got, np.reshape(want, got.shape), rtol=1e-11, atol=1e-12)


@given(layers(), st.sampled_from(["sum", "mean"]))
@settings(max_examples=40)
def test_gradients_by_central_differences(layer, reduction):
    inputs, weights, biases, labels = layer
    logits_grad = core.sparse_cross_entropy_grad(core.dense(inputs, weights, biases), labels, reduction=reduction)
    grad = core.dense_grad(inputs, weights, logits_grad)

    def loss(inputs, weights, biases):
        return float(core.sparse_cross_entropy(core.dense(inputs, weights, biases), labels, reduction=reduction))

    for name, array in {"inputs": inputs, "weights": weights, "biases": biases}.items():
        given_layer = {"inputs": inputs, "weights": weights, "biases": biases}
        want = reference.slope(
            lambda at, name=name, shape=array.shape, rest=given_layer: loss(**{**rest, name: np.reshape(at, shape)}),
            array.ravel(),
        )
        got = getattr(grad, name)
        assert got.shape == array.shape
        np.testing.assert_allclose(got.ravel(), want, rtol=1e-5, atol=1e-7, err_msg=name)


def test_weights_gradient_is_an_outer_product():
    inputs, weights = np.array([1.0, -2.0]), np.array([[0.5, 1.0], [0.0, 1.0], [2.0, 0.0]])
    error = core.sparse_cross_entropy_grad(core.dense(inputs, weights, [0.0, 0.0, 0.0]), 1)
    grad = core.dense_grad(inputs, weights, error)
    np.testing.assert_allclose(grad.weights, np.outer(error, inputs))
    np.testing.assert_allclose(grad.biases, error)
    np.testing.assert_allclose(grad.inputs, error @ weights)


@given(layers(lead=(4,)), st.floats(0.3, 3))
@settings(max_examples=40)
def test_tied_gradient_by_central_differences(layer, temperature):
    _, embedding, _, labels = layer
    tokens = (labels + 1) % len(embedding)
    tokens[0] = tokens[-1]  # one token is read at least twice

    def loss(read, scored):
        hidden = np.reshape(read, embedding.shape)[tokens]
        logits = core.dense(hidden, np.reshape(scored, embedding.shape), np.zeros(len(embedding)))
        return float(core.sparse_cross_entropy(logits, labels, temperature=temperature, reduction="sum"))

    grad = core.tied_grad(embedding, tokens, labels, temperature=temperature)
    flat = embedding.ravel()
    close = {"rtol": 1e-5, "atol": 1e-6}
    np.testing.assert_allclose(grad.as_input.ravel(), reference.slope(lambda at: loss(at, flat), flat), **close)
    np.testing.assert_allclose(grad.as_output.ravel(), reference.slope(lambda at: loss(flat, at), flat), **close)
    np.testing.assert_allclose(grad.total.ravel(), reference.slope(lambda at: loss(at, at), flat), **close)
    np.testing.assert_array_equal(grad.as_input + grad.as_output, grad.total)
    unread = np.setdiff1d(np.arange(len(embedding)), tokens)
    assert not grad.as_input[unread].any()


def test_tied_gradient_of_one_token():
    embedding = np.random.default_rng(0).normal(size=(5, 3))
    grad = core.tied_grad(embedding, 2, 4)
    assert [part.shape for part in grad] == [(5, 3)] * 3
    assert np.flatnonzero(grad.as_input.any(axis=1)).tolist() == [2]
    assert grad.as_output.any(axis=1).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_is_kept(dtype):
    rng = np.random.default_rng(1)
    inputs, weights, biases = (rng.normal(size=shape).astype(dtype) for shape in [(3, 4), (5, 4), (5,)])
    logits = core.dense(inputs, weights, biases)
    assert logits.dtype == dtype
    grad = core.dense_grad(inputs, weights, logits)
    assert [part.dtype for part in grad] == [dtype] * 3
    assert [part.dtype for part in core.tied_grad(weights, 0, 1)] == [dtype] * 3
    np.testing.assert_allclose(logits, inputs.astype(float) @ weights.T.astype(float) + biases, rtol=5e-3, atol=5e-3)


def test_float16_layers_add_in_float32():
    ones = np.ones((1, 4096), np.float16)
    assert core.dense(ones, ones, np.zeros(1, np.float16))[0, 0] == 4096
    halves = np.ones((4096, 2), np.float16)
    many = core.dense_grad(halves, np.ones((2, 2), np.float16), halves)
    np.testing.assert_array_equal(many.biases, [4096, 4096])  # one by one, float16 stops at 2048
    np.testing.assert_array_equal(many.weights, [[4096, 4096], [4096, 4096]])
