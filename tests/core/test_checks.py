"""Every mistake is answered by a ValueError that names the argument, the value and what is allowed."""

import re

import numpy as np
import pytest

import core

LOGITS = [[2.0, -1.0, 3.0, 2.0], [1.0, 0.0, -0.5, 4.0]]
SOFT = [[0.25, 0.25, 0.25, 0.25], [1.0, 0.0, 0.0, 0.0]]
nan, inf = np.nan, np.inf

OF_LOGITS = {
    "softmax": core.softmax,
    "log_softmax": core.log_softmax,
    "logsumexp": core.logsumexp,
    "softmax_steps": core.softmax_steps,
    "naive_softmax": core.naive_softmax,
    "softmax_jacobian": core.softmax_jacobian,
    "log_softmax_jacobian": core.log_softmax_jacobian,
    "softmax_vjp": lambda logits: core.softmax_vjp(logits, LOGITS),
    "log_softmax_vjp": lambda logits: core.log_softmax_vjp(logits, LOGITS),
    "sparse_cross_entropy": lambda logits: core.sparse_cross_entropy(logits, [2, 0]),
    "sparse_cross_entropy_grad": lambda logits: core.sparse_cross_entropy_grad(logits, [2, 0]),
    "sparse_cross_entropy_with_grad": lambda logits: core.sparse_cross_entropy_with_grad(logits, [2, 0]),
    "cross_entropy": lambda logits: core.cross_entropy(logits, SOFT),
    "cross_entropy_grad": lambda logits: core.cross_entropy_grad(logits, SOFT),
    "cross_entropy_hessian": core.cross_entropy_hessian,
    "double_softmax_cross_entropy": lambda logits: core.double_softmax_cross_entropy(logits, [2, 0]),
    "double_softmax_cross_entropy_grad": lambda logits: core.double_softmax_cross_entropy_grad(logits, [2, 0]),
    "squared_error": lambda logits: core.squared_error(logits, [2, 0]),
    "squared_error_grad": lambda logits: core.squared_error_grad(logits, [2, 0]),
}
NOT_SOFTMAX = {"naive_softmax", "logsumexp"}

OF_LABELS = {
    "sparse_cross_entropy": core.sparse_cross_entropy,
    "sparse_cross_entropy_grad": core.sparse_cross_entropy_grad,
    "sparse_cross_entropy_with_grad": core.sparse_cross_entropy_with_grad,
    "double_softmax_cross_entropy": core.double_softmax_cross_entropy,
    "double_softmax_cross_entropy_grad": core.double_softmax_cross_entropy_grad,
    "squared_error": core.squared_error,
    "squared_error_grad": core.squared_error_grad,
    "sparse_cross_entropy_from_probs": lambda logits, labels: core.sparse_cross_entropy_from_probs(
        core.softmax(logits), labels
    ),
    "sparse_cross_entropy_from_probs_grad": lambda logits, labels: core.sparse_cross_entropy_from_probs_grad(
        core.softmax(logits), labels
    ),
}

OF_TEMPERATURE = {
    "softmax": core.softmax,
    "softmax_steps": core.softmax_steps,
    "odds": core.odds,
    "log_softmax": core.log_softmax,
    "logsumexp": core.logsumexp,
    "softmax_jacobian": core.softmax_jacobian,
    "log_softmax_jacobian": core.log_softmax_jacobian,
    "softmax_vjp": lambda logits, **settings: core.softmax_vjp(logits, LOGITS, **settings),
    "log_softmax_vjp": lambda logits, **settings: core.log_softmax_vjp(logits, LOGITS, **settings),
    "cross_entropy_hessian": core.cross_entropy_hessian,
    "sparse_cross_entropy": lambda logits, **settings: core.sparse_cross_entropy(logits, [2, 0], **settings),
    "sparse_cross_entropy_grad": lambda logits, **settings: core.sparse_cross_entropy_grad(logits, [2, 0], **settings),
    "sparse_cross_entropy_with_grad": lambda logits, **settings: core.sparse_cross_entropy_with_grad(
        logits, [2, 0], **settings
    ),
    "cross_entropy": lambda logits, **settings: core.cross_entropy(logits, SOFT, **settings),
    "cross_entropy_grad": lambda logits, **settings: core.cross_entropy_grad(logits, SOFT, **settings),
}


