"""The bench on which the sampled losses are tried: one model, one batch, many draws, and the full loss beside them.

The model is `core.zipf_model`: Zipf labels of a teacher, and a student that is half-way there. The lesson
(explainers/sampled_softmax.py) shows 200 draws of one setting at once, each with its own gradient;
data/sampled/make.py writes down what comes of all of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import core
from explainers.step import Array

NUM_CLASSES, BATCH_SIZE, SEED = 10_000, 8, 0
SAMPLERS = ("log_uniform", "uniform", "softmax")
FORMS = ("tensorflow", "importance")
SAMPLED = ("5", "20", "100", "200", "1000")
"""How many classes the learner can draw; the tables go on to 5,000."""
NUM_DRAWS = 200
DATA = Path(__file__).parents[1] / "data" / "sampled"


class Setting(NamedTuple):
    """One way of estimating: TensorFlow's defaults, unless told."""

    sampler: str = SAMPLERS[0]
    num_sampled: int = 100
    unique: bool = True
    subtract_log_q: bool = True
    remove_accidental_hits: bool = True
    form: str = FORMS[0]

    @classmethod
    def read(cls, fields: Sequence[str]) -> Setting:
        """The setting that these words stand for, as data/sampled writes them."""
        sampler, num_sampled, *switches, form = fields
        unique, subtract_log_q, remove = (switch == "True" for switch in switches)
        return cls(sampler, int(num_sampled), unique, subtract_log_q, remove, form)


class Layer(NamedTuple):
    """A model, a batch, and what the full loss says of it."""

    weights: Array
    """[num_classes, dim]"""
    biases: Array
    """[num_classes]"""
    labels: NDArray[np.integer[Any]]
    """[batch_size, 1]"""
    inputs: Array
    """[batch_size, dim]"""
    logits: Array
    """[batch_size, num_classes]"""
    loss: float
    """mean over the batch, nats"""
    grad: Array
    """of that mean, for the weights, [num_classes, dim]"""


class Draws(NamedTuple):
    """What came of many draws; gradients are those of the weights, in units of the full gradient's length."""

    losses: Array
    """mean over the batch, [num_draws]"""
    along: Array
    """how much of the full gradient is in each, 1 is all of it, [num_draws]"""
    across: Array
    """how far each points aside, [num_draws]"""
    loss_bias: float
    """mean loss minus full loss, nats"""
    loss_spread: float
    """standard deviation of the losses, nats"""
    grad_bias: float
    """length of mean gradient minus full gradient"""
    grad_spread: float
    """root mean square distance of the gradients from their mean"""
    mean_along: float
    mean_across: float


@lru_cache(maxsize=8)
def layer(order: int = 0) -> Layer:
    """The model and its batch; ids by falling frequency, or shuffled: the same model, only other names."""
    weights, biases, labels, inputs = core.zipf_model(
        NUM_CLASSES, batch_size=BATCH_SIZE, rng=np.random.default_rng(SEED)
    )
    if order:
        place = np.random.default_rng(order).permutation(NUM_CLASSES)
        weights, biases = weights[np.argsort(place)], biases[np.argsort(place)]
        labels = place[labels]
    logits = core.dense(inputs, weights, biases)
    loss, grad = core.sparse_cross_entropy_with_grad(logits, labels[:, 0], reduction="mean")
    full = core.dense_grad(inputs, weights, grad).weights
    return Layer(weights, biases, labels, inputs, logits, float(loss), full)


@cache
def _own_samplers() -> list[core.SoftmaxSampler]:
    """The model's own softmax, one sampler an example, for ids in order."""
    return [core.SoftmaxSampler(row) for row in layer().logits]


def sampler(name: str, num_classes: int = NUM_CLASSES) -> core.Sampler:
    """A sampler that every row of a batch can share."""
    if name not in ("log_uniform", "uniform"):
        raise ValueError(f"sampler must be log_uniform or uniform where a batch shares it, got {name!r}")
    return core.LogUniformSampler(num_classes) if name == "log_uniform" else core.UniformSampler(num_classes)


def loss_with_grad(
    model: Layer, rows: slice, values: core.SampledValues, setting: Setting
) -> tuple[float, core.SampledGrad]:
    """The mean loss of some rows of the batch, and its gradient, for one sample."""
    arguments = (model.weights, model.biases, model.labels[rows], model.inputs[rows], values)
    if setting.form == "importance":
        loss, grad = core.importance_softmax_loss_with_grad(*arguments, reduction="mean")
    else:
        loss, grad = core.sampled_softmax_loss_with_grad(
            *arguments,
            subtract_log_q=setting.subtract_log_q,
            remove_accidental_hits=setting.remove_accidental_hits,
            reduction="mean",
        )
    return float(loss), grad


