"""A ladder of models that guess the next character of a tune: all that changes is what they remember.

All of them end alike. Features of the text so far, [batch_size, num_steps, dim], go through one dense layer to logits,
[batch_size, num_steps, num_classes], and each label, the character that came next, picks its term of the loss.

    bigram  the character itself, one-hot: a row of logits for each
    mlp     the last 12 characters, embedded, through one hidden layer
    lstm    all characters so far, folded into a cell and a hidden vector
    gru     the same with one gate less

    python -m core.next_character --help

trains one and prints a JSON line every half second. Read `Model`, the four pairs of functions that make features, then
`train`, which is the whole of training: windows of text, loss, gradient, clipping, Adam.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from core import checks
from core.adam import Adam, adam_init, adam_update
from core.checks import Floats, Ints
from core.choosing import generate
from core.cross_entropy import sparse_cross_entropy, sparse_cross_entropy_with_grad
from core.dense import dense, dense_grad
from core.recurrent import GRU, LSTM, clip_by_global_norm, gru, gru_grad, lstm, lstm_grad

MODELS = ("bigram", "mlp", "lstm", "gru")

CONTEXT = 12
"""How many characters the MLP sees, the current one among them."""
EMBEDDING_DIM = {"mlp": 16, "lstm": 64, "gru": 64}
UNITS = {"mlp": 128, "lstm": 96, "gru": 96}

TEXT = Path(__file__).parents[1] / "data" / "tunes" / "irish.abc"
PROMPT = "\n\nX:1\nT:Reel\nZ: id:dc-reel-1\nM:C\nL:1/8\nK:D Major\n"
"""An empty line and a full header: the model was never shown the middle of nowhere."""
END = "\n\n"
"""What ends a tune."""

Parameters = dict[str, Floats]
State = tuple[npt.NDArray[Any], ...]
"""What a model carries from one call to the next, each array [batch_size, ...]; () if it carries nothing."""


class Recipe(NamedTuple):
    """How a model is trained unless told otherwise, and how often it reports: every half second or so, or sooner."""

    num_steps: int
    learning_rate: float
    report_every: int


RECIPES = {
    "bigram": Recipe(600, 0.05, 100),
    "mlp": Recipe(600, 0.03, 50),
    "lstm": Recipe(1_600, 0.02, 50),
    "gru": Recipe(1_600, 0.02, 50),
}


@dataclass(frozen=True)
class Model:
    """One rung of the ladder: its name and its parameters, by name."""

    name: str
    parameters: Parameters

    @property
    def num_classes(self) -> int:
        """How many different characters there are."""
        return len(self.parameters["output_weights"])

    @property
    def num_parameters(self) -> int:
        """How many numbers were learnt."""
        return sum(array.size for array in self.parameters.values())

    def logits(self, ids: npt.ArrayLike, state: State | None = None) -> tuple[Floats, State]:
        """The logits of the character after each one.

        A text in two calls, the second with the state of the first, gives the logits of the text in one call. So text
        can be made one character at a time.

        Args:
            ids: characters, [batch_size, num_steps].
            state: what an earlier call returned; None is the beginning of a text.

        Returns:
            logits: [batch_size, num_steps, num_classes], float32.
            state: for the characters that follow.

        Raises:
            ValueError: ids are no ids, or the state is not of this model and batch.

        Example:
            >>> model = init("lstm", 83, seed=0)
            >>> logits, state = model.logits([[5, 6, 7], [8, 9, 10]])
            >>> logits.shape, [part.shape for part in state]
            ((2, 3, 83), [(2, 96), (2, 96)])
            >>> after, _ = model.logits([[6], [9]], state)
            >>> bool(np.allclose(after[:, 0], model.logits([[5, 6, 7, 6], [8, 9, 10, 9]])[0][:, 3], atol=1e-6))
            True
        """
        features, state, _ = FEATURES[self.name].forward(self.parameters, self._checked(ids), state)
        return dense(features, self.parameters["output_weights"], self.parameters["output_biases"]), state

    def loss_and_grads(
        self, ids: npt.ArrayLike, labels: npt.ArrayLike, state: State | None = None
    ) -> tuple[float, Parameters, State]:
        """The mean loss of a batch and its gradient: forward, the loss, and the same way back.

        Args:
            ids: characters, [batch_size, num_steps].
            labels: what came after each, [batch_size, num_steps]: the ids, shifted by one.
            state: as in `logits`; no gradient goes into it.

        Returns:
            loss: in nats a character.
            grads: for each of the parameters.
            state: for the characters that follow.
        """
        features, state, tape = FEATURES[self.name].forward(self.parameters, self._checked(ids), state)
        weights = self.parameters["output_weights"]
        logits = dense(features, weights, self.parameters["output_biases"])
        loss, logits_grad = sparse_cross_entropy_with_grad(logits, labels, reduction="mean")
        grad = dense_grad(features, weights, logits_grad)
        grads = FEATURES[self.name].backward(self.parameters, tape, grad.inputs)
        return float(loss), grads | {"output_weights": grad.weights, "output_biases": grad.biases}, state

    def save(self, path: str | Path) -> None:
        """Write the weights in float16, half the bytes; the loss does not notice (a test says so)."""
        halves = {name: array.astype(np.float16) for name, array in self.parameters.items()}
        np.savez_compressed(path, name=np.array(self.name), **halves)  # type: ignore[arg-type]

    def _checked(self, ids: npt.ArrayLike) -> Ints:
        array = checks.integers("ids", ids)
        if array.ndim != 2:
            raise ValueError(f"ids must be [batch_size, num_steps], got shape {array.shape}")
        checks.class_ids("ids", array, self.num_classes)
        return array


def init(name: str, num_classes: int, seed: int) -> Model:
    """An untrained model. Its loss is ln num_classes, as its output weights are small: it knows that it knows nothing.

    Args:
        name: one of MODELS.
        num_classes: how many different characters there are.
        seed: of the random parameters.

    Returns:
        Model, float32.

    Raises:
        ValueError: there is no such model.

    Example:
        >>> for name in MODELS:
        ...     print(name, init(name, 83, seed=0).num_parameters)
        bigram 6972
        mlp 36739
        lstm 75187
        gru 59827
    """
    if name not in MODELS:
        raise ValueError(f"name must be one of {', '.join(MODELS)}, got {name!r}")
    num_classes = checks.count("num_classes", num_classes, at_least=2)
    rng = np.random.default_rng(seed)

    def weights(rows: int, dim: int, scale: float = 1.0) -> Floats:
        return rng.normal(0, scale * dim**-0.5, (rows, dim)).astype(np.float32)

    parameters: Parameters = {}
    dim = num_classes
    if name != "bigram":
        embedding_dim, dim = EMBEDDING_DIM[name], UNITS[name]
        num_gates = {"mlp": 1, "lstm": 4, "gru": 3}[name]
        parameters["embedding"] = rng.normal(0, 0.5, (num_classes, embedding_dim)).astype(np.float32)
        parameters["input_weights"] = weights(num_gates * dim, embedding_dim * (CONTEXT if name == "mlp" else 1))
        if name != "mlp":
            parameters["hidden_weights"] = weights(num_gates * dim, dim)
        parameters["biases"] = np.zeros(num_gates * dim, np.float32)
        if name == "lstm":
            parameters["biases"][dim : 2 * dim] = 1  # remember, until taught to forget
        if name == "gru":
            parameters["hidden_biases"] = np.zeros(dim, np.float32)
    parameters["output_weights"] = weights(num_classes, dim, scale=0.1)
    parameters["output_biases"] = np.zeros(num_classes, np.float32)
    return Model(name, parameters)


def load(path: str | Path) -> Model:
    """Read what `Model.save` wrote; float32.

    Raises:
        ValueError: the file holds no model.
    """
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    if "name" not in arrays:
        raise ValueError(f"path must be a file written by Model.save, got {path}")
    name = str(arrays.pop("name"))
    return Model(name, {key: array.astype(np.float32) for key, array in arrays.items()})


# Features: each pair of functions goes from ids to features, and from their gradient back to that of the parameters.


def one_hot_features(parameters: Parameters, ids: Ints, state: State | None) -> tuple[Floats, State, Any]:
    """Bigram: the character itself. Nothing is learnt here, all is in the dense layer: softmax regression."""
    return np.eye(len(parameters["output_weights"]), dtype=np.float32)[ids], (), None


def one_hot_features_grad(parameters: Parameters, tape: Any, grad: Floats) -> Parameters:
    """No parameters, no gradient."""
    return {}


def window_features(parameters: Parameters, ids: Ints, state: State | None) -> tuple[Floats, State, Any]:
    """MLP: the last CONTEXT characters, embedded side by side, and one tanh layer on top.

    The state is the CONTEXT - 1 characters before; at the beginning of a text that is id 0, a line break, repeated.
    """
    batch_size, num_steps = ids.shape
    (before,) = state or (np.zeros((batch_size, CONTEXT - 1), ids.dtype),)
    longer = np.concatenate([before, ids], axis=1)
    seen = np.lib.stride_tricks.sliding_window_view(longer, CONTEXT, axis=1)  # [batch_size, num_steps, CONTEXT]
    inputs = parameters["embedding"][seen].reshape(batch_size, num_steps, -1)
    hidden = np.tanh(dense(inputs, parameters["input_weights"], parameters["biases"]))
    return hidden, (longer[:, num_steps:],), (seen, inputs, hidden)


def window_features_grad(parameters: Parameters, tape: Any, grad: Floats) -> Parameters:
    """Back through the tanh, the layer, and to each embedding that was looked up."""
    seen, inputs, hidden = tape
    layer = dense_grad(inputs, parameters["input_weights"], grad * (1 - hidden**2))
    return {
        "embedding": _embedding_grad(parameters["embedding"], seen, layer.inputs),
        "input_weights": layer.weights,
        "biases": layer.biases,
    }


def recurrent_features(parameters: Parameters, ids: Ints, state: State | None) -> tuple[Floats, State, Any]:
    """LSTM or GRU: everything so far, as its hidden vector."""
    layer, forward, _ = _layer(parameters)
    hidden, new_state, tape = forward(parameters["embedding"][ids], layer, state)
    return hidden, new_state, (ids, tape)


def recurrent_features_grad(parameters: Parameters, tape: Any, grad: Floats) -> Parameters:
    """Back through time, and to each embedding that was looked up."""
    ids, steps = tape
    layer, _, backward = _layer(parameters)
    back = backward(layer, steps, grad)
    embedding = _embedding_grad(parameters["embedding"], ids, back.inputs)
    return {"embedding": embedding, **back.parameters._asdict()}


class Features(NamedTuple):
    """What a rung of the ladder has of its own."""

    forward: Callable[[Parameters, Ints, State | None], tuple[Floats, State, Any]]
    """parameters, ids and state to features [batch_size, num_steps, dim], the next state, and a tape"""
    backward: Callable[[Parameters, Any, Floats], Parameters]
    """parameters, tape and the gradient of the features to that of the parameters"""


FEATURES = {
    "bigram": Features(one_hot_features, one_hot_features_grad),
    "mlp": Features(window_features, window_features_grad),
    "lstm": Features(recurrent_features, recurrent_features_grad),
    "gru": Features(recurrent_features, recurrent_features_grad),
}


def _layer(parameters: Parameters) -> tuple[Any, Any, Any]:
    """The recurrent layer's own parameters, and its two functions; only a GRU has hidden_biases."""
    kind, forward, backward = (GRU, gru, gru_grad) if "hidden_biases" in parameters else (LSTM, lstm, lstm_grad)
    return kind(**{name: parameters[name] for name in kind._fields}), forward, backward