def says(message, function, *args, **kwargs):
    """The function raises ValueError with this text in it, and warns of nothing on the way."""
    with pytest.raises(ValueError, match=re.escape(message)):
        function(*args, **kwargs)


every = {"argvalues": OF_LOGITS.items(), "ids": OF_LOGITS.keys()}


@pytest.mark.parametrize(("name", "function"), **every)
def test_what_logits_may_be(name, function):
    says("logits must be real numbers (floats or integers), got dtype bool", function, [[True, False]])
    says("logits must be real numbers (floats or integers), got dtype complex128", function, [[1j, 0.0]])
    says("logits must be real numbers (floats or integers), got dtype object", function, [[None, 1.0]])
    says("logits must be real numbers (floats or integers), got dtype <U1", function, [["a", "b"]])
    says("logits must be a rectangular array of numbers, got [[1.0], [1.0, 2.0]]", function, [[1.0], [1.0, 2.0]])
    says("logits must not be empty, got shape (0,)", function, [])
    says("logits must not be empty, got shape (2, 0)", function, np.zeros((2, 0)))
    says("logits must not be empty, got shape (0, 4)", function, np.zeros((0, 4)))
    says("logits must have an axis of classes, got the single number 3.0", function, 3.0)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("name", "function"), **every)
def test_rows_without_softmax(name, function):
    if name != "naive_softmax":
        says("logits must not be NaN, got nan in row 1", function, [LOGITS[0], [1.0, nan, 2.0, 3.0]])
        says("logits must not be NaN, got nan in row 0", function, [[inf, nan, 2.0, 3.0], LOGITS[1]])
    if name not in NOT_SOFTMAX:
        says("logits must be finite or -inf, got inf in row 1", function, [LOGITS[0], [1.0, inf, 2.0, 3.0]])
        says("logits must not all be -inf, got only -inf in row 1", function, [LOGITS[0], [-inf] * 4])
        says("got only -inf in row 0", function, [[-inf] * 4, [1.0, inf, 2.0, 3.0]])


@pytest.mark.parametrize(("name", "function"), OF_LABELS.items(), ids=OF_LABELS.keys())
def test_what_labels_may_be(name, function):
    says("labels must be in [0, 4), got 4", function, LOGITS, [2, 4])
    says("labels must be in [0, 4), got -1", function, LOGITS, [-1, 0])
    says("labels must be in [0, 4), got -100", function, LOGITS, [2, -100])
    says("labels must be integers, got dtype float64: [2. 0.]", function, LOGITS, [2.0, 0.0])
    says("labels must be integers, got dtype bool: [ True False]", function, LOGITS, [True, False])
    says("labels must be integers, got dtype <U1: ['a' 'b']", function, LOGITS, ["a", "b"])
    beside = "probs" if "from_probs" in name else "logits"
    says(f"labels must have shape (2,) to go with {beside} of shape (2, 4), got (3,)", function, LOGITS, [0, 1, 2])
    says("labels must have shape (2,)", function, LOGITS, [[0], [1]])
    says("labels must have shape (2,)", function, LOGITS, 0)
    says("labels must have shape ()", function, LOGITS[0], [0])


@pytest.mark.parametrize(("name", "function"), OF_TEMPERATURE.items(), ids=OF_TEMPERATURE.keys())
def test_temperature_is_positive(name, function):
    says("temperature must be positive, got -1", function, LOGITS, temperature=-1)
    says("temperature must be positive, got 0", function, LOGITS, temperature=0)
    says("temperature must be positive, got nan", function, LOGITS, temperature=nan)
    says("temperature must be finite, got inf", function, LOGITS, temperature=inf)
    says("temperature must be a number, got 'hot'", function, LOGITS, temperature="hot")
    says("temperature must be a number, got True", function, LOGITS, temperature=True)
    says("temperature must be a number, got [1.0, 2.0]", function, LOGITS, temperature=[1.0, 2.0])


