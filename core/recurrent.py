"""Layers that remember: the LSTM and the GRU, forward and back through time.

Both read a sequence one step at a time and carry a state from each step to the next. Their gradient walks the same
steps backwards, and at each one adds what comes from above (this step's own loss) to what comes from the right (all
later losses, through the state). That sum is all there is to back-propagation through time.

Read `lstm` and `lstm_grad`, then `gru` and `gru_grad`, which are the same with one gate less, then
`clip_by_global_norm`, which keeps a walk of many steps from ending in a leap.

Inputs are [batch_size, num_steps, dim]. Inside, time comes first, so that what one step needs lies side by side. What
does not depend on the previous step (the products with the inputs, the gradients of the weights) is one matrix product
for all steps; only what does is in the loop.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from core import checks
from core.checks import Floats

LSTM_GATES = (0.5, 0.5, 1.0, 0.5)
GRU_GATES = (0.5, 0.5, 1.0)
"""Which gates are sigmoids and which a tanh, as `_squash` wants it told."""


class LSTM(NamedTuple):
    """The parameters of an LSTM, or their gradient; gates in the order input, forget, candidate, output."""

    input_weights: Floats
    """[4 · units, dim]"""
    hidden_weights: Floats
    """[4 · units, units]"""
    biases: Floats
    """[4 · units]"""


class LSTMTape(NamedTuple):
    """What the way forward leaves for the way back, time first; `gates` after their sigmoid or tanh."""

    inputs: Floats
    """[num_steps, batch_size, dim]"""
    gates: Floats
    """[num_steps, batch_size, 4 · units]"""
    hidden: Floats
    """Before the first step and after each, [num_steps + 1, batch_size, units]"""
    cells: Floats
    """Before the first step and after each, [num_steps + 1, batch_size, units]"""


class LSTMGrad(NamedTuple):
    """The gradient with respect to each argument of `lstm`, each of its shape."""

    inputs: Floats
    parameters: LSTM
    state: tuple[Floats, Floats]


def lstm(
    inputs: Floats, parameters: LSTM, state: tuple[Floats, Floats] | None = None
) -> tuple[Floats, tuple[Floats, Floats], LSTMTape]:
    """Long short-term memory: a cell that is added to, and gates that say how much.

        cell   = forget · cell + input · candidate
        hidden = output · tanh(cell)

    The three gates are sigmoids and the candidate a tanh of `input_weights @ x + hidden_weights @ hidden + biases`.
    The cell is the point: along it a gradient is only multiplied by `forget`, step after step, so that with a forget
    gate near 1 it neither vanishes nor explodes. (Hence biases of 1 for the forget gate at the start.)

    Args:
        inputs: [batch_size, num_steps, dim], of the dtype of the parameters.
        parameters: LSTM(input_weights [4 · units, dim], hidden_weights [4 · units, units], biases [4 · units]).
        state: (hidden, cell) before the first step, each [batch_size, units]; None is zeros.

    Returns:
        hidden: after each step, [batch_size, num_steps, units].
        state: (hidden, cell) after the last, for the next call.
        tape: what `lstm_grad` needs.

    Raises:
        ValueError: shapes do not fit.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> parameters = LSTM(rng.normal(size=(8, 3)), rng.normal(size=(8, 2)), np.zeros(8))
        >>> inputs = rng.normal(size=(1, 5, 3))
        >>> hidden, _, _ = lstm(inputs, parameters)
        >>> first, state, _ = lstm(inputs[:, :2], parameters)  # a sequence in two parts is the same sequence
        >>> rest, _, _ = lstm(inputs[:, 2:], parameters, state)
        >>> bool(np.allclose(hidden, np.concatenate([first, rest], axis=1)))
        True

    Source: Hochreiter and Schmidhuber 1997; the forget gate: Gers et al. 2000. Gates ordered as in PyTorch and Keras.
    """
    from_inputs, units = _from_inputs(inputs, parameters, num_gates=4)
    num_steps, batch_size, _ = from_inputs.shape
    hidden = np.empty((num_steps + 1, batch_size, units), from_inputs.dtype)
    cells = np.empty_like(hidden)
    hidden[0], cells[0] = _start(state, hidden[0].shape, ("hidden", "cell"))
    gates = from_inputs  # filled in, one step after the other
    steepness = _steepness(units, LSTM_GATES, gates.dtype)
    to_gates = np.ascontiguousarray(parameters.hidden_weights.T)
    for step in range(num_steps):
        gates[step] += hidden[step] @ to_gates
        _squash(gates[step], steepness)
        open_, forget, candidate, output = _parts(gates[step], units)
        cells[step + 1] = forget * cells[step] + open_ * candidate
        hidden[step + 1] = output * np.tanh(cells[step + 1])
    tape = LSTMTape(inputs.swapaxes(0, 1), gates, hidden, cells)
    return hidden[1:].swapaxes(0, 1), (hidden[-1].copy(), cells[-1].copy()), tape


def lstm_grad(
    parameters: LSTM, tape: LSTMTape, hidden_grad: Floats, state_grad: tuple[Floats, Floats] | None = None
) -> LSTMGrad:
    """Back through the steps of `lstm`, from the last to the first.

    Two gradients travel from right to left, that of the hidden vector and that of the cell. At each step the hidden
    one is joined by what this step's own loss asks for. Training cuts a long text into windows and starts each with a
    `state_grad` of zero: the state goes on from window to window, the gradient does not (truncated back-propagation).

    Args:
        parameters: as they were in `lstm`.
        tape: what `lstm` returned.
        hidden_grad: with respect to the hidden vectors after each step, [batch_size, num_steps, units].
        state_grad: with respect to the state after the last step, each [batch_size, units]; None is zeros.

    Returns:
        LSTMGrad(inputs [batch_size, num_steps, dim], parameters, state: before the first step).

    Raises:
        ValueError: shapes do not fit.

    Example:
        >>> for forget_bias in (0.0, 1.0, 10.0):  # how much of the last loss's gradient reaches the first of 20 inputs
        ...     biases = np.array([0.0, forget_bias, 0.0, 0.0])
        ...     parameters = LSTM(np.full((4, 1), 0.1), np.zeros((4, 1)), biases)
        ...     hidden, _, tape = lstm(np.ones((1, 20, 1)), parameters)
        ...     only_last = np.zeros_like(hidden)
        ...     only_last[:, -1] = 1.0
        ...     inputs_grad = lstm_grad(parameters, tape, only_last).inputs.ravel()
        ...     print(forget_bias, f"{inputs_grad[0] / inputs_grad[-1]:.2g}")
        0.0 4.2e-06
        1.0 0.0034
        10.0 0.36

    Source: Werbos 1990, "Backpropagation through time"; Graves 2012, section 4.6.
    """
    num_steps, batch_size, units = tape.cells[1:].shape
    above = _above(hidden_grad, (batch_size, num_steps, units))
    hidden_back, cell_back = _start(state_grad, (batch_size, units), ("hidden", "cell"), "state_grad")
    tanh_cells = np.tanh(tape.cells[1:])
    slopes = _slopes(tape.gates, _steepness(units, LSTM_GATES, tape.gates.dtype))
    gates_grad = np.empty_like(tape.gates)
    for step in reversed(range(num_steps)):
        open_, forget, candidate, output = _parts(tape.gates[step], units)
        to_open, to_forget, to_candidate, to_output = _parts(gates_grad[step], units)
        hidden_back = hidden_back + above[step]
        cell_back = cell_back + hidden_back * output * (1 - tanh_cells[step] ** 2)
        to_open[:] = cell_back * candidate
        to_forget[:] = cell_back * tape.cells[step]
        to_candidate[:] = cell_back * open_
        to_output[:] = hidden_back * tanh_cells[step]
        gates_grad[step] *= slopes[step]
        hidden_back = gates_grad[step] @ parameters.hidden_weights
        cell_back = cell_back * forget
    return LSTMGrad(
        inputs=_times(gates_grad, parameters.input_weights).swapaxes(0, 1),
        parameters=LSTM(
            _outer(gates_grad, tape.inputs), _outer(gates_grad, tape.hidden[:-1]), gates_grad.sum(axis=(0, 1))
        ),
        state=(hidden_back, cell_back),
    )


class GRU(NamedTuple):
    """The parameters of a GRU, or their gradient; gates in the order reset, update, candidate."""

    input_weights: Floats
    """[3 · units, dim]"""
    hidden_weights: Floats
    """[3 · units, units]"""
    biases: Floats
    """[3 · units]"""
    hidden_biases: Floats
    """Of the candidate's product with the hidden vector, inside the reset, [units]"""


