"""Loss curves as evidence: a fault in a training leaves its mark in the losses that it reports.

Every curve is a small training with the fault in it (core/faulty.py), stored by data/fingerprints/make.py or run again.
A learner names the fault of a curve, mends it, and has a curve of their own compared with all of them.
Items 9, 18-21, 23-25, 29, 34 and 38.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import core
from core import faulty
from explainers.figures import Role, axis, curve, dot, line
from explainers.paste import MAX_CHARACTERS, MAX_NUMBERS, PasteError, read
from explainers.step import Array, Challenge, Figure, Note, Question, Step, fmt

STORED = Path(__file__).parents[1] / "data" / "fingerprints" / "runs.json"
FAULTS = tuple(faulty.RECIPES)
OPEN = "open"
"""a curve that has not been named yet"""
NUM_OPTIONS = 4
LAST_CURVE, LAST_RUN = 999, 99
CEILING = float(-np.log(1e-7))
"""the loss of a probability of 0 that was clipped to Keras' epsilon"""
LOW = 0.1
"""a loss that few models get to"""
LARGEST = 1e12
"""beyond which a loss is as good as infinite"""
FEWEST, MOST_DRAWN = 5, 400
"""values of a curve that can be compared, and that are drawn"""

LESSONS_OF: Mapping[str, str] = dict.fromkeys(FAULTS, "cross_entropy") | {
    "sampled": "sampled_softmax",
    "hit": "sampled_softmax",
    "nce": "nce",
    "unshifted": "sequence",
    "shuffled": "sequence",
    "ignored": "sequence",
    "range": "sequence",
    "float16": "softmax",
    "fast": "gradient",
}
"""the lesson that shows a fault"""
ITEMS: Mapping[str, int] = {
    "healthy": 24,
    "twice": 21,
    "epsilon": 23,
    "sampled": 29,
    "nce": 38,
    "hit": 34,
    "unshifted": 20,
    "ignored": 19,
    "float16": 9,
    "range": 18,
    "bad_start": 24,
    "rising": 25,
}
"""which of the forty-six misconceptions is behind it"""


# ---- what gives a fault away ----


class Tell(NamedTuple):
    """A number that gives a fault away: the sign of its line in a picture, its formula, and its value from V and k."""

    sign: str
    formula: str
    worked: str
    value: Callable[[float, float], float]


def _nce_start(num_classes: float, num_sampled: float) -> float:
    """The NCE loss of logits that are all 0, under uniform samples: one question to the data, k to the noise."""
    return float(np.log1p(num_sampled / num_classes) + num_sampled * np.log1p(num_classes / num_sampled))


_START = Tell("ln V", r"L_0 = \ln V", r"\ln @num_classes = @tell", lambda v, k: float(np.log(v)))
TELLS: Mapping[str, Tell] = {
    "healthy": _START,
    "bad_start": _START,
    "fast": _START,
    "shuffled": _START,
    "rising": _START,
    "twice": Tell(
        "ln(1 + (V − 1)/e)",
        r"\min L = \ln\left(1 + \frac{V - 1}{e}\right)",
        r"\ln\left(1 + \frac{@num_classes - 1}{e}\right) = @tell",
        lambda v, k: float(np.log1p((v - 1) / np.e)),
    ),
    "epsilon": Tell(
        "−ln ε",
        r"\max L = -\ln \varepsilon, \qquad \frac{\partial L}{\partial z} = 0",
        r"-\ln 10^{-7} = @tell",
        lambda v, k: CEILING,
    ),
    "sampled": Tell(
        "ln(1 + k)", r"L_0 = \ln(1 + k)", r"\ln(1 + @num_sampled) = @tell", lambda v, k: float(np.log1p(k))
    ),
    "nce": Tell(
        "ln(1 + k/V) + k ln(1 + V/k)",
        r"L_0 = \ln\left(1 + \frac{k}{V}\right) + k \ln\left(1 + \frac{V}{k}\right)",
        r"k = @num_sampled, \; V = @num_classes: \quad L_0 = @tell",
        _nce_start,
    ),
    "hit": Tell(
        "ln 2",
        r"\min L = \ln \frac{e^{z_y} + e^{z_y}}{e^{z_y}}",
        r"\ln 2 = @tell",
        lambda v, k: float(np.log(2)),
    ),
    "unshifted": Tell("H", r"L \ge H(\text{text})", r"H = @tell", lambda v, k: faulty.recipe("unshifted").entropy),
    "ignored": Tell(
        "NaN", r"L = \frac{\sum_{kept} L_i}{\sum_{kept} 1}", r"\frac{0}{0} = \text{NaN}", lambda v, k: np.nan
    ),
    "float16": Tell(
        "NaN", r"\frac{e^{z}}{\sum e^{z}} = \frac{\infty}{\infty} = \text{NaN}", r"z > @edge", lambda v, k: np.nan
    ),
    "range": Tell("NaN", r"y \in \{0, \dots, V - 1\}", r"y = @num_classes", lambda v, k: np.nan),
}