@pytest.mark.parametrize("function", [core.softmax, core.log_softmax, core.logsumexp, core.naive_softmax])
def test_axis_is_there(function):
    says("axis must be in [-2, 2) for an array of 2 axes, got 2", function, LOGITS, axis=2)
    says("axis must be in [-2, 2) for an array of 2 axes, got -3", function, LOGITS, axis=-3)
    says("axis must be an integer, got 0.5", function, LOGITS, axis=0.5)
    says("axis must be an integer, got None", function, LOGITS, axis=None)


@pytest.mark.parametrize("function", [core.softmax_vjp, core.log_softmax_vjp])
def test_upstream_fits(function):
    says("upstream must have shape (2, 4) to go with logits of shape (2, 4), got (4,)", function, LOGITS, LOGITS[0])


SPARSE = [core.sparse_cross_entropy, core.sparse_cross_entropy_grad, core.sparse_cross_entropy_with_grad]
DENSE = [core.cross_entropy, core.cross_entropy_grad]


@pytest.mark.parametrize(
    ("function", "labels"), [(function, [2, 0]) for function in SPARSE] + [(function, SOFT) for function in DENSE]
)
def test_settings_of_the_losses(function, labels):
    says(
        "class_weights must have shape (4,), one for each class, got (3,)",
        function,
        LOGITS,
        labels,
        class_weights=[1] * 3,
    )
    says(
        "class_weights must be finite and not negative, got -1.0", function, LOGITS, labels, class_weights=[1, 1, -1, 1]
    )
    says(
        "class_weights must be finite and not negative, got nan", function, LOGITS, labels, class_weights=[1, nan, 1, 1]
    )
    says("reduction must be one of 'none', 'sum', 'mean', got 'avg'", function, LOGITS, labels, reduction="avg")


@pytest.mark.parametrize("function", SPARSE)
def test_settings_of_the_sparse_loss(function):
    says("label_smoothing must be in [0, 1], got 1.5", function, LOGITS, [2, 0], label_smoothing=1.5)
    says("label_smoothing must be in [0, 1], got -0.1", function, LOGITS, [2, 0], label_smoothing=-0.1)
    says("label_smoothing must be in [0, 1], got nan", function, LOGITS, [2, 0], label_smoothing=nan)
    says("ignore_index must be an integer, got 0.5", function, LOGITS, [2, 0], ignore_index=0.5)
    says("labels must be in [0, 4), got -1", function, LOGITS, [-100, -1], ignore_index=-100)


def test_the_row_is_named_in_a_later_block_too():
    logits = np.zeros((50, 20_000))
    logits[41, 7] = nan
    says("logits must not be NaN, got nan in row 41", core.softmax, logits)


def test_even_an_ignored_row_must_have_a_softmax():
    says("got nan", core.sparse_cross_entropy, [LOGITS[0], [nan] * 4], [0, -100], ignore_index=-100)


@pytest.mark.parametrize("function", DENSE)
def test_what_soft_labels_may_be(function):
    says("label_probs must sum to one in each row, got a sum of 0.9", function, LOGITS, [SOFT[0], [0.5, 0.4, 0, 0]])
    says("label_probs must be finite and not negative, got -0.5", function, LOGITS, [SOFT[0], [1.5, -0.5, 0, 0]])
    says("label_probs must be finite and not negative, got nan", function, LOGITS, [SOFT[0], [nan, 1, 0, 0]])
    says("label_probs must have shape (2, 4) to go with logits of shape (2, 4), got (4,)", function, LOGITS, SOFT[0])
    says("label_probs must sum to one in each row, got a sum of 2", function, LOGITS, [2, 0])
    loose = {"allow_unnormalised": True}
    assert np.isfinite(function(LOGITS, [SOFT[0], [0.5, 0.4, 0, 0]], **loose)).all()
    says(
        "label_probs must be finite and not negative, got -0.5", function, LOGITS, [SOFT[0], [1.5, -0.5, 0, 0]], **loose
    )
    says("label_probs must be finite and not negative, got inf", function, LOGITS, [SOFT[0], [inf, 0, 0, 0]], **loose)