class GRUTape(NamedTuple):
    """What the way forward leaves for the way back, time first; `gates` after their sigmoid or tanh."""

    inputs: Floats
    """[num_steps, batch_size, dim]"""
    gates: Floats
    """[num_steps, batch_size, 3 · units]"""
    recalled: Floats
    """What the reset gate let through or not: the candidate's product with the hidden vector,
    [num_steps, batch_size, units]"""
    hidden: Floats
    """Before the first step and after each, [num_steps + 1, batch_size, units]"""


class GRUGrad(NamedTuple):
    """The gradient with respect to each argument of `gru`, each of its shape."""

    inputs: Floats
    parameters: GRU
    state: tuple[Floats]


def gru(inputs: Floats, parameters: GRU, state: tuple[Floats] | None = None) -> tuple[Floats, tuple[Floats], GRUTape]:
    """Gated recurrent unit: one vector for both memory and answer, one gate less than an LSTM.

        candidate = tanh(input_weights @ x + biases + reset · (hidden_weights @ hidden + hidden_biases))
        hidden    = update · hidden + (1 - update) · candidate

    `update` is forget and input gate in one: what is not kept is replaced. (It is 1 - update in the paper.)

    Args:
        inputs: [batch_size, num_steps, dim], of the dtype of the parameters.
        parameters: GRU(input_weights [3 · units, dim], hidden_weights [3 · units, units], biases [3 · units],
            hidden_biases [units]).
        state: (hidden,) before the first step, [batch_size, units]; None is zeros.

    Returns:
        hidden: after each step, [batch_size, num_steps, units].
        state: (hidden,) after the last, for the next call.
        tape: what `gru_grad` needs.

    Raises:
        ValueError: shapes do not fit.

    Example:
        >>> keep = GRU(np.zeros((3, 1)), np.zeros((3, 1)), np.array([0.0, 50.0, 0.0]), np.zeros(1))
        >>> gru(np.ones((1, 4, 1)), keep, (np.array([[0.7]]),))[0].ravel()  # an update gate of 1 never forgets
        array([0.7, 0.7, 0.7, 0.7])

    Source: Cho et al. 2014, equations 5-8, with the reset after the product, as PyTorch, Keras and cuDNN have it.
    """
    from_inputs, units = _from_inputs(inputs, parameters, num_gates=3)
    num_steps, batch_size, _ = from_inputs.shape
    hidden = np.empty((num_steps + 1, batch_size, units), from_inputs.dtype)
    (hidden[0],) = _start(state, hidden[0].shape, ("hidden",))
    recalled = np.empty_like(hidden[1:])
    gates = from_inputs  # filled in, one step after the other
    steepness = _steepness(units, GRU_GATES, gates.dtype)
    to_gates = np.ascontiguousarray(parameters.hidden_weights.T)
    for step in range(num_steps):
        from_hidden = hidden[step] @ to_gates
        recalled[step] = from_hidden[:, 2 * units :] + parameters.hidden_biases
        gates[step, :, : 2 * units] += from_hidden[:, : 2 * units]
        reset, update, candidate = _parts(gates[step], units)
        _squash(gates[step, :, : 2 * units], steepness[: 2 * units])
        candidate += reset * recalled[step]
        np.tanh(candidate, out=candidate)
        hidden[step + 1] = candidate + update * (hidden[step] - candidate)
    return hidden[1:].swapaxes(0, 1), (hidden[-1].copy(),), GRUTape(inputs.swapaxes(0, 1), gates, recalled, hidden)


