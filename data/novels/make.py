"""Make what the lesson on the race reads: the text as ids, and what was run on it beforehand.

    python -m data.novels.make text FOLDER    # novels.npz, from the three texts in that folder

and, each with OPENBLAS_NUM_THREADS=1 in front,

    python -m data.novels.make clock FOLDER   # clock.json, ten seconds each; leaves the models in that folder
    python -m data.novels.make steps          # steps.json, 1,600 steps each at one learning rate
    python -m data.novels.make tied           # tied.json, 4,000 steps, one matrix for both ends or two
    python -m data.novels.make inside FOLDER  # inside.json, what the models in that folder say
    python -m data.novels.make cost           # cost.csv, seconds of a step, 1,000 to 200,000 words

data/README.md says where the texts come from, and what is in the files.
"""

import csv
import gzip
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import core
from benchmarks.race import NUM_CLASSES, step_seconds
from core.checks import Floats, Ints
from core.race import NOVELS, Contestant, curves, events, validation_slice

PLACE = Path(__file__).parent
TEXTS = ("moby_dick", "pride_and_prejudice", "sense_and_sensibility")
CLOCK = (
    "full",
    "sampled-loguniform-16",
    "sampled-loguniform-64",
    "sampled-loguniform-256",
    "sampled-loguniform-1024",
    "sampled-uniform-64",
    "sampled-unigram-64",
    "sampled-loguniform-256-nologq",
    "nce-64",
    "nce-64-zero",
    "negative-5",
    "negative-64",
)
STEPS = ("full@1", "sampled-loguniform-256", "sampled-loguniform-16", "sampled-uniform-256", "sampled-uniform-16")
TIED = ("sampled-loguniform-64", "sampled-loguniform-256", "nce-64")
COST = (
    "full",
    "sampled-loguniform-64",
    "sampled-loguniform-256",
    "sampled-uniform-64",
    "sampled-unigram-64",
    "nce-64",
    "negative-5",
)
CONTEXTS = ("captain", "white", "the", "mr", "sperm", "old", "miss", "she", "of", "i", "moby", "elinor")
TOP, TOP_OF_EACH, NUM_CALIBRATED = 10, 5, 2_000


def text(folder: str) -> None:
    """The three novels one after the other, as ids by frequency."""
    tokens = []
    for name in TEXTS:
        with gzip.open(Path(folder) / f"{name}.txt.gz", "rt", encoding="utf-8") as file:
            tokens += core.tokenize(file.read())
    words, ids = core.ids_by_frequency(tokens)
    core.save_text(NOVELS, words, ids)
    print(f"{len(ids):,} tokens, {len(words):,} different")


def write(name: str, told: object) -> None:
    """As short as JSON can be."""
    (PLACE / name).write_text(json.dumps(told, separators=(",", ":")) + "\n", encoding="utf-8")


def run(codes: Sequence[str], *options: str) -> dict[str, Any]:
    """The curves of a race, measured twenty times."""
    return curves(events(["--contestants", ",".join(codes), "--num-standings", "20", *options]))


def clock(folder: str) -> None:
    """Ten seconds each."""
    write("clock.json", run(CLOCK, "--seconds", "10", "--folder", folder))


def steps() -> None:
    """As many steps as the full softmax takes in half a minute."""
    write("steps.json", run(STEPS, "--num-steps", "1600"))


def tied() -> None:
    """With one matrix and with two."""
    options = "--num-steps", "4000"
    write("tied.json", {"tied": run(TIED, *options, "--tied"), "untied": run(TIED, *options)})


def inside(folder: str) -> None:
    """What each model of the clock's run says after some words, and how true its promises are, mended where need be."""
    corpus = core.load_corpus(NOVELS)
    pairs = validation_slice(corpus)
    pairs = pairs[:: len(pairs) // NUM_CALIBRATED][:NUM_CALIBRATED]
    told = {
        code: _promises(core.load_model(Path(folder) / f"{code}.npz"), Contestant.parse(code), corpus, pairs)
        for code in CLOCK
    }
    contexts = {}
    for word in CONTEXTS:
        truth = corpus.next_probs(corpus.words.index(word))
        shown = set(np.argsort(-truth, kind="stable")[:TOP].tolist())
        for versions in told.values():
            for version in versions.values():
                shown |= set(np.argsort(-version["probs"][word], kind="stable")[:TOP_OF_EACH].tolist())
        ids = sorted(shown, key=lambda id: (-truth[id], id))
        contexts[word] = {
            "words": [corpus.words[id] for id in ids],
            "truth": _short(truth[ids]),
            "probs": {c: {name: _short(v["probs"][word][ids]) for name, v in vs.items()} for c, vs in told.items()},
        }
    models = {
        code: {name: {k: x for k, x in v.items() if k != "probs"} for name, v in versions.items()}
        for code, versions in told.items()
    }
    head = float((corpus.validation[:, 1] < core.bilinear.HEAD).mean())
    write("inside.json", {"contexts": contexts, "models": models, "head_share": round(head, 4)})


def _promises(
    model: core.BilinearModel, contestant: Contestant, corpus: core.Corpus, pairs: Ints
) -> dict[str, dict[str, Any]]:
    """As it is and, where log Q was not subtracted in training, with the log of the expected count added."""
    versions = {"as_trained": 0.0}
    if not contestant.subtract_log_q:
        versions["mended"] = contestant.log_expected_count(corpus.counts()).astype(np.float32)
    told = {}
    for name, add in versions.items():
        logits = model.logits(pairs[:, 0]) + np.float32(add)
        bins = core.reliability(logits, pairs[:, 1])
        told[name] = {
            "probs": {word: np.exp(model.log_probs(corpus.words.index(word), add=add)) for word in CONTEXTS},
            "calibration": {
                "counts": bins.counts.tolist(),
                "confidence": _short(bins.confidence),
                "accuracy": _short(bins.accuracy),
                "error": round(float(bins.gaps.sum()), 4),
            },
            **{field: round(x, 4) for field, x in core.evaluate(model, pairs, add=add)._asdict().items()},
        }
    return told


def _short(numbers: Floats) -> list[float | None]:
    """Four significant digits; None where there is no number."""
    return [None if np.isnan(x) else float(f"{x:.4g}") for x in numbers]


def cost() -> None:
    """A line a number of words, a column a contestant, CPU seconds; empty where there are too few words to draw."""
    with (PLACE / "cost.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["num_classes", *COST])
        for num_classes in NUM_CLASSES:
            able = [Contestant.parse(code).num_sampled < num_classes for code in COST]
            spent = [f"{step_seconds(code, num_classes):.3g}" if a else "" for code, a in zip(COST, able, strict=True)]
            table.writerow([num_classes, *spent])


if __name__ == "__main__":
    {f.__name__: f for f in (text, clock, steps, tied, inside, cost)}[sys.argv[1]](*sys.argv[2:])
