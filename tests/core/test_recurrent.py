"""The LSTM and the GRU: their loops, their gradients, PyTorch's answers, and what a long walk back does."""

import math

import numpy as np
import pytest

import core
from core.recurrent import GRU, LSTM
from tests import reference

BATCH_SIZE, NUM_STEPS, DIM, UNITS = 2, 4, 3, 2
GATES = {"lstm": 4, "gru": 3}
STATES = {"lstm": 2, "gru": 1}


def problem(kind, dtype=np.float64, seed=0):
    """Inputs, parameters, a state, and what the loss asks of the answer and of the last state."""
    rng = np.random.default_rng(seed)
    rows = GATES[kind] * UNITS
    shapes = [(rows, DIM), (rows, UNITS), (rows,)] + ([(UNITS,)] if kind == "gru" else [])
    made = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    parameters = LSTM(*made) if kind == "lstm" else GRU(*made)
    inputs = rng.normal(size=(BATCH_SIZE, NUM_STEPS, DIM)).astype(dtype)
    state = tuple(rng.normal(size=(BATCH_SIZE, UNITS)).astype(dtype) for _ in range(STATES[kind]))
    hidden_grad = rng.normal(size=(BATCH_SIZE, NUM_STEPS, UNITS)).astype(dtype)
    state_grad = tuple(rng.normal(size=(BATCH_SIZE, UNITS)).astype(dtype) for _ in range(STATES[kind]))
    return inputs, parameters, state, hidden_grad, state_grad


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def loop(kind, inputs, parameters, state):
    """The equations of the docstrings, one number at a time, for one sequence."""
    hidden = list(state[0])
    cell = list(state[-1])
    answers = []
    for x in inputs:

        def from_input(row, x=x):
            return sum(w * v for w, v in zip(parameters.input_weights[row], x, strict=True)) + parameters.biases[row]

        def from_hidden(row, hidden=hidden):
            return sum(w * v for w, v in zip(parameters.hidden_weights[row], hidden, strict=True))

        new = []
        for unit in range(UNITS):
            if kind == "lstm":
                open_, forget, candidate, output = (
                    from_input(gate * UNITS + unit) + from_hidden(gate * UNITS + unit) for gate in range(4)
                )
                cell[unit] = sigmoid(forget) * cell[unit] + sigmoid(open_) * math.tanh(candidate)
                new.append(sigmoid(output) * math.tanh(cell[unit]))
            else:
                reset = sigmoid(from_input(unit) + from_hidden(unit))
                update = sigmoid(from_input(UNITS + unit) + from_hidden(UNITS + unit))
                recalled = from_hidden(2 * UNITS + unit) + parameters.hidden_biases[unit]
                candidate = math.tanh(from_input(2 * UNITS + unit) + reset * recalled)
                new.append(update * hidden[unit] + (1 - update) * candidate)
        hidden = new
        answers.append(hidden)
    return answers, (hidden, cell)[: STATES[kind]]


@pytest.mark.parametrize("kind", GATES)
def test_loops_agree(kind):
    inputs, parameters, state, _, _ = problem(kind)
    hidden, last, _ = getattr(core, kind)(inputs, parameters, state)
    for example in range(BATCH_SIZE):
        want, want_last = loop(kind, inputs[example], parameters, [part[example] for part in state])
        np.testing.assert_allclose(hidden[example], want, rtol=1e-12)
        for got_part, want_part in zip(last, want_last, strict=True):
            np.testing.assert_allclose(got_part[example], want_part, rtol=1e-12)


@pytest.mark.parametrize("kind", GATES)
def test_gradient_of_everything_by_central_differences(kind):
    inputs, parameters, state, hidden_grad, state_grad = problem(kind)
    forward, backward = getattr(core, kind), getattr(core, f"{kind}_grad")
    _, _, tape = forward(inputs, parameters, state)
    grad = backward(parameters, tape, hidden_grad, state_grad)

    def loss(inputs, parameters, state):
        hidden, last, _ = forward(inputs, parameters, state)
        return float((hidden * hidden_grad).sum() + sum((a * b).sum() for a, b in zip(last, state_grad, strict=True)))

    def check(got, array, with_array):
        want = reference.slope(lambda flat: loss(*with_array(np.reshape(flat, array.shape))), array.ravel())
        np.testing.assert_allclose(got.ravel(), want, rtol=1e-6, atol=1e-8)

    check(grad.inputs, inputs, lambda array: (array, parameters, state))
    for name, array in parameters._asdict().items():
        check(
            getattr(grad.parameters, name),
            array,
            lambda array, name=name: (inputs, parameters._replace(**{name: array}), state),
        )
    for part, array in enumerate(state):
        check(
            grad.state[part],
            array,
            lambda array, part=part: (inputs, parameters, (*state[:part], array, *state[part + 1 :])),
        )


