"""Train once with each fault and once without it, and store the losses.

    OPENBLAS_NUM_THREADS=1 python -m data.fingerprints.make

data/README.md says what comes out.
"""

import json
from pathlib import Path

import numpy as np

from core import faulty

SEED = 0
DECIMALS = 4
FILE = Path(__file__).with_name("runs.json")


def numbers(values):
    """Rounded for JSON, which has no NaN: null."""
    return [None if np.isnan(value) else round(float(value), DECIMALS) for value in values]


def stored(fault):
    """Both runs of a fault; accuracies where there are any."""
    runs = {name: faulty.train(fault, mended=name == "mended", seed=SEED) for name in ("faulty", "mended")}
    return {
        name: {"losses": numbers(run.losses)}
        | ({} if np.isnan(run.accuracies).all() else {"accuracies": numbers(run.accuracies)})
        for name, run in runs.items()
    }


def main():
    """Train all, store, and say what was stored."""
    runs = {fault: stored(fault) for fault in faulty.RECIPES}
    lines = [f'"{fault}": {json.dumps(run)}' for fault, run in runs.items()]
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    for fault, run in runs.items():
        print(fault, *(f"{name} {both['losses'][0]} ... {both['losses'][-1]}" for name, both in run.items()))
    print(f"{FILE.name}: {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
