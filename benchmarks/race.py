"""What a training step of each loss costs, from 1,000 to 200,000 words: `python -m benchmarks.race`.

Draw, loss, gradient and Adagrad step; dim 64, batch 128, float32, one thread; words as frequent as the log-uniform
sampler says. CPU time, the median of some steps in a row after one that finds the cache cold.
"""

from __future__ import annotations

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import statistics
import time

import numpy as np

import core
from core.race import SAMPLERS, SQUARES_START, Contestant, train_step

NUM_CLASSES = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000)
CONTESTANTS = ("full", "sampled-loguniform-64", "sampled-loguniform-256", "sampled-uniform-64", "nce-64", "negative-5")
DIM, BATCH_SIZE = 64, 128


def step_seconds(code: str, num_classes: int, *, budget: float = 0.25) -> float:
    """CPU seconds of one training step: the median of at least three, of as many as the budget of seconds allows."""
    rng = np.random.default_rng(0)
    contestant = Contestant.parse(code)
    model = core.start_model(num_classes, DIM, rng=rng)
    squares = core.BilinearModel(*(np.full_like(array, SQUARES_START) for array in model))
    words = core.LogUniformSampler(num_classes)
    counts = np.ceil(1e9 * words.probs()).astype(np.int64)
    sampler = None if contestant.loss == "full" else SAMPLERS[contestant.sampler](counts)
    seconds: list[float] = []
    while len(seconds) < 4 or sum(seconds) < budget:
        pairs = words.quantile(rng.random((BATCH_SIZE, 2)))
        start = time.thread_time()
        train_step(model, squares, contestant, sampler, pairs, rng)
        seconds.append(time.thread_time() - start)
    return statistics.median(seconds[1:])


def main() -> None:
    print(f"milliseconds a step, dim {DIM}, batch {BATCH_SIZE}, float32, one thread")
    print(f"{'words':>8}" + "".join(f"{code:>24}" for code in CONTESTANTS) + f"{'full / first sampled':>24}")
    for num_classes in NUM_CLASSES:
        found = [1000 * step_seconds(code, num_classes) for code in CONTESTANTS]
        print(f"{num_classes:8,}" + "".join(f"{x:24.2f}" for x in found) + f"{found[0] / found[1]:24.1f}", flush=True)


if __name__ == "__main__":
    main()