def test_rounding_in_the_labels_is_forgiven():
    for dtype in (np.float16, np.float32, np.float64):
        rows = np.random.default_rng(0).dirichlet(np.ones(1000), 20).astype(dtype)
        assert np.isfinite(core.cross_entropy(np.zeros((20, 1000)), rows)).all()
        assert np.isfinite(core.cross_entropy(np.zeros((20, 1000), dtype), rows)).all()
    widened = np.full((1, 3), 1 / 3, np.float32).astype(np.float64)
    assert np.isfinite(core.cross_entropy(np.zeros((1, 3)), widened)).all()
    assert np.isfinite(core.cross_entropy(np.zeros((1, 3)), np.full((1, 3), 0.333333))).all()
    thirds = np.full((1, 3), 0.333333)
    says("label_probs must sum to one", core.cross_entropy, np.zeros((1, 3)), thirds - 1e-4)


@pytest.mark.parametrize(
    ("function", "labels"),
    [
        (core.sparse_cross_entropy_from_probs, [0, 0]),
        (core.sparse_cross_entropy_from_probs_grad, [0, 0]),
        (core.cross_entropy_from_probs, SOFT),
        (core.cross_entropy_from_probs_grad, SOFT),
    ],
)
def test_losses_from_probabilities(function, labels):
    says("epsilon must be positive, got 0", function, SOFT, labels, epsilon=0)
    says("epsilon must be below 0.5, got 0.5", function, SOFT, labels, epsilon=0.5)
    says("probs must be finite, got nan", function, [SOFT[0], [nan, 0, 0, 0]], labels)
    says("probs must be finite, got inf", function, [SOFT[0], [inf, 0, 0, 0]], labels)
    says("probs must not be empty, got shape (0,)", function, [], labels)


@pytest.mark.parametrize("function", [core.cross_entropy_from_probs, core.cross_entropy_from_probs_grad])
def test_dense_losses_from_probabilities(function):
    says("one_hot must have shape (2, 4) to go with probs of shape (2, 4), got (4,)", function, SOFT, SOFT[0])
    says("one_hot must sum to one in each row, got a sum of 0.5", function, SOFT, [SOFT[0], [0.5, 0, 0, 0]])
    says("probs must not sum to 0 in a row, got 0", function, [SOFT[0], [0, 0, 0, 0]], SOFT)


def test_label_forms():
    says("labels must be in [0, 3), got 3", core.one_hot, [0, 3], 3)
    says("labels must be in [0, 3), got -1", core.one_hot, -1, 3)
    says("labels must be integers, got dtype float64: [1.5]", core.one_hot, [1.5], 3)
    says("labels must not be empty, got shape (0,)", core.one_hot, np.zeros(0, int), 3)
    says("num_classes must be at least 1, got 0", core.one_hot, [0], 0)
    says("num_classes must be an integer, got 2.5", core.one_hot, [0], 2.5)
    says("num_classes must be at least 1, got 0", core.double_softmax_range, 0)
    says("label_smoothing must be in [0, 1], got 2", core.smooth_labels, [1.0, 0.0], 2)
    says("one_hot must sum to one in each row, got a sum of 2", core.smooth_labels, [1.0, 1.0], 0.1)