def gru_grad(parameters: GRU, tape: GRUTape, hidden_grad: Floats, state_grad: tuple[Floats] | None = None) -> GRUGrad:
    """Back through the steps of `gru`, from the last to the first.

    As in `lstm_grad`, but a single gradient travels from right to left, and on two roads: straight, times `update`,
    and through the gates.

    Args:
        parameters: as they were in `gru`.
        tape: what `gru` returned.
        hidden_grad: with respect to the hidden vectors after each step, [batch_size, num_steps, units].
        state_grad: with respect to the state after the last step, ([batch_size, units],); None is zeros.

    Returns:
        GRUGrad(inputs [batch_size, num_steps, dim], parameters, state: before the first step).

    Raises:
        ValueError: shapes do not fit.

    Example:
        >>> keep = GRU(np.zeros((3, 1)), np.zeros((3, 1)), np.array([0.0, 50.0, 0.0]), np.zeros(1))
        >>> hidden, _, tape = gru(np.ones((1, 100, 1)), keep)
        >>> only_last = np.zeros_like(hidden)
        >>> only_last[:, -1] = 1.0
        >>> gru_grad(keep, tape, only_last).state  # what is never forgotten is never out of the gradient's reach
        (array([[1.]]),)

    Source: Werbos 1990, "Backpropagation through time", on the equations of `gru`.
    """
    num_steps, batch_size, units = tape.recalled.shape
    above = _above(hidden_grad, (batch_size, num_steps, units))
    (hidden_back,) = _start(state_grad, (batch_size, units), ("hidden",), "state_grad")
    slopes = _slopes(tape.gates, _steepness(units, GRU_GATES, tape.gates.dtype))
    gates_grad = np.empty_like(tape.gates)
    from_hidden_grad = np.empty_like(tape.gates)  # the same, but for the candidate's, which passes the reset gate
    for step in reversed(range(num_steps)):
        reset, update, candidate = _parts(tape.gates[step], units)
        to_reset, to_update, to_candidate = _parts(gates_grad[step], units)
        hidden_back = hidden_back + above[step]
        to_candidate[:] = hidden_back * (1 - update) * _parts(slopes[step], units)[2]
        to_reset[:] = to_candidate * tape.recalled[step]
        to_update[:] = hidden_back * (tape.hidden[step] - candidate)
        gates_grad[step, :, : 2 * units] *= slopes[step, :, : 2 * units]
        from_hidden_grad[step] = gates_grad[step]
        _parts(from_hidden_grad[step], units)[2][:] *= reset
        hidden_back = hidden_back * update + from_hidden_grad[step] @ parameters.hidden_weights
    return GRUGrad(
        inputs=_times(gates_grad, parameters.input_weights).swapaxes(0, 1),
        parameters=GRU(
            _outer(gates_grad, tape.inputs),
            _outer(from_hidden_grad, tape.hidden[:-1]),
            gates_grad.sum(axis=(0, 1)),
            _parts(from_hidden_grad, units)[2].sum(axis=(0, 1)),
        ),
        state=(hidden_back,),
    )