class Trained(NamedTuple):
    """A training with a fault and the same without it; accuracies only where the fault is seen in them."""

    losses: Array
    mended: Array
    accuracies: Array
    mended_accuracies: Array


@cache
def _stored() -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    return stored


@lru_cache(maxsize=64)
def trained(fault: str, seed: int = 0) -> Trained:
    """The stored training, or for any seed but 0 a new one."""
    if seed:
        with_fault, without = (faulty.train(fault, mended=mended, seed=seed) for mended in (False, True))
        return Trained(with_fault.losses, without.losses, with_fault.accuracies, without.accuracies)
    runs = [_stored()[fault][name] for name in ("faulty", "mended")]
    losses, accuracies = ([np.array(run.get(what, [None]), float) for run in runs] for what in ("losses", "accuracies"))
    return Trained(*losses, *accuracies)


def _numbers(fault: str) -> dict[str, Any]:
    """What the words and formulas say of a training with a fault."""
    made = faulty.recipe(fault)
    return {
        "num_classes": str(made.num_classes),
        "num_sampled": str(made.num_sampled),
        "ln_v": float(np.log(made.num_classes)),
        "tell": TELLS[fault].value(made.num_classes, made.num_sampled or np.nan),
        "edge": core.exp_overflow("float16"),
    }