@pytest.mark.parametrize("kind", GATES)
def test_nothing_is_changed_that_was_handed_in(kind):
    inputs, parameters, state, hidden_grad, state_grad = given = problem(kind)
    copies = problem(kind)
    _, _, tape = getattr(core, kind)(inputs, parameters, state)
    first = getattr(core, f"{kind}_grad")(parameters, tape, hidden_grad, state_grad)
    again = getattr(core, f"{kind}_grad")(parameters, tape, hidden_grad, state_grad)
    np.testing.assert_array_equal(first.inputs, again.inputs)
    for now, before in zip(flat(given), flat(copies), strict=True):
        np.testing.assert_array_equal(now, before)


def flat(arrays):
    return [array for item in arrays for array in (item if isinstance(item, tuple) else (item,))]


@pytest.mark.parametrize("kind", GATES)
def test_a_sequence_in_two_parts_is_the_same_sequence(kind):
    inputs, parameters, state, _, _ = problem(kind)
    forward = getattr(core, kind)
    whole, end, _ = forward(inputs, parameters, state)
    first, between, _ = forward(inputs[:, :3], parameters, state)
    second, last, _ = forward(inputs[:, 3:], parameters, between)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, rtol=1e-12)
    for a, b in zip(end, last, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("kind", GATES)
def test_no_state_is_zeros(kind):
    inputs, parameters, state, hidden_grad, state_grad = problem(kind)
    forward, backward = getattr(core, kind), getattr(core, f"{kind}_grad")
    zeros = tuple(np.zeros_like(part) for part in state)
    hidden, _, tape = forward(inputs, parameters)
    np.testing.assert_array_equal(hidden, forward(inputs, parameters, zeros)[0])
    got = backward(parameters, tape, hidden_grad)
    want = backward(parameters, tape, hidden_grad, tuple(np.zeros_like(part) for part in state_grad))
    np.testing.assert_array_equal(got.inputs, want.inputs)


@pytest.mark.parametrize("kind", GATES)
def test_float32_stays_float32_and_huge_numbers_stay_finite(kind):
    inputs, parameters, state, hidden_grad, _ = problem(kind, np.float32)
    with np.errstate(over="raise", invalid="raise"):
        hidden, last, tape = getattr(core, kind)(inputs * np.float32(1e6), parameters, state)
        grad = getattr(core, f"{kind}_grad")(parameters, tape, hidden_grad)
    for array in (hidden, *last, grad.inputs, *grad.parameters, *grad.state):
        assert array.dtype == np.float32
        assert np.isfinite(array).all()


@pytest.mark.parametrize("kind", GATES)
def test_torch_agrees(kind):
    torch = pytest.importorskip("torch")
    inputs, parameters, state, hidden_grad, state_grad = problem(kind)
    layer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[kind](DIM, UNITS, batch_first=True, dtype=torch.float64)
    second_biases = np.zeros(GATES[kind] * UNITS)  # torch has two of each; of these only the GRU candidate's matters
    if kind == "gru":
        second_biases[-UNITS:] = parameters.hidden_biases
    with torch.no_grad():
        for ours, theirs in zip((*parameters[:3], second_biases), layer.parameters(), strict=True):
            theirs.copy_(torch.tensor(ours))
    their_inputs = torch.tensor(inputs, requires_grad=True)
    their_state = [torch.tensor(part[None], requires_grad=True) for part in state]
    their_hidden, their_last = layer(their_inputs, tuple(their_state) if kind == "lstm" else their_state[0])
    their_last = their_last if kind == "lstm" else (their_last,)
    loss = (their_hidden * torch.tensor(hidden_grad)).sum()
    loss = loss + sum((part * torch.tensor(grad)).sum() for part, grad in zip(their_last, state_grad, strict=True))
    loss.backward()

    hidden, last, tape = getattr(core, kind)(inputs, parameters, state)
    grad = getattr(core, f"{kind}_grad")(parameters, tape, hidden_grad, state_grad)
    same = {"rtol": 1e-10, "atol": 1e-12}
    np.testing.assert_allclose(hidden, their_hidden.detach(), **same)
    for ours, theirs in zip(last, their_last, strict=True):
        np.testing.assert_allclose(ours, theirs.detach()[0], **same)
    np.testing.assert_allclose(grad.inputs, their_inputs.grad, **same)
    for ours, theirs in zip(grad.parameters[:3], layer.parameters(), strict=False):
        np.testing.assert_allclose(ours, theirs.grad, **same)
    for ours, theirs in zip(grad.state, their_state, strict=True):
        np.testing.assert_allclose(ours, theirs.grad[0], **same)
    if kind == "gru":
        np.testing.assert_allclose(grad.parameters.hidden_biases, layer.bias_hh_l0.grad[-UNITS:], **same)


def test_along_the_cell_the_gradient_is_only_multiplied_by_the_forget_gate():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(4 * UNITS, DIM)), np.zeros((4 * UNITS, UNITS))
    for forget_bias in (-1.0, 0.0, 3.0):
        biases = np.repeat([0.0, forget_bias, 0.0, 0.0], UNITS)
        inputs = np.zeros((1, 10, DIM))
        hidden, _, tape = core.lstm(inputs, LSTM(*weights, biases))
        grad = core.lstm_grad(
            LSTM(*weights, biases), tape, np.zeros_like(hidden), (np.zeros((1, UNITS)), np.ones((1, UNITS)))
        )
        np.testing.assert_allclose(grad.state[1], sigmoid(forget_bias) ** 10, rtol=1e-12)