def _embedding_grad(embedding: Floats, ids: Ints, grad: Floats) -> Floats:
    """Each row's gradient is the sum over the places where it was looked up: as one product with one-hot rows."""
    one_hot = np.eye(len(embedding), dtype=embedding.dtype)[ids.reshape(-1)]
    total: Floats = one_hot.T @ grad.reshape(-1, embedding.shape[1])
    return total


# Text


def split_tunes(text: str) -> tuple[list[str], list[str]]:
    """Cut a text in ABC notation into its tunes, and hold every tenth out for validation.

    By tune, not by character: the second half of a tune is no test for who has learnt its first half by heart.

    Args:
        text: tunes, each beginning with a line X: after an empty line.

    Returns:
        Those to train on and those held out.

    Raises:
        ValueError: there are fewer than ten tunes.
    """
    tunes = re.split(r"\n{2,}(?=X:)", text.strip("\n"))
    if len(tunes) < 10:
        raise ValueError(
            f"text must hold at least 10 tunes, each beginning with a line X: after an empty line, got {len(tunes)}"
        )
    return [tune for place, tune in enumerate(tunes) if place % 10], tunes[::10]


def vocabulary(text: str) -> str:
    """The different characters of a text, sorted: the id of each is its place."""
    return "".join(sorted(set(text)))


