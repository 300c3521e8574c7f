"""What sampling saves, and what TensorFlow needs for the same: `python -m benchmarks.sampled`.

One training step of a layer of dim 300, batch 128, float32, one thread: draw 1,000 unique classes, the loss, and the
gradients with respect to inputs, weights and biases. First from 1,000 to 200,000 classes, beside the full loss, then,
where TensorFlow is installed, beside its own sampled losses. Runs are interleaved in shuffled order, so that a busy
machine slows all of them alike; medians, and ratios of medians. Three matrix products take two thirds of the time, the
same in both.
"""

from __future__ import annotations

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", TF_CPP_MIN_LOG_LEVEL="3")

import importlib
import random
import statistics
from collections.abc import Callable

import numpy as np

import core
from benchmarks.core import Work, milliseconds

NUM_CLASSES = (1_000, 10_000, 50_000, 200_000)
NUM_SAMPLED, DIM, BATCH_SIZE = 1_000, 300, 128
TURNS = 4


class Layer:
    """Weights, biases and a batch; labels as frequent as the log-uniform sampler says."""

    def __init__(self, num_classes: int) -> None:
        rng = np.random.default_rng(0)
        self.weights = rng.standard_normal((num_classes, DIM), dtype=np.float32) / np.float32(DIM**0.5)
        self.biases = np.zeros(num_classes, np.float32)
        self.inputs = rng.standard_normal((BATCH_SIZE, DIM), dtype=np.float32)
        self.sampler = core.LogUniformSampler(num_classes)
        self.labels = self.sampler.sample([[0]], BATCH_SIZE, unique=False, rng=rng).sampled[:, None]
        self.rng = rng

    def sampled(self, loss_with_grad: Callable[..., object]) -> object:
        values = self.sampler.sample(self.labels, NUM_SAMPLED, rng=self.rng)
        return loss_with_grad(self.weights, self.biases, self.labels, self.inputs, values, reduction="mean")

    def full(self) -> object:
        logits = core.dense(self.inputs, self.weights, self.biases)
        loss, grad = core.sparse_cross_entropy_with_grad(logits, self.labels[:, 0], reduction="mean")
        return loss, core.dense_grad(self.inputs, self.weights, grad)


def tensorflow(layer: Layer) -> dict[str, dict[str, Work]]:
    """TensorFlow's own, compiled once; empty where it is not installed.

    Its gradient of the weights has a row for every label and every sample, repeats and all. Core's are summed, so the
    same is done here too, with what its optimisers use for that.
    """
    try:
        tf = importlib.import_module("tensorflow")
    except ImportError:
        return {}
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    weights, biases, inputs = (tf.Variable(array) for array in (layer.weights, layer.biases, layer.inputs))
    labels = tf.constant(layer.labels)

    def step(loss: Callable[..., object], summed: bool) -> Work:
        @tf.function
        def work() -> object:
            with tf.GradientTape() as tape:
                values = tf.random.log_uniform_candidate_sampler(labels, 1, NUM_SAMPLED, True, len(layer.weights))
                losses = loss(weights, biases, labels, inputs, NUM_SAMPLED, len(layer.weights), sampled_values=values)
                mean = tf.reduce_mean(losses)
            of_weights, of_biases, of_inputs = tape.gradient(mean, [weights, biases, inputs])
            if not summed:
                return mean, of_weights, of_biases, of_inputs
            ids, place = tf.unique(of_weights.indices)
            sums = [tf.math.unsorted_segment_sum(part.values, place, tf.size(ids)) for part in (of_weights, of_biases)]
            return mean, ids, sums, of_inputs

        return work

    return {
        name: {"summed": step(loss, True), "as it comes": step(loss, False)}
        for name, loss in (("sampled softmax", tf.nn.sampled_softmax_loss), ("NCE", tf.nn.nce_loss))
    }


def medians(works: dict[str, Work], repeats: int) -> dict[str, float]:
    """A few turns each in a row, as a training loop repeats itself; the first finds another's data in the cache."""
    times: dict[str, list[float]] = {name: [] for name in works}
    order = random.Random(0)
    for _ in range(repeats):
        for name, work in order.sample(list(works.items()), len(works)):
            times[name] += [milliseconds(work) for _ in range(TURNS)][1:]
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    print(f"{NUM_SAMPLED:,} sampled, dim {DIM}, batch {BATCH_SIZE}, float32, one thread; draw, loss and gradients")
    layers = {num_classes: Layer(num_classes) for num_classes in NUM_CLASSES}
    works: dict[str, Work] = {}
    for num_classes, layer in layers.items():
        works[f"softmax {num_classes}"] = lambda layer=layer: layer.sampled(core.sampled_softmax_loss_with_grad)
        works[f"nce {num_classes}"] = lambda layer=layer: layer.sampled(core.nce_loss_with_grad)
    times = medians(works, repeats=20) | medians({f"full {n}": layer.full for n, layer in layers.items()}, repeats=2)
    print(f"{'classes':>10}{'sampled softmax':>20}{'NCE':>12}{'full':>14}{'full / sampled':>17}")
    for num_classes in NUM_CLASSES:
        softmax, nce, full = (times[f"{name} {num_classes}"] for name in ("softmax", "nce", "full"))
        print(f"{num_classes:10,}{softmax:17.2f} ms{nce:9.2f} ms{full:11.1f} ms{full / softmax:17.1f}")
    for name in ("softmax", "nce"):
        costs = [times[f"{name} {num_classes}"] for num_classes in NUM_CLASSES]
        print(f"{name}: dearest over cheapest {max(costs) / min(costs):.2f}")

    layer = layers[NUM_CLASSES[-1]]
    theirs = tensorflow(layer)
    if not theirs:
        print("TensorFlow is not installed: pip install tensorflow-cpu for the comparison")
    ours = {"sampled softmax": core.sampled_softmax_loss_with_grad, "NCE": core.nce_loss_with_grad}
    for name, works in theirs.items():
        times = medians({"core": lambda name=name: layer.sampled(ours[name]), **works}, repeats=80)
        for rival in works:
            ratio = times["core"] / times[rival]
            print(
                f"{name:16} core {times['core']:.2f} ms, TensorFlow {times[rival]:.2f} ms, ratio {ratio:.2f} ({rival})"
            )


if __name__ == "__main__":
    main()