def clip_by_global_norm(grads: Mapping[str, Floats], max_norm: float) -> tuple[dict[str, Floats], float]:
    """Shorten the whole gradient, all arrays together, to a length of at most `max_norm`.

    Its direction stays. (Clipping each number, or each array by itself, would turn it.) A recurrent net multiplies
    gradients step after step, and now and then one batch has one of a hundred times the usual length: one such step
    undoes an epoch.

    Args:
        grads: arrays of any shapes, by name.
        max_norm: the length allowed; positive.

    Returns:
        The gradients, times min(1, max_norm / norm), and the norm before: the square root of the sum of all squares.

    Raises:
        ValueError: max_norm is not positive, or the norm is not finite: a NaN would spread to every parameter.

    Example:
        >>> clip_by_global_norm({"weights": np.array([[3.0, 0.0]]), "biases": np.array([4.0])}, max_norm=1.0)
        ({'weights': array([[0.6, 0. ]]), 'biases': array([0.8])}, 5.0)

    Source: Pascanu et al. 2013, algorithm 1. TensorFlow's `clip_by_global_norm`, and PyTorch's `clip_grad_norm_` but
    for the 1e-6 which that adds to the norm.
    """
    max_norm = checks.positive("max_norm", max_norm)
    norm = math.sqrt(sum(float(np.vdot(grad, grad)) for grad in grads.values()))
    if not math.isfinite(norm):
        raise ValueError(f"grads must be finite, got a norm of {norm}: lower the learning rate")
    scale = min(1.0, max_norm / norm) if norm else 1.0
    return {name: grad * scale for name, grad in grads.items()}, norm


