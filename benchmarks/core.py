"""Softmax and cross-entropy of core beside SciPy's and, where it is installed, PyTorch's: `python -m benchmarks.core`.

One thread each, runs interleaved so that a busy machine slows all of them alike, medians, and the ratio of core's time
to the other's (below 1: core is faster). Smaller sizes can be given: `python -m benchmarks.core 256 50000`.
"""

from __future__ import annotations

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import importlib
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import scipy.special

import core

Work = Callable[[], object]


def works(batch_size: int, num_classes: int) -> dict[str, dict[str, Work]]:
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((batch_size, num_classes), dtype=np.float32)
    labels = rng.integers(0, num_classes, batch_size)
    rows = np.arange(batch_size)

    def scipy_cross_entropy() -> object:
        return -scipy.special.log_softmax(logits, axis=1)[rows, labels]

    def scipy_with_grad() -> object:
        log_probs = scipy.special.log_softmax(logits, axis=1)
        grad = np.exp(log_probs)
        grad[rows, labels] -= 1
        return -log_probs[rows, labels], grad

    table: dict[str, dict[str, Work]] = {
        "softmax": {"core": lambda: core.softmax(logits), "scipy": lambda: scipy.special.softmax(logits, axis=1)},
        "sparse cross-entropy": {
            "core": lambda: core.sparse_cross_entropy(logits, labels),
            "scipy": scipy_cross_entropy,
        },
        "with its gradient": {
            "core": lambda: core.sparse_cross_entropy_with_grad(logits, labels),
            "scipy": scipy_with_grad,
        },
    }
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        return table
    torch.set_num_threads(1)
    given, ids = torch.from_numpy(logits), torch.from_numpy(labels)
    functional = torch.nn.functional

    def torch_with_grad() -> object:
        leaf = given.detach().requires_grad_()
        loss = functional.cross_entropy(leaf, ids, reduction="sum")
        loss.backward()
        return loss, leaf.grad

    table["softmax"]["torch"] = lambda: functional.softmax(given, dim=1)
    table["sparse cross-entropy"]["torch"] = lambda: functional.cross_entropy(given, ids, reduction="none")
    table["with its gradient"]["torch"] = torch_with_grad
    return table


def milliseconds(work: Work) -> float:
    start = time.perf_counter()
    result = work()
    spent = time.perf_counter() - start
    del result  # given back outside the clock, as a training loop gives it back later
    return 1000 * spent


def main(batch_size: int = 1024, num_classes: int = 50_000, repeats: int = 9) -> None:
    print(f"[{batch_size}, {num_classes}] float32, one thread, median of {repeats} interleaved runs")
    print(f"{'':22}{'core':>10}{'scipy':>10}{'ratio':>8}{'torch':>10}{'ratio':>8}")
    for name, rivals in works(batch_size, num_classes).items():
        times: dict[str, list[float]] = {rival: [] for rival in rivals}
        for repeat in range(repeats + 1):
            for rival, work in rivals.items():
                spent = milliseconds(work)
                if repeat:  # the first run warms up
                    times[rival].append(spent)
        median = {rival: statistics.median(values) for rival, values in times.items()}
        line = f"{name:22}{median['core']:7.1f} ms"
        for rival in ("scipy", "torch"):
            if rival in median:
                line += f"{median[rival]:7.1f} ms{median['core'] / median[rival]:8.2f}"
            else:
                line += f"{'-':>10}{'-':>8}"
        print(line)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
