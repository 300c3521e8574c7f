"""Train every model of the ladder on the tunes, and store weights, curves and samples.

OPENBLAS_NUM_THREADS=1 python -m data.tunes.make            # all of them, about a minute
OPENBLAS_NUM_THREADS=1 python -m data.tunes.make lstm       # one
"""

import json
import platform
import re
import sys
from pathlib import Path

import numpy as np

from core import choosing, next_character
from explainers import tunes
from music import AbcError, parse

SEED = 0
SAMPLE_STEPS = (0, 50, 200, 600, 1500)
NUM_TUNES, LENGTH, TEMPERATURE = 30, 600, 0.7
RUNS = {name: (name, True) for name in next_character.MODELS} | {tunes.UNSHIFTED: ("bigram", False)}


def machine():
    """What it ran on, as far as Linux says."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    processor = next(line.split(": ")[1] for line in lines if line.startswith("model name"))
    return f"{processor}, one thread, Python {platform.python_version()}, NumPy {np.__version__}"


def sample(model, prompt, rng):
    """A tune as the model makes it up, with its header."""
    ids = choosing.generate(
        model, tunes.encode(prompt), LENGTH, rng, temperature=TEMPERATURE, stop=tunes.encode(next_character.END)
    )
    return (prompt + tunes.decode(ids)).strip()


def count(model):
    """Give it the headers of 30 held-out tunes: how many tunes are complete, and how many inner bars of them add up."""
    rng = np.random.default_rng(SEED)
    complete, full = 0, []
    for place in rng.permutation(len(tunes.VALIDATION))[:NUM_TUNES]:
        head = re.match(r"(?s).*?\nK:.*?\n", tunes.VALIDATION[place]).group()
        try:
            tune = parse(sample(model, "\n\n" + head, rng))
        except AbcError:
            continue
        if tune.complete:
            complete += 1
            full += [bar.fit == "full" for bar in tune.bars if not bar.edge]
    return {"num_tunes": NUM_TUNES, "num_complete": complete, "full_bars": round(sum(full) / max(1, len(full)), 3)}


def make(run):
    """One training: the curve, the samples, and the weights of the end."""
    name, shift = RUNS[run]
    curve, samples = [], {}
    for progress in next_character.train(name, tunes.TEXT, seed=SEED, shift=shift):
        model = progress.checkpoint.model
        curve.append((progress.step, progress.train_loss, progress.validation_loss, progress.seconds))
        if progress.step in SAMPLE_STEPS:
            rng = np.random.default_rng([SEED, progress.step])
            samples[progress.step] = sample(model, next_character.PROMPT, rng)
    if shift:
        path = tunes.PLACE / f"{name}.npz"
        model.save(path)
        model = next_character.load(path)  # what is counted is what is stored
    counts = count(model)
    print(run, progress.step, f"{progress.validation_loss:.3f} nats, {progress.seconds:.1f} s", counts, flush=True)
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
        **counts,
        "machine": machine(),
    }


def main(names):
    """Make these, and keep what there is of the others."""
    path = tunes.PLACE / "runs.json"
    for name in names or RUNS:
        made = make(name)
        stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        runs = {run: {**stored, name: made}[run] for run in RUNS if run in stored or run == name}
        path.write_text(json.dumps(runs, ensure_ascii=False).replace('}, "', '},\n"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