def encode(text: str, vocabulary: str) -> Ints:
    """Characters to ids.

    Raises:
        ValueError: the text is empty, or a character is not in the vocabulary; the message says which, and where.

    Example:
        >>> encode("cab", "abcd")
        array([2, 0, 1])
    """
    place = {character: index for index, character in enumerate(vocabulary)}
    unknown = [index for index, character in enumerate(text) if character not in place]
    if unknown or not text:
        found = f"{text[unknown[0]]!r} at position {unknown[0]}" if unknown else "no text"
        raise ValueError(f"text must have characters of the vocabulary {vocabulary!r} only, got {found}")
    return np.array([place[character] for character in text])


def decode(ids: npt.ArrayLike, vocabulary: str) -> str:
    """Ids to characters.

    Example:
        >>> decode([2, 0, 1], "abcd")
        'cab'
    """
    return "".join(vocabulary[index] for index in np.asarray(ids, int).tolist())


# Training


def block(ids: Ints, num_rows: int) -> Ints:
    """A text as rows of equal length, one below the other, [num_rows, length // num_rows]; the rest is left off."""
    length = len(ids) // num_rows
    return ids[: num_rows * length].reshape(num_rows, length)


def batches(
    tunes: Sequence[Ints], seed: int, batch_size: int, window: int, step: int = 0
) -> Iterator[tuple[Ints, bool]]:
    """Windows of text for ever: in each, every row goes on where it ended in the one before.

    In each epoch the tunes are shuffled, joined, and cut into batch_size rows, that are read side by side. What a step
    gets hangs on seed and step alone, so that a training can be interrupted.

    Args:
        tunes: the ids of each, with an empty line at its end.
        seed: of the order of the tunes.
        batch_size: how many rows.
        window: how many characters to predict in each.
        step: which to begin with.

    Yields:
        ids: [batch_size, window + 1]; the last of each is only a label, and the next window's first input.
        first: whether this is the first window of an epoch, where nothing came before.

    Raises:
        ValueError: there is too little text for one window.
    """
    per_epoch = (sum(map(len, tunes)) // batch_size - 1) // window
    if per_epoch < 1:
        raise ValueError(
            f"tunes must have at least batch_size * (window + 1) = {batch_size * (window + 1)} characters together,"
            f" got {sum(map(len, tunes))}"
        )
    while True:
        epoch, place = divmod(step, per_epoch)
        order = np.random.default_rng([seed, 0, epoch]).permutation(len(tunes))
        rows = block(np.concatenate([tunes[tune] for tune in order]), batch_size)
        for start in range(place, per_epoch):
            yield rows[:, start * window : (start + 1) * window + 1], start == 0
        step = (epoch + 1) * per_epoch


def validation_loss(model: Model, ids: npt.ArrayLike, *, shift: bool = True) -> float:
    """The mean loss on text that was held out, each row read from its beginning.

    Args:
        model: any of the ladder.
        ids: [num_rows, num_steps + 1], as `block` makes them.
        shift: whether the label is the next character; if not, it is the input itself.

    Returns:
        Nats a character. An untrained model has ln num_classes.
    """
    inputs, labels = _inputs_and_labels(np.asarray(ids), shift)
    logits, _ = model.logits(inputs)
    return float(sparse_cross_entropy(logits, labels, reduction="mean"))


class Checkpoint(NamedTuple):
    """All that a training needs to go on as if it had never stopped."""

    model: Model
    adam: Adam
    state: State | None
    """of the model after its last window"""
    seconds: float


class Progress(NamedTuple):
    """What a training says of itself."""

    step: int
    num_steps: int
    train_loss: float
    """mean over the steps since the last report, nats a character"""
    validation_loss: float
    """on the tunes held out, nats a character"""
    seconds: float
    """of the processor, this report and those before it included"""
    sample: str | None
    """a tune as the model makes it up now, with the prompt; None at most reports"""
    checkpoint: Checkpoint


MAX_NORM = 1.0
"""the longest gradient that is not shortened"""
FALL = 0.9
"""how much of the learning rate is gone at the end"""
VALIDATION_ROWS = 64
SAMPLE_EVERY = 4
"""reports"""
SAMPLE_LENGTH = 500
SAMPLE_TEMPERATURE = 0.7


def train(
    name: str,
    text: str,
    *,
    num_steps: int | None = None,
    seed: int = 0,
    batch_size: int = 32,
    window: int = 48,
    learning_rate: float | None = None,
    report_every: int | None = None,
    seconds: float = float("inf"),
    shift: bool = True,
    prompt: str = PROMPT,
    resume: Checkpoint | None = None,
) -> Iterator[Progress]:
    r"""Train a model on tunes, and report now and then; a generator, which works only while it is asked.

    Scheduled by steps: the same arguments give the same curve on a fast machine and on a slow one. The learning rate
    falls in a straight line to a tenth, so a run of fewer steps is not the beginning of a longer one.

    Args:
        name: one of MODELS.
        text: tunes in ABC notation; every tenth is held out.
        num_steps: how many steps of training; RECIPES has the defaults of this and the next two.
        seed: of the first parameters, the order of the tunes, and the samples.
        batch_size: how many rows of text are read side by side.
        window: how many characters a step reads in each row, and how far back its gradient goes.
        learning_rate: of Adam, at the beginning.
        report_every: how many steps there are from report to report.
        seconds: stop at the first report after so many of the processor, counted from this call.
        shift: False trains with the inputs as labels, a common error: the loss falls to 0, as the answer is in the
            question, and what is learnt is to repeat.
        prompt: what the samples go on from.
        resume: where an earlier run with the same arguments was left.

    Yields:
        Progress, first at step 0 (not when resumed), last at num_steps.

    Raises:
        ValueError: an argument is not allowed, the text is too short, or the prompt has a character that it has not.

    Example:
        >>> tunes = "".join(f"X:{i}\nK:C\nCDEF GABc|cBAG FEDC|\n\n" for i in range(100))
        >>> for progress in train("bigram", tunes, num_steps=200, report_every=100, batch_size=4, prompt="X"):
        ...     print(progress.step, round(progress.validation_loss, 2))
        0 3.17
        100 1.14
        200 1.13
    """
    if name not in MODELS:
        raise ValueError(f"name must be one of {', '.join(MODELS)}, got {name!r}")
    recipe = RECIPES[name]
    num_steps = checks.count("num_steps", recipe.num_steps if num_steps is None else num_steps, at_least=1)
    report_every = checks.count(
        "report_every", recipe.report_every if report_every is None else report_every, at_least=1
    )
    learning_rate = checks.positive("learning_rate", recipe.learning_rate if learning_rate is None else learning_rate)
    batch_size = checks.count("batch_size", batch_size, at_least=1)
    window = checks.count("window", window, at_least=1)
    seed = checks.count("seed", seed, at_least=0)
    if not seconds > 0:
        raise ValueError(f"seconds must be positive, got {seconds}")

    characters = vocabulary(text)
    prompt_ids, end = encode(prompt, characters), encode(END, characters).tolist()
    tunes, held_out = ([encode(tune + END, characters) for tune in part] for part in split_tunes(text))
    validation = block(np.concatenate(held_out), min(VALIDATION_ROWS, len(held_out)))

    def sample(model: Model, step: int) -> str:
        rng = np.random.default_rng([seed, 1, step])
        ids = generate(model, prompt_ids, SAMPLE_LENGTH, rng, temperature=SAMPLE_TEMPERATURE, stop=end)
        return prompt + decode(ids, characters)

    model, adam, state, earlier = resume or _untrained(name, len(characters), seed)
    if model.name != name or model.num_classes != len(characters):
        raise ValueError(
            f"resume must be of a {name} for {len(characters)} characters, got {model.name}, {model.num_classes}"
        )
    spent, started = 0.0, time.thread_time()
    losses: list[float] = []
    for ids, first in batches(tunes, seed, batch_size, window, adam.step):
        step = adam.step
        if (step % report_every == 0 or step == num_steps) and (resume is None or step > resume.adam.step):
            train_loss = float(np.mean(losses)) if losses else validation_loss(model, ids, shift=shift)
            held_out_loss = validation_loss(model, validation, shift=shift)
            told = sample(model, step) if step % (SAMPLE_EVERY * report_every) == 0 or step == num_steps else None
            spent += time.thread_time() - started
            checkpoint = Checkpoint(model, adam, state, earlier + spent)
            yield Progress(step, num_steps, train_loss, held_out_loss, earlier + spent, told, checkpoint)
            started, losses = time.thread_time(), []
        if step >= num_steps or spent >= seconds:
            return
        inputs, labels = _inputs_and_labels(ids, shift)
        loss, grads, state = model.loss_and_grads(inputs, labels, None if first else state)
        grads, _ = clip_by_global_norm(grads, MAX_NORM)
        rate = learning_rate * (1 - FALL * step / num_steps)
        parameters, adam = adam_update(model.parameters, grads, adam, learning_rate=rate)
        model = Model(name, parameters)
        losses.append(loss)


def _untrained(name: str, num_classes: int, seed: int) -> Checkpoint:
    model = init(name, num_classes, seed)
    return Checkpoint(model, adam_init(model.parameters), None, 0.0)


def _inputs_and_labels(ids: Ints, shift: bool) -> tuple[Ints, Ints]:
    """All but the last character, and what comes after each: the labels are the inputs, shifted by one."""
    return ids[:, :-1], ids[:, 1:] if shift else ids[:, :-1]


# The command


def save_checkpoint(checkpoint: Checkpoint, run: str, folder: Path) -> None:
    """Write state.npz in the folder, all of it or nothing: whoever reads it never sees half a file.

    Args:
        checkpoint: of a training.
        run: which training it is; `load_checkpoint` compares.
        folder: where; it is made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model, adam, state, seconds = checkpoint
    arrays: dict[str, npt.NDArray[Any]] = {
        "run": np.array(run),
        "step": np.array(adam.step),
        "seconds": np.array(seconds),
    }
    for part, named in (("parameters", model.parameters), ("means", adam.means), ("squares", adam.squares)):
        arrays |= {f"{part}/{name}": array for name, array in named.items()}
    arrays |= {f"state/{place}": array for place, array in enumerate(state or ())}
    unfinished = folder / "state.unfinished.npz"
    np.savez(unfinished, **arrays)  # type: ignore[arg-type]
    os.replace(unfinished, folder / "state.npz")


def load_checkpoint(name: str, run: str, folder: Path) -> Checkpoint | None:
    """Read state.npz; None if there is none yet.

    Raises:
        ValueError: it was left by another run.
    """
    path = folder / "state.npz"
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as stored:
        arrays = {key: stored[key] for key in stored.files}
    if str(arrays["run"]) != run:
        raise ValueError(f"folder must hold a run of {run} to resume, got one of {arrays['run']}")

    def part(prefix: str) -> dict[str, Any]:
        return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}

    adam = Adam(int(arrays["step"]), part("means/"), part("squares/"))
    state = tuple(part("state/").values())
    return Checkpoint(Model(name, part("parameters/")), adam, state, float(arrays["seconds"]))


def events(argv: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The command as a generator: what it would print, as dicts that JSON can write.

    Args:
        argv: the options of the command, without its name; `--help` lists them.

    Yields:
        {"kind": "progress", "step", "num_steps", "train_loss", "validation_loss", "seconds", "sample"}, the fields of
        Progress; and last {"kind": "done", "step", "num_steps", "seconds"}, whose step is below num_steps where the
        time was up first.

    Raises:
        SystemExit: an option is wrong; argparse says which.
        ValueError: as `train`.
    """
    parser = _parser()
    options = parser.parse_args(argv)
    if options.resume and not options.folder:
        parser.error("--resume needs --folder")
    text = options.text.read_text(encoding="utf-8")
    num_steps = RECIPES[options.model].num_steps if options.num_steps is None else options.num_steps
    resume = None
    run = f"{options.model}, seed {options.seed}, {num_steps} steps, {len(text)} characters"
    if options.resume:
        resume = load_checkpoint(options.model, run, options.folder)
    step, seconds = (resume.adam.step, resume.seconds) if resume else (0, 0.0)
    for progress in train(
        options.model,
        text,
        num_steps=num_steps,
        seed=options.seed,
        seconds=options.seconds,
        prompt=options.prompt,
        resume=resume,
    ):
        if options.folder:
            save_checkpoint(progress.checkpoint, run, options.folder)
        step, seconds = progress.step, progress.seconds
        said = progress._asdict()
        del said["checkpoint"]
        yield {"kind": "progress", **said}
    yield {"kind": "done", "step": step, "num_steps": num_steps, "seconds": seconds}


def main(argv: Sequence[str]) -> None:
    """Print the events, a JSON line each, as they come."""
    for event in events(argv):
        print(json.dumps(event), flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core.next_character", description="Train a model on tunes.")
    parser.add_argument("--model", choices=MODELS, default="lstm")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--num-steps", type=int, help="default: what the model's recipe says")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so many of the processor")
    parser.add_argument("--text", type=Path, default=TEXT, help="a file of tunes in ABC notation")
    parser.add_argument("--prompt", default=PROMPT, help="what the sampled tunes go on from")
    parser.add_argument("--folder", type=Path, help="where state.npz is written at each report")
    parser.add_argument("--resume", action="store_true", help="go on from the state.npz of the folder, if there is one")
    return parser


if __name__ == "__main__":
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":  # NumPy has been imported with the package: start anew
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
        os.execv(sys.executable, [sys.executable, "-m", "core.next_character", *sys.argv[1:]])
    main(sys.argv[1:])