def _picture(
    losses: Mapping[str, Array], signs: Mapping[str, float], *, highest: float | None = None, sign: str = "L"
) -> Figure:
    """Curves over the steps, the first as a full line, and dashed lines at numbers; a dot where the first is NaN."""
    first = next(iter(losses.values()))
    every = np.concatenate([*losses.values(), [value for value in signs.values() if value < 1e3]])
    every = every[np.isfinite(every)]
    top = highest or 1.06 * float(every.max(initial=1e-3))
    last = max(len(values) for values in losses.values()) - 1.0
    lines = []
    for number, (text, values) in enumerate(losses.items()):
        stride = -(-len(values) // MOST_DRAWN)
        steps = np.arange(0, len(values), stride)
        drawn = np.where(values[steps] <= top, values[steps], np.nan)
        lines.append(line(text, steps, drawn, "loss" if number == 0 else "prob"))
    for text, value in signs.items():
        if np.isfinite(value) and value <= top:
            role: Role = "logit" if text == "ln V" else "exp"
            lines.append(line(f"{text} = {fmt(value)}", [0, last], [value, value], role, dash=True))
    dots = []
    missing = np.flatnonzero(~np.isfinite(first))
    if missing.size:
        at = int(missing[0])
        height = float(first[at - 1]) if at and first[at - 1] <= top else top / 2
        dots.append(dot("NaN", at, height))
    return curve(axis("n", 0.0, last), axis(sign, min(0.0, float(every.min(initial=0.0))), top), lines, dots)


# ---- the steps ----


@dataclass(frozen=True)
class Chosen:
    """What the learner set in the three steps."""

    curve: int = 0
    guess: str = OPEN
    fault: str = "ignored"
    mended: bool = False
    run: int = 0
    pasted: str | None = None
    num_classes: str = "10"
    num_sampled: str = ""


DEFAULT = Chosen()


def hidden(number: int) -> str:
    """The fault of a curve without a name: each comes once before one comes again."""
    turn, place = divmod(number, len(FAULTS))
    return FAULTS[int(np.random.default_rng(turn).permutation(len(FAULTS))[place])]


@lru_cache(maxsize=256)
def options(number: int) -> tuple[str, ...]:
    """The true name of a curve among others, none of which its losses could have, too."""
    fault = hidden(number)
    made = faulty.recipe(fault)
    fitting = {fit.fault for fit in fits(trained(fault).losses, made.num_classes, made.num_sampled or np.nan)}
    rng = np.random.default_rng([1, number])
    others = [other for other in FAULTS if other not in {*fitting, fault}]
    some = [fault, *rng.permutation(others)[: NUM_OPTIONS - 1].tolist()]
    return (OPEN, *rng.permutation(some).tolist())


def following(number: int) -> dict[str, Any]:
    """The controls for the next curve, which has no name yet."""
    return {"fp_curve": float((number + 1) % (LAST_CURVE + 1)), "fp_guess": OPEN}


def once_more(run: int) -> dict[str, Any]:
    """The controls for another training."""
    return {"fp_run": float((run + 1) % (LAST_RUN + 1))}


def name(chosen: Chosen) -> Step:
    """A curve without its name; once it has one, the line that gives it away."""
    fault = hidden(chosen.curve)
    numbers, run = _numbers(fault), trained(fault)
    guess = chosen.guess if chosen.guess in options(chosen.curve) else OPEN
    if guess == OPEN:
        return Step("name", numbers=numbers, figures=(_picture({"L": run.losses}, {"ln V": numbers["ln_v"]}),))
    right = guess == fault
    notes = [Note("finding-named" if right else "finding-misnamed"), _said(fault)]
    losses = {fault: run.losses} if right else {fault: run.losses, guess: trained(guess).losses[: len(run.losses)]}
    alone = _picture({fault: run.losses}, _signs(fault))
    figures = [_picture(losses, _signs(fault), highest=alone["y"]["hi"]), *_accuracy({fault: run.accuracies})]
    return Step("name", numbers=numbers, figures=tuple(figures), notes=tuple(notes))


def mend(chosen: Chosen) -> Step:
    """A fault, and the same training without it."""
    fault = chosen.fault
    run = trained(fault, chosen.run)
    losses, accuracies = {fault: run.losses}, {fault: run.accuracies}
    if chosen.mended:
        losses |= {"✓": run.mended}
        accuracies |= {"✓": run.mended_accuracies}
    numbers = _numbers(fault)
    return Step(
        "mend",
        TELLS[fault].formula,
        TELLS[fault].worked,
        {name: value for name, value in numbers.items() if value == value},
        (_picture(losses, _signs(fault)), *_accuracy(accuracies)),
        (_said(fault),),
    )


def _signs(fault: str) -> dict[str, float]:
    """ln V, and the line that gives a fault away."""
    numbers = _numbers(fault)
    return {"ln V": numbers["ln_v"], TELLS[fault].sign: numbers["tell"]}


def _accuracy(accuracies: Mapping[str, Array]) -> tuple[Figure, ...]:
    seen = {text: values for text, values in accuracies.items() if np.isfinite(values).any()}
    return (_picture(seen, {}, highest=1.0, sign="argmax z = y"),) if seen else ()


def _said(fault: str) -> Note:
    return Note(f"finding-fp_{fault}", {"item": str(ITEMS[fault])} if fault in ITEMS else {})


# ---- a curve of one's own ----

_NUMBER = r"[-+]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:e[-+]?\d{1,4})?|nan|inf(?:inity)?|null|none"
_LOGGED = re.compile(
    r"(?<![a-z0-9_/])(?:(?:train|training|batch|mean|avg|running)[_/ .-])?loss['\"`]?[ \t]{0,8}[:=]?[ \t]{0,8}"
    rf"(?:tensor\()?({_NUMBER})(?![\w.])",
    re.IGNORECASE,
)
_HISTORY = re.compile(r"['\"](?:train_)?loss['\"]\s{0,8}:\s{0,8}(\[[^][]*\])", re.IGNORECASE)


def read_curve(text: str) -> Array:
    """The losses in a text, as they were pasted.

    Args:
        text: numbers, one a line or between commas; a table with a column of losses; JSON; a Keras history; or a log
            in which each line says `loss: 2.31`.

    Returns:
        Losses, [num_values]; NaN where there was none.

    Raises:
        PasteError: there is no curve in it.

    Example:
        >>> read_curve("Epoch 1/3 - loss: 2.31 - val_loss: 2.4\\nEpoch 2/3 - loss: nan\\n" + "loss=1.5\\n" * 3)
        array([2.31,  nan, 1.5 , 1.5 , 1.5 ])
        >>> read_curve("step,loss\\n0,2.3\\n10,1.9\\n20,1.7\\n30,1.6\\n40,1.5")
        array([2.3, 1.9, 1.7, 1.6, 1.5])
    """
    if len(text) > MAX_CHARACTERS:
        raise PasteError("size", text=str(len(text)))
    history = _HISTORY.search(text)
    logged = [] if history else _LOGGED.findall(text)
    if logged:
        values = np.array([float("nan") if word.lower() in ("null", "none") else float(word) for word in logged])
    else:
        values = _column(text, read(history.group(1) if history else text).array.astype(float))
    if len(values) > MAX_NUMBERS:
        raise PasteError("many", text=str(len(values)))
    if len(values) < FEWEST:
        raise PasteError("few", text=str(len(values)))
    return np.where(np.abs(values) <= LARGEST, values, np.where(np.isnan(values), np.nan, np.inf))


def _column(text: str, array: Array) -> Array:
    """The losses of a table: the column whose heading says so, or the last."""
    array = array.squeeze()
    if array.ndim < 2:
        return array.reshape(-1)
    if array.ndim > 2:
        raise PasteError("axes", text="×".join(map(str, array.shape)))
    heading = [cell.strip(" '\"").lower() for cell in re.split(r"[\t;,]", text.lstrip().split("\n", 1)[0])]
    heading = heading[-array.shape[1] :]
    losses = [n for n, cell in enumerate(heading) if "loss" in cell or cell == "value"]
    return array[:, min(losses, key=lambda n: "val" in heading[n] and heading[n] != "value", default=-1)]


class Fit(NamedTuple):
    """A fault that losses could come from, and why: codes of reasons, with their numbers."""

    fault: str
    reasons: tuple[tuple[str, Mapping[str, Any]], ...]


def fits(losses: Array, num_classes: float, num_sampled: float) -> list[Fit]:
    """The faults whose mark is in the losses, each with its reasons; none if there is none.

    Args:
        losses: [num_values], at least one.
        num_classes: V, or NaN if it is not known; then nothing that needs it fits.
        num_sampled: k, or NaN for a loss over all classes, or if it is not known.

    Returns:
        Fits; `healthy` only if nothing else fits.

    Example:
        >>> [fit.fault for fit in fits(trained("twice").losses, 10, np.nan)]
        ['twice']
        >>> fits(trained("twice").losses + 1, 10, np.nan)
        []
    """
    return list(_nan_fits(losses)) or list(_fits(losses, num_classes, num_sampled))


def _nan_fits(losses: Array) -> Iterator[Fit]:
    """What a NaN says: at once, now and then, or from somewhere on."""
    missing = np.flatnonzero(~np.isfinite(losses))
    if missing.size:
        at = int(missing[0])
        numbers = {"at": str(at + 1), "count": str(missing.size), "total": str(losses.size)}
        goes_on = missing.size < losses.size - at
        yield Fit("ignored" if goes_on else "range" if at == 0 else "float16", (("nan", numbers),))


def _fits(losses: Array, num_classes: float, num_sampled: float) -> Iterator[Fit]:
    first, largest, total = float(losses[0]), float(losses.max()), len(losses)
    end = float(losses[-max(1, total // 5) :].mean())
    width = max(1, total // 20)
    smooth = np.convolve(losses, np.full(width, 1 / width), "valid")
    low, low_at = float(smooth.min()), int(smooth.argmin())
    jump = float(np.abs(np.diff(losses[total // 2 :])).mean())
    guess = float(np.log(num_classes))
    starts_low, falls = first <= 1.1 * guess, end < 0.8 * first

    def tell(fault: str) -> float:
        return TELLS[fault].value(num_classes, num_sampled)

    def near(reason: str, value: float, fault: str) -> tuple[str, Mapping[str, Any]]:
        return reason, {"value": value, "sign": TELLS[fault].sign, "tell": tell(fault)}

    found = []
    start = near("start", first, "healthy")
    if starts_low and -0.01 < end - tell("twice") < 0.08 and losses.min() > tell("twice") - 0.005 and falls:
        found.append(Fit("twice", (start, near("end", end, "twice"))))
    if any(abs(end / (CEILING * share) - 1) < 0.015 for share in (1.0, 1 - 1 / num_classes)):
        found.append(Fit("epsilon", (near("end", end, "epsilon"),)))
    if -0.01 < end - tell("hit") < 0.15 and losses.min() > tell("hit") - 0.005 and abs(first - tell("sampled")) < 0.1:
        found.append(Fit("hit", (near("start", first, "sampled"), near("end", end, "hit"))))
    elif abs(first / tell("sampled") - 1) < 0.03 and abs(tell("sampled") - guess) > 0.1 and falls:
        found.append(Fit("sampled", (near("start", first, "sampled"), start)))
    many = abs(first / tell("nce") - 1) < 0.05 if np.isfinite(num_sampled) else first > max(100, 20 * guess)
    if many:
        found.append(Fit("nce", (near("start", first, "nce") if np.isfinite(num_sampled) else start,)))
    elif first > 1.5 * guess and end < 0.5 * first:
        found.append(Fit("bad_start", (start,)))
    below = np.flatnonzero(losses < LOW)
    if starts_low and end < 0.02 and below.size and below[0] < total / 2:
        found.append(
            Fit("unshifted", (("soon", {"at": str(int(below[0]) + 1), "total": str(total), "below": LOW, "end": end}),))
        )
    if np.abs(losses / guess - 1).max() < 0.12 and abs(end / guess - 1) < 0.05:
        found.append(Fit("shuffled", (start, near("end", end, "shuffled"))))
    jumpy = jump > 0.15 * guess
    if jumpy and 1.3 * first < largest and first < 1.5 * guess:
        found.append(Fit("fast", (("jumps", {"jump": jump, "largest": largest, "first": first}),)))
    turn = {"low": low, "at": str(low_at + 1), "end": end}
    if not jumpy and 0 < low_at < 0.8 * total and end - low > max(0.1, 0.15 * low) and jump < 0.3 * (end - low):
        found.append(Fit("rising", (("turn", turn),)))
    if not found and starts_low and falls and not jumpy and end - low < 0.15 * guess:
        found.append(Fit("healthy", (start, ("falls", {"end": end}))))
    yield from found


def count(text: str) -> float:
    """A number of classes as it was typed; NaN if it is none.

    >>> count("50,257"), count("1e4"), count("ten"), count("1")
    (50257.0, 10000.0, nan, nan)
    """
    try:
        value = float(text[:20].replace(",", "").replace("_", "").replace(" ", ""))
    except ValueError:
        return np.nan
    return float(round(value)) if 2 <= value <= 1e9 else np.nan


@cache
def example() -> str:
    """What can be pasted: a log of every tenth step of the stored training with two softmaxes."""
    losses = trained("twice").losses
    return "\n".join(f"step {step}: loss {losses[step]:.4f}" for step in range(0, len(losses), 10))


def compare(chosen: Chosen) -> Step:
    """The learner's curve, and the faults that it could come from."""
    num_classes, num_sampled = count(chosen.num_classes), count(chosen.num_sampled)
    guess = float(np.log(num_classes))
    try:
        losses = read_curve(example() if chosen.pasted is None else chosen.pasted)
    except PasteError as error:
        at = {"box_code": "loss", "line": str(error.line), "column": str(error.column)}
        said = at | {"text_code": error.text.replace("`", "'").strip() or " "}
        return Step("compare", notes=(Note(f"finding-error_{error.code}", said), Note("finding-curve_works")))
    found = fits(losses, num_classes, num_sampled)
    notes = [] if np.isfinite(guess) else [Note("finding-no_classes")]
    signs = {"ln V": guess}
    for fit in found:
        notes += [_said(fit.fault), *(Note(f"finding-because_{code}", numbers) for code, numbers in fit.reasons)]
        if fit.fault != "unshifted":  # the entropy of the learner's text is not known
            signs[TELLS[fit.fault].sign] = TELLS[fit.fault].value(num_classes, num_sampled)
    if not found:
        notes.append(Note("finding-no_fit", {"first": losses[0], "last": losses[-1]}))
    return Step("compare", figures=(_picture({"L": losses}, signs),), notes=tuple(notes))


def questions() -> list[Question]:
    """Before a fault is mended: what one batch without labels does to all that follow."""
    losses = trained("ignored").losses
    missing = np.flatnonzero(np.isnan(losses))
    return [Question("mend", 1 if np.isfinite(losses[missing[0] :]).any() else 0, {"last": losses[-1]})]


def challenges(chosen: Chosen) -> list[Challenge]:
    """A curve that was named."""
    return [Challenge("named", chosen.guess == hidden(chosen.curve), at="name")]
