"""Train every model of the ladder on the tunes, and store weights, curves and samples.

OPENBLAS_NUM_THREADS=1 python -m data.tunes.make            # all of them, about a minute
OPENBLAS_NUM_THREADS=1 python -m data.tunes.make lstm       # one
"""

import json
import platform
import sys
from pathlib import Path

import numpy as np

from core import choosing, next_character
from explainers import tunes

SEED = 0
SAMPLE_STEPS = (0, 50, 200, 600, 1500)
RUNS = {name: (name, True) for name in next_character.MODELS} | {tunes.UNSHIFTED: ("bigram", False)}


def machine():
    """What it ran on, as far as Linux says."""
    cpu = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return f"{cpu[0] if cpu else platform.machine()}, one thread, Python {platform.python_version()}, NumPy {np.__version__}"


def sample(model, step):
    """A reel in D as the model makes it up after so many steps."""
    prompt = next_character.PROMPT
    rng = np.random.default_rng([SEED, step])
    ids = choosing.generate(model, tunes.encode(prompt), 400, rng, temperature=0.7, stop=tunes.encode("\n\n"))
    return (prompt + tunes.decode(ids)).strip()


def make(run):
    """One training: the curve, the samples, and the weights of the end."""
    name, shift = RUNS[run]
    curve, samples = [], {}
    for progress in next_character.train(name, tunes.TEXT, seed=SEED, shift=shift):
        model = progress.checkpoint.model
        curve.append((progress.step, progress.train_loss, progress.validation_loss, progress.seconds))
        if progress.step in SAMPLE_STEPS:
            samples[progress.step] = sample(model, progress.step)
    print(run, progress.step, f"{progress.validation_loss:.3f} nats, {progress.seconds:.1f} s")
    if shift:
        model.save(tunes.PLACE / f"{name}.npz")
    steps, train_losses, validation_losses, seconds = zip(*curve, strict=True)
    return {
        "seed": SEED,
        "num_steps": progress.num_steps,
        "num_parameters": model.num_parameters,
        "steps": steps,
        "train_losses": [round(loss, 4) for loss in train_losses],
        "validation_losses": [round(loss, 4) for loss in validation_losses],
        "seconds": [round(second, 2) for second in seconds],
        "samples": samples,
        "machine": machine(),
    }


def main(names):
    """Make these, and keep what there is of the others."""
    path = tunes.PLACE / "runs.json"
    stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for name in names or RUNS:
        stored[name] = make(name)
    path.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
