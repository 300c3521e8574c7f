"""Ask the frameworks what they say of right and wrong calls of cross-entropy, and store their answers word for word.

    OPENBLAS_NUM_THREADS=1 python -m data.messages.make

Asks those that are installed, and leaves the stored answers of the others as they are: PyTorch and TensorFlow may live
in different environments. A case is a name, a framework, a line of Python, and what the names in it stand for; to ask
something else, add to `cases`. data/README.md says what comes out.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import core
from explainers import clinic, diagnosis, shape_lab
from explainers.presets import DEFAULT

FILE = Path(__file__).with_name("messages.json")


class Case(NamedTuple):
    """One question: `code` is run by `framework`, and the arrays in `given` are what its names stand for."""

    key: str
    framework: str
    code: str
    given: Mapping[str, np.ndarray]


def cases() -> Iterator[Case]:
    """Everything that is asked."""
    known = {"z": shape_lab.BLOCK, "np": np, "softmax": core.softmax}
    for labels_as, logits_as, call, off_by in product(shape_lab.LABELS, shape_lab.LOGITS, shape_lab.CALLS, (-1, 0, 1)):
        names = known | {"y": shape_lab.IDS + off_by}
        given = {
            "labels": eval(shape_lab.LABELS[labels_as].code, names),  # the code that the learner reads is what is run
            "logits": eval(shape_lab.LOGITS[logits_as].code, names),
        }
        asked = shape_lab.CALLS[call]
        yield Case(shape_lab.case_key(labels_as, logits_as, call, off_by), asked.framework, asked.code, given)
    for name, off_by in product(shape_lab.BACKENDS, (-1, 0, 1)):
        asked = shape_lab.BACKENDS[name]
        given = {"labels": (shape_lab.IDS + off_by).reshape(-1), "logits": shape_lab.BLOCK.reshape(-1, 4)}
        yield Case(f"backends/{name}/{off_by}", asked.framework, asked.code, given)
    for name, padded in product(shape_lab.PADDING, range(shape_lab.NUM_TILES + 1)):
        asked = shape_lab.PADDING[name]
        yield Case(f"padding/{name}/{padded}", asked.framework, asked.code, padded_tiles(name, padded))
    for name, example in clinic.CASES.items():
        given = {"predictions": example.arrays[0].astype(np.float32), "labels": narrow(example.arrays[1])}
        for call, asked in diagnosis.CALLS.items():
            yield Case(f"clinic/{name}/{call}", asked.framework, asked.code, given)
        found = example.found()
        if found.use:
            made = dict(given)
            exec("\n".join(found.fixes), {"np": np}, made)  # the code that the learner reads is what is run
            mended = {"logits": narrow(made["logits"]), "labels": narrow(made["labels"])}
            for framework, calls in diagnosis.USE.items():
                yield Case(f"clinic/{name}/use/{framework}", framework, calls[found.use], mended)


def narrow(array: np.ndarray) -> np.ndarray:
    """Floats in float32, as models have them."""
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def padded_tiles(padding: str, padded: int) -> dict[str, np.ndarray]:
    """The default example for every tile; the last `padded` are padding."""
    kept = np.arange(shape_lab.NUM_TILES) < shape_lab.NUM_TILES - padded
    labels = (DEFAULT.label + np.arange(shape_lab.NUM_TILES)) % len(DEFAULT.logits)
    instead = -100 if padding.startswith("ignore") else 0
    return {
        "logits": np.tile(np.float32(DEFAULT.logits), (shape_lab.NUM_TILES, 1)),
        "labels": np.where(kept, labels, instead),
        "weights": np.float32(kept),
    }


def log_softmax(z: np.ndarray) -> np.ndarray:
    """NumPy in a learner's own words; NaN stays NaN."""
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def installed() -> dict[str, dict[str, Any]]:
    """Each framework that is here, and what its code may call."""
    found: dict[str, dict[str, Any]] = {"numpy": {"np": np, "log_softmax": log_softmax}}
    with suppress(ImportError):
        import torch

        found["torch"] = {"torch": torch, "F": torch.nn.functional}
    with suppress(ImportError):
        import keras
        import tensorflow

        found |= {"tensorflow": {"tf": tensorflow}, "keras": {"keras": keras}}
    with suppress(ImportError):
        import optax

        found["optax"] = {"optax": optax}
    return found


def answer(case: Case, modules: Mapping[str, Any]) -> dict[str, Any]:
    """The number that comes out, or the error as it is raised."""
    given = dict(case.given)
    if case.framework == "torch":
        given = {name: modules["torch"].tensor(array) for name, array in given.items()}
    try:
        value = float(eval(case.code, {**modules, **given}))
    except Exception as error:  # whatever it is, it is the answer
        return {"error": type(error).__name__, "message": str(error)}
    return {"value": value if np.isfinite(value) else str(value)}


def main() -> None:
    """Ask, and store one answer a line."""
    here = installed()
    old = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {"versions": {}, "cases": {}}
    versions = old["versions"] | {name: sys.modules[name].__version__ for name in here}
    answers = {}
    for case in cases():
        if case.framework in here:
            answers[case.key] = answer(case, here[case.framework])
        elif case.key in old["cases"]:
            answers[case.key] = old["cases"][case.key]
    lines = [f"{json.dumps(key)}: {json.dumps(said, ensure_ascii=False)}" for key, said in answers.items()]
    FILE.write_text(
        f'{{"versions": {json.dumps(dict(sorted(versions.items())))},\n"cases": {{\n' + ",\n".join(lines) + "\n}}\n",
        encoding="utf-8",
    )
    print(f"{FILE.name}: {len(answers)} answers of {', '.join(sorted(versions))}, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
