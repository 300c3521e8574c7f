"""Train every model of the ladder once more, and lay the curves beside the stored ones: `python -m benchmarks.tunes`.

Same seed, same steps: on the machine and with the NumPy that made data/tunes/runs.json the curve is the same to the
last digit stored. Elsewhere a matrix product may round otherwise; rounding grows with the steps, and what is left is
another run, some hundredths of a nat away. Names as arguments train only those.
"""

from __future__ import annotations

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import sys

from core import next_character
from explainers import tunes


def main(names: list[str]) -> None:
    print(f"stored: {tunes.runs()['lstm'].machine}\n")
    print(f"{'model':8}{'steps':>7}{'nats':>8}{'stored':>8}{'apart':>9}{'seconds':>9}{'stored':>8}{'ms a step':>11}")
    for name in names or next_character.MODELS:
        stored = tunes.runs()[name]
        losses = []
        for progress in next_character.train(name, tunes.TEXT, seed=stored.seed, num_steps=stored.num_steps):
            losses.append(progress.validation_loss)
        apart = max(abs(a - b) for a, b in zip(losses, stored.validation_losses, strict=True))
        print(
            f"{name:8}{progress.step:7}{losses[-1]:8.3f}{stored.validation_losses[-1]:8.3f}{apart:9.5f}"
            f"{progress.seconds:9.1f}{stored.seconds[-1]:8.1f}{1000 * progress.seconds / progress.step:11.2f}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