def _from_inputs(inputs: Floats, parameters: LSTM | GRU, num_gates: int) -> tuple[Floats, int]:
    """input_weights @ x + biases for all steps at once, [num_steps, batch_size, gates · units], and the units."""
    units = parameters.hidden_weights.shape[-1]
    if inputs.ndim != 3 or inputs.size == 0:
        raise ValueError(f"inputs must be [batch_size, num_steps, dim] and not empty, got shape {inputs.shape}")
    wanted = {
        "input_weights": (num_gates * units, inputs.shape[-1]),
        "hidden_weights": (num_gates * units, units),
        "biases": (num_gates * units,),
        "hidden_biases": (units,),
    }
    for name, array in parameters._asdict().items():
        if array.shape != wanted[name]:
            raise ValueError(
                f"{name} must have shape {wanted[name]} to go with {units} units and inputs of shape {inputs.shape},"
                f" got {array.shape}"
            )
    from_inputs = _times(inputs.swapaxes(0, 1), parameters.input_weights.T)
    from_inputs += parameters.biases
    return from_inputs, units


def _start(
    state: tuple[Floats, ...] | None, shape: tuple[int, ...], names: tuple[str, ...], argument: str = "state"
) -> tuple[Floats, ...]:
    """The state that is given, each part [batch_size, units], or zeros."""
    if state is None:
        return tuple(np.zeros(shape, np.float32) for _ in names)
    shapes = [part.shape for part in state]
    if shapes != [shape] * len(names):
        raise ValueError(f"{argument} must be ({', '.join(names)}), each of shape {shape}, got {shapes}")
    return state


def _above(hidden_grad: Floats, shape: tuple[int, ...]) -> Floats:
    if hidden_grad.shape != shape:
        raise ValueError(f"hidden_grad must have shape {shape}, got {hidden_grad.shape}")
    return hidden_grad.swapaxes(0, 1)


def _parts(gates: Floats, units: int) -> list[Floats]:
    """The gates one by one, views of [..., units] each."""
    return [gates[..., start : start + units] for start in range(0, gates.shape[-1], units)]


def _steepness(units: int, gates: tuple[float, ...], dtype: np.dtype[Any]) -> Floats:
    """Gate by gate 1/2 for a sigmoid and 1 for a tanh, [gates · units]."""
    return np.repeat(np.array(gates, dtype), units)


def _squash(logits: Floats, steepness: Floats) -> None:
    """Sigmoid or tanh, in place: s tanh(s z) + 1 - s.

    With s = 1 it is tanh(z), with s = 1/2 it is (1 + tanh(z/2)) / 2 = 1 / (1 + exp(-z)): one function for all gates,
    all at once, and none that overflows.
    """
    logits *= steepness
    np.tanh(logits, out=logits)
    logits *= steepness
    logits += 1 - steepness


def _slopes(gates: Floats, steepness: Floats) -> Floats:
    """The derivative of `_squash`, from what came out: 1 - t² for a tanh t, 1/4 - (p - 1/2)² = p (1 - p) for p."""
    slopes = gates - (1 - steepness)
    slopes *= slopes
    np.subtract(steepness**2, slopes, out=slopes)
    return slopes


def _times(rows: Floats, weights: Floats) -> Floats:
    """All steps and examples at once as one product of matrices, [num_steps, batch_size, ...]."""
    flat = rows.reshape(-1, rows.shape[-1]) @ weights
    return flat.reshape(*rows.shape[:-1], -1)


def _outer(grad: Floats, inputs: Floats) -> Floats:
    """The gradient of weights [rows, dim]: over all steps and examples, the sum of grad times input."""
    flat: Floats = grad.reshape(-1, grad.shape[-1]).T @ inputs.reshape(-1, inputs.shape[-1])
    return flat