def test_distributions():
    says("probs must sum to one in each row, got a sum of 1.1", core.entropy, [0.5, 0.6])
    says("probs must be finite and not negative, got -0.1", core.entropy, [1.1, -0.1])
    says("probs must sum to one in each row, got a sum of 1.1", core.kl_divergence, [0.5, 0.6], [0.5, 0.5])
    says("other must sum to one in each row, got a sum of 0.9", core.kl_divergence, [0.5, 0.5], [0.5, 0.4])
    says("other must have shape (2,)", core.kl_divergence, [0.5, 0.5], [0.2, 0.3, 0.5])
    says("nats must be real numbers (floats or integers), got dtype <U3", core.perplexity, "one")
    says("nats must be real numbers (floats or integers), got dtype bool", core.bits, True)


@pytest.mark.parametrize("function", [core.sigmoid, core.log_sigmoid])
def test_sigmoid(function):
    says("logits must not be NaN, got nan", function, [0.0, nan])
    says("logits must be real numbers (floats or integers), got dtype bool", function, True)
    says("logits must not be empty, got shape (0,)", function, [])


@pytest.mark.parametrize("function", [core.sigmoid_cross_entropy, core.sigmoid_cross_entropy_grad])
def test_sigmoid_cross_entropy(function):
    says("labels must be in [0, 1], got 2.0", function, [0.0, 1.0], [0.0, 2.0])
    says("labels must be in [0, 1], got nan", function, [0.0, 1.0], [0.0, nan])
    says("labels must have shape (2,) to go with logits of shape (2,), got ()", function, [0.0, 1.0], 1.0)
    says("logits must not be NaN, got nan", function, [0.0, nan], [0.0, 1.0])


def test_dense():
    inputs, weights, biases = np.ones((2, 3)), np.ones((5, 3)), np.ones(5)
    message = "weights must have shape [num_classes, 3] to go with inputs of shape (2, 3), got (3, 5)"
    says(message, core.dense, inputs, weights.T, biases)
    says(message, core.dense_grad, inputs, weights.T, np.ones((2, 5)))
    says("weights must have shape [num_classes, 3]", core.dense, inputs, np.ones(3), biases)
    says(
        "biases must have shape (5,) to go with weights of shape (5, 3), got (3,)", core.dense, inputs, weights, [1] * 3
    )
    says("logits_grad must have shape (2, 5)", core.dense_grad, inputs, weights, np.ones((2, 3)))
    says("logits_grad must have shape (2, 5)", core.dense_grad, inputs, weights, np.ones(5))


def test_tied():
    embedding = np.ones((5, 3))
    says("token must be in [0, 5), got 5", core.tied_grad, embedding, 5, 0)
    says("token must be in [0, 5), got -1", core.tied_grad, embedding, -1, 0)
    says("labels must be in [0, 5), got 7", core.tied_grad, embedding, 0, 7)
    says("labels must have shape ()", core.tied_grad, embedding, 0, [1])
    says("embedding must have shape [num_classes, dim], got (3,)", core.tied_grad, np.ones(3), 0, 0)
    says("temperature must be positive, got 0", core.tied_grad, embedding, 0, 0, temperature=0)


def test_descend():
    says(
        "logits must be one row of shape [num_classes], got shape (2, 4)",
        core.descend,
        LOGITS,
        SOFT,
        learning_rate=1,
        num_steps=1,
    )
    settings = {"learning_rate": 1.0, "num_steps": 1}
    says("learning_rate must be positive, got 0", core.descend, LOGITS[0], SOFT[0], **{**settings, "learning_rate": 0})
    says("num_steps must be at least 0, got -1", core.descend, LOGITS[0], SOFT[0], **{**settings, "num_steps": -1})
    says("num_steps must be an integer, got 1.5", core.descend, LOGITS[0], SOFT[0], **{**settings, "num_steps": 1.5})
    says("temperature must be positive, got -1", core.descend, LOGITS[0], SOFT[0], temperature=-1, **settings)
    says(
        "label_probs must have shape (4,) to go with logits of shape (4,), got (2,)",
        core.descend,
        LOGITS[0],
        [0.5, 0.5],
        **settings,
    )
    says("label_probs must sum to one", core.descend, LOGITS[0], [1, 1, 0, 0], learning_rate=1, num_steps=0)