def draws(setting: Setting, seed: int = 0, num_draws: int = NUM_DRAWS, order: int = 0) -> Draws:
    """Draw, take loss and gradient, and again; draw i has the seed `seed + i`, so the first is that of the seed.

    One sample is shared by the batch, except from the model's own softmax, which differs from example to example.
    """
    model = layer(order)
    if setting.sampler not in SAMPLERS or setting.form not in FORMS:
        raise ValueError(f"a setting must have a known sampler and form, got {setting}")
    if setting.sampler == "softmax" and order:
        raise ValueError(f"order must be 0 for the softmax sampler, which any order suits, got {order}")
    norm = float(np.linalg.norm(model.grad))
    losses, along, lengths = (np.zeros(num_draws) for _ in range(3))
    mean = np.zeros_like(model.grad)
    shared = None if setting.sampler == "softmax" else sampler(setting.sampler)
    for i in range(num_draws):
        rng = np.random.default_rng(seed + i)
        if shared:
            values = shared.sample(model.labels, setting.num_sampled, unique=setting.unique, rng=rng)
            losses[i], grad = loss_with_grad(model, slice(None), values, setting)
            ids, rows = grad.ids, grad.weights
        else:
            dense = np.zeros_like(model.grad)
            touched = []
            for b, own in enumerate(_own_samplers()):
                row = slice(b, b + 1)
                values = own.sample(model.labels[row], setting.num_sampled, unique=setting.unique, rng=rng)
                loss, grad = loss_with_grad(model, row, values, setting)
                losses[i] += loss / BATCH_SIZE
                dense[grad.ids] += grad.weights / BATCH_SIZE
                touched.append(grad.ids)
            ids = np.unique(np.concatenate(touched))
            rows = dense[ids]
        mean[ids] += rows / num_draws
        along[i] = float((rows * model.grad[ids]).sum()) / norm**2
        lengths[i] = float(np.linalg.norm(rows)) / norm
    share = float((mean * model.grad).sum()) / norm**2
    length = float(np.linalg.norm(mean)) / norm
    return Draws(
        losses=losses,
        along=along,
        across=np.sqrt(np.maximum(lengths**2 - along**2, 0.0)),
        loss_bias=float(losses.mean()) - model.loss,
        loss_spread=float(losses.std()),
        grad_bias=float(np.linalg.norm(mean - model.grad)) / norm,
        grad_spread=float(np.sqrt(np.maximum((lengths**2).mean() - length**2, 0.0))),
        mean_along=share,
        mean_across=float(np.sqrt(max(length**2 - share**2, 0.0))),
    )


@cache
def first_draws() -> Mapping[Setting, Draws]:
    """`draws(setting)` of every setting that the learner can choose, from data/sampled/draws.npz."""
    with np.load(DATA / "draws.npz") as stored:
        rows = zip(*map(stored.get, ("settings", "losses", "gradients", "figures")), strict=True)
        return {Setting.read(one.split(",")): Draws(losses, *g, *map(float, told)) for one, losses, g, told in rows}


def two_losses(setting: Setting, draw: int) -> Array:
    """The losses of this draw and of the next, [2]."""
    stored = first_draws()[setting].losses[draw : draw + 2]
    return stored if len(stored) == 2 else draws(setting, draw, 2).losses


MEASURED_DIM, MEASURED_BATCH, MEASURED_SAMPLED = 64, 16, 1_000
MEASURED_CLASSES = (1_000, 10_000, 50_000, 200_000)


class Cost(NamedTuple):
    """Seconds of one training step and of one prediction for a batch."""

    num_classes: int
    full: float
    sampled: float
    predict: float


def measure(num_classes: int, repeats: int = 1) -> Cost:
    """Time one training step with all classes and with a sample, and a prediction; the shortest of some repeats."""
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((num_classes, MEASURED_DIM), dtype=np.float32)
    biases = np.zeros(num_classes, np.float32)
    inputs = rng.standard_normal((MEASURED_BATCH, MEASURED_DIM), dtype=np.float32) / np.float32(MEASURED_DIM)
    labels = rng.integers(num_classes, size=(MEASURED_BATCH, 1))
    others = core.LogUniformSampler(num_classes)

    def full() -> None:
        logits = core.dense(inputs, weights, biases)
        _, grad = core.sparse_cross_entropy_with_grad(logits, labels[:, 0], reduction="mean")
        core.dense_grad(inputs, weights, grad)

    def sampled() -> None:
        values = others.sample(labels, min(MEASURED_SAMPLED, num_classes // 2), rng=rng)
        core.sampled_softmax_loss_with_grad(weights, biases, labels, inputs, values, reduction="mean")

    def predict() -> None:
        core.dense(inputs, weights, biases).argmax(axis=-1)

    seconds = []
    for work in (full, sampled, predict):
        spent = []
        for _ in range(repeats):
            start = time.perf_counter()
            work()
            spent.append(time.perf_counter() - start)
        seconds.append(min(spent))
    return Cost(num_classes, *seconds)


LAST_RUN = 20
_one_at_a_time = threading.Lock()


def measured_now(run: int) -> list[Cost]:
    """The run of this number on this machine: measured once, whoever asks, and never beside another."""
    if not 1 <= run <= LAST_RUN:
        raise ValueError(f"run must be from 1 to {LAST_RUN}, got {run}")
    with _one_at_a_time:
        return _measured(run)


@lru_cache(maxsize=LAST_RUN)
def _measured(run: int) -> list[Cost]:
    return [measure(num_classes, repeats=2) for num_classes in MEASURED_CLASSES]