# Clipping


def test_clipping_keeps_the_direction_and_leaves_short_gradients_alone():
    rng = np.random.default_rng(0)
    grads = {"a": rng.normal(size=(3, 4)), "b": rng.normal(size=5)}
    flat = np.concatenate([grad.ravel() for grad in grads.values()])
    for max_norm in (0.1, 1.0, 100.0):
        clipped, norm = core.clip_by_global_norm(grads, max_norm)
        assert norm == pytest.approx(np.linalg.norm(flat))
        got = np.concatenate([clipped[name].ravel() for name in grads])
        assert np.linalg.norm(got) == pytest.approx(min(norm, max_norm))
        np.testing.assert_allclose(got / np.linalg.norm(got), flat / norm)
    zero, norm = core.clip_by_global_norm({"a": np.zeros(3)}, 1.0)
    assert norm == 0
    np.testing.assert_array_equal(zero["a"], 0)


def test_torch_clips_to_the_same_length():
    torch = pytest.importorskip("torch")
    grads = {"a": np.array([3.0, -20.0]), "b": np.array([[7.0]])}
    parameters = [torch.nn.Parameter(torch.zeros(grad.shape, dtype=torch.float64)) for grad in grads.values()]
    for parameter, grad in zip(parameters, grads.values(), strict=True):
        parameter.grad = torch.tensor(grad)
    their_norm = torch.nn.utils.clip_grad_norm_(parameters, 2.0)
    clipped, norm = core.clip_by_global_norm(grads, 2.0)
    assert norm == pytest.approx(float(their_norm))
    for parameter, ours in zip(parameters, clipped.values(), strict=True):
        np.testing.assert_allclose(parameter.grad, ours, rtol=1e-6)


# Bad input


@pytest.mark.parametrize("kind", GATES)
def test_wrong_shapes_are_named(kind):
    inputs, parameters, state, hidden_grad, state_grad = problem(kind)
    forward, backward = getattr(core, kind), getattr(core, f"{kind}_grad")
    with pytest.raises(ValueError, match=r"inputs must be \[batch_size, num_steps, dim\].*\(4, 3\)"):
        forward(inputs[0], parameters)
    with pytest.raises(ValueError, match=r"input_weights must have shape .*inputs of shape \(2, 4, 2\)"):
        forward(inputs[..., :2], parameters)
    with pytest.raises(ValueError, match=r"biases must have shape"):
        forward(inputs, parameters._replace(biases=np.zeros(3)))
    with pytest.raises(ValueError, match=r"state must be \(hidden.*\(2, 2\), got \[\(1, 2\)"):
        forward(inputs, parameters, tuple(part[:1] for part in state))
    _, _, tape = forward(inputs, parameters, state)
    with pytest.raises(ValueError, match=r"hidden_grad must have shape \(2, 4, 2\), got \(2, 3, 2\)"):
        backward(parameters, tape, hidden_grad[:, 1:])
    with pytest.raises(ValueError, match="state_grad must be"):
        backward(parameters, tape, hidden_grad, state_grad * 2)


def test_clipping_refuses_what_it_cannot_clip():
    with pytest.raises(ValueError, match="max_norm must be positive, got 0"):
        core.clip_by_global_norm({"a": np.ones(2)}, 0)
    with pytest.raises(ValueError, match="grads must be finite, got a norm of nan"):
        core.clip_by_global_norm({"a": np.array([np.nan])}, 1)
