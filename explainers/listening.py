"""What a model of tunes says of the next character: to choose it, to hear what was chosen, and to be surprised by it.

Steps of the lesson `sequence`; items 24 and 26.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import core
import music
from core.checks import Ints
from core.choosing import choose as draw
from core.choosing import generate, next_probs
from explainers import tunes
from explainers.figures import axis, bars, column, curve, dot, letters, line, nice_bound, roll, visible
from explainers.step import Array, Challenge, Figure, Question, Step, fmt, latex_name

MODEL = "lstm"
HELD_OUT = tunes.VALIDATION
"""tunes that the model has not read"""
LONGEST = max(map(len, HELD_OUT))
KINDS = ("reel", "jig", "hornpipe", "polka", "waltz")
KEYS = tunes.KEYS[:6]
EXAMPLES = dict(
    zip(("begun", "faulty"), music.split((tunes.PLACE / "own.abc").read_text(encoding="utf-8")), strict=True)
)
"""to be pasted: a tune that is only begun, and one with faults"""
NUM_CLASSES = len(tunes.VOCABULARY)
BEGINNING = "\n\n"
"""what stands before every tune; the model reads it first, so that it has an opinion on the first character, too"""
NUM_SHOWN = 12
"""how many candidates have a bar of their own"""
NUM_DRAWS = 1000
VISIBLE = 0.005
"""a difference of probabilities that shows in a bar"""
PIECE, GREEDY_LENGTH = 24, 400
"""how long a stretch of text is that may come back, and how much is written to see it"""
DEEP_RED = 8.0
"""bits from which on a tile is not tinted any deeper"""
TEMPERATURES = {"cold": 0.2, "usual": 0.7, "hot": 1.5}
"""those that are a press away, and at which data/tunes/count.py counts"""
BASES = ("bits", "nats")
VERY_SURPRISED = 10.0
"""bits"""
MOST_PASTED, MOST_NAMED = 4000, 8
"""how many characters a pasted text may have, and how many of those that are unknown are named"""
LONGEST_WRITTEN = 500
"""characters after which the model is stopped, if it has not ended the tune"""
RATE = 11_025
"""samples of sound a second"""
WRONG = ("short", "long")
"""bars that do not add up"""
MANY, FEW = 256, 16
"""how many calls are remembered: those that answer with a line of text or numbers, and those with up to 1.3 MB"""


class Sampling(NamedTuple):
    """How the next character is chosen; made by `sampling`, so that it can be looked up."""

    temperature: float
    top_k: int
    top_p: float
    seed: int


def sampling(temperature: float = 0.7, top_k: int = NUM_CLASSES, top_p: float = 1.0, seed: int = 0) -> Sampling:
    """What the sliders say, rounded to their steps."""
    return Sampling(round(temperature, 2), top_k, round(top_p, 2), seed)


class Settings(NamedTuple):
    """What the controls of these steps say."""

    tune: int = 9
    """place in HELD_OUT"""
    at: int = 70
    """position in that tune; its end, if it is shorter"""
    kind: str = KINDS[0]
    key: str = KEYS[0]
    how: Sampling = sampling()
    base: str = BASES[0]
    pasted: str = EXAMPLES["begun"]

    @property
    def text(self) -> str:
        """The tune that is read."""
        return HELD_OUT[self.tune]

    @property
    def place(self) -> int:
        """The position, within the tune."""
        return min(self.at, len(self.text) - 1)


DEFAULT = Settings()


class Scored(NamedTuple):
    """A text and what the model expected at each of its characters."""

    ids: Ints
    """[num_characters]"""
    logits: Array
    """of each character, given those before it, float32, [num_characters, num_classes]"""
    losses: Array
    """−ln p of each character, nats, [num_characters]"""


@lru_cache(FEW)
def scored(text: str) -> Scored:
    """Let the model read a text, character by character: each one is the label of the logits before it."""
    ids = tunes.encode(BEGINNING + text)
    rows, _ = tunes.model(MODEL).logits(ids[None, :-1])
    logits, labels = rows[0, len(BEGINNING) - 1 :], ids[len(BEGINNING) :]
    return Scored(labels, logits, core.sparse_cross_entropy(logits, labels).astype(float))


@lru_cache(MANY)
def next_logits(text: str) -> Array:
    """The logits of what comes after a text, [num_classes]."""
    rows, _ = tunes.model(MODEL).logits(tunes.encode(BEGINNING + text)[None])
    last: Array = rows[0, -1].astype(float)
    return last


@lru_cache(MANY)
def continued(text: str, how: Sampling, length: int, *, stop: bool = True) -> str:
    """What the model writes after a text, up to the empty line that ends a tune."""
    ids = generate(
        tunes.model(MODEL),
        tunes.encode(text),
        length,
        np.random.default_rng(how.seed),
        temperature=how.temperature,
        top_k=how.top_k,
        top_p=how.top_p,
        stop=tunes.encode(BEGINNING).tolist() if stop else (),
    )
    return tunes.decode(ids)


def title_of(tune: str) -> str:
    """What stands in its line T:."""
    return next((row[2:].strip() for row in tune.splitlines() if row.startswith("T:")), "")


def pieces(text: str) -> tuple[int, int]:
    """How many stretches of PIECE characters a text has, and how many of them are different."""
    found = [text[start : start + PIECE] for start in range(len(text) - PIECE + 1)]
    return len(found), len(set(found))


class Candidates(NamedTuple):
    """The likeliest characters, the true one among them, and all others together."""

    ids: npt.NDArray[np.intp]
    rest: npt.NDArray[np.intp]
    names: tuple[str, ...]
    label: int

    def joined(self, values: Array) -> Array:
        """Numbers that add up, [num_classes], with all others as the last."""
        return np.append(values[self.ids], values[self.rest].sum())


def candidates(logits: Array, label: int, count: int = NUM_SHOWN) -> Candidates:
    """Of [num_classes] logits, the `count` largest, the label in the place of the last if it is not among them."""
    order = np.argsort(-logits, kind="stable")
    ids = order[:count]
    if label not in ids:
        ids = np.append(ids[:-1], label)
    names = tuple(visible(tunes.VOCABULARY[i]) for i in ids)
    return Candidates(ids, np.setdiff1d(order, ids), (*names, f"+{NUM_CLASSES - count}"), ids.tolist().index(label))


def choose(settings: Settings) -> Step:
    """One row of logits: what temperature, top-k and top-p make of it, and a thousand draws."""
    text, at, how = settings.text, settings.place, settings.how
    logits, label = next_logits(text[:at]), int(tunes.encode(text[at])[0])
    warm = next_probs(logits, temperature=how.temperature)
    top_k = next_probs(logits, temperature=how.temperature, top_k=how.top_k)
    probs = next_probs(logits, temperature=how.temperature, top_k=how.top_k, top_p=how.top_p)
    draws = draw(np.tile(probs, (NUM_DRAWS, 1)), np.random.default_rng(how.seed))
    drawn, counts = int(draws[0]), np.bincount(draws, minlength=NUM_CLASSES)
    sign = visible(tunes.VOCABULARY[drawn])
    shown = candidates(logits, label)
    z = np.append(logits[shown.ids], core.logsumexp(logits[shown.rest]))
    joined = shown.joined
    crown = int(np.argmax(logits[shown.ids]))
    greedy = continued(BEGINNING + text[:at], sampling(0.0), GREEDY_LENGTH, stop=False)
    random = continued(BEGINNING + text[:at], sampling(1.0), GREEDY_LENGTH, stop=False)
    num_pieces, different = pieces(greedy)
    kept_mass = warm[probs > 0].sum()
    return Step(
        "choose",
        r"\tilde p_i = \frac{p_i(T)}{\sum_{j \in K} p_j(T)} \;\; (i \in K), \qquad \tilde p_i = 0 \;\; (i \notin K)",
        r"\tilde p_{@drawn_tex} = \frac{@warm}{@kept_mass} = @p_drawn",
        {
            "title": title_of(text),
            "at": str(at),
            "y": visible(text[at]),
            "best": shown.names[crown],
            "drawn": sign,
            "drawn_tex": latex_name(sign),
            "warm": warm[drawn],
            "p_drawn": probs[drawn],
            "kept_mass": kept_mass,
            "num_kept": str(int((probs > 0).sum())),
            "num_classes": str(NUM_CLASSES),
            "num_draws": str(NUM_DRAWS),
            "count": str(int(counts[drawn])),
            "piece": str(PIECE),
            "pieces": str(num_pieces),
            "different": str(different),
            "different_random": str(pieces(random)[1]),
        },
        (
            letters(text[:at] + tunes.VOCABULARY[drawn], at=at),
            bars(
                shown.names,
                column("z", z, "logit"),
                column("p (T = 1)", joined(core.softmax(logits)), "prob", bound=1.0),
                column("p (T)", joined(warm), "prob", bound=1.0),
                label=shown.label,
                crown=crown,
            ),
            bars(
                shown.names,
                column("top-k", joined(top_k), "prob", bound=1.0, ghost=before(joined(warm), joined(top_k))),
                column("top-p", joined(probs), "prob", bound=1.0, ghost=before(joined(top_k), joined(probs))),
                column("n", joined(counts.astype(float)), "exp", bound=NUM_DRAWS),
                label=shown.label,
                crown=crown,
            ),
            letters(greedy[-GREEDY_LENGTH * 3 // 4 :], title="argmax"),
        ),
    )


def before(values: Array, after: Array) -> Array:
    """What a bar was before a cut, for its outline; 0, which draws none, where nothing changed that can be seen."""
    return np.where(np.abs(values - after) < VISIBLE, 0.0, values)


def surprise(settings: Settings) -> Step:
    """Items 24 and 26: the loss of each character, their mean, and a fair die with that many faces."""
    text, at = settings.text, settings.place
    read = scored(text)
    logits = read.logits[at].astype(float)
    shown = candidates(logits, int(read.ids[at]))
    shared = shown.joined(core.softmax(logits))
    in_bits = settings.base == "bits"
    unit, log, sign, base = (1 / np.log(2), r"\log_2", "−log₂ p", "2") if in_bits else (1.0, r"\ln", "−ln p", "e")
    return Step(
        "surprise",
        rf"L_t = -{log} p(y_t) \qquad \text{{PPL}} = {base}^{{\frac{{1}}{{N}} \sum_t L_t}}",
        rf"L_{{@at}} = -{log} @p_y = @loss \qquad \text{{PPL}} = e^{{@mean}} = 2^{{@bits}} = @perplexity",
        {
            "title": title_of(text),
            "at": str(at),
            "y": visible(text[at]),
            "p_y": shared[shown.label],
            "loss": read.losses[at] * unit,
            "loss_bits": read.losses[at] / np.log(2),
            "loss_nats": read.losses[at],
            **summary(read.losses),
        },
        (
            tinted(text, read.losses, at=at),
            bars(
                shown.names,
                column("p", shared, "prob", bound=1.0),
                column(sign, -np.log(shared) * unit, "loss"),
                label=shown.label,
            ),
            by_position(read.losses * unit, sign, np.log(NUM_CLASSES) * unit, at),
        ),
    )


def summary(losses: Array) -> dict[str, Any]:
    """The losses of a text in all its units, and the two orders of exp and mean."""
    mean = float(losses.mean())
    return {
        "num_characters": str(len(losses)),
        "num_classes": str(NUM_CLASSES),
        "total": losses.sum(),
        "mean": mean,
        "bits": mean / np.log(2),
        "perplexity": np.exp(mean),
        "mean_of_exp": np.exp(losses).mean(),
        "uniform": np.log(NUM_CLASSES),
        "uniform_bits": np.log2(NUM_CLASSES),
    }


def tinted(text: str, losses: Array, *, at: int | None = None, wrong: Iterable[int] = ()) -> Figure:
    """A text whose characters are the deeper red the more they surprised the model."""
    bits = losses / np.log(2)
    said = [f"{place}: {visible(text[place])} −log₂ p = {fmt(b)}" for place, b in enumerate(bits)]
    return letters(text, bits / DEEP_RED, title="−log₂ p", titles=said, at=at, wrong=wrong)


def by_position(losses: Array, sign: str, uniform: float, at: int) -> Figure:
    """The loss of each character, the mean so far, and the line of a model that knows nothing."""
    places = np.arange(len(losses))
    means = np.cumsum(losses) / (places + 1)
    last = float(len(losses) - 1)
    return curve(
        axis("t", 0.0, last),
        axis("L", 0.0, max(nice_bound(losses), 1.5 * uniform)),
        [
            line(sign, places, losses, "loss"),
            line("(1/t) Σ L", places, means, "exp"),
            line("ln V" if sign == "−ln p" else "log₂ V", [0.0, last], uniform, "logit", dash=True),
        ],
        [dot(fmt(losses[at]), at, losses[at])],
    )


def written(settings: Settings) -> str:
    """A tune: the header that the learner chose, and what the model writes under it."""
    header = tunes.header(settings.kind, settings.key)
    return (header + continued(header, settings.how, LONGEST_WRITTEN)).strip("\n")


@lru_cache(FEW)
def read_abc(text: str) -> music.Tune | music.AbcError:
    """What a reader of ABC notation makes of a text, or why it cannot."""
    try:
        return music.parse(text)
    except music.AbcError as error:
        return error


def playable(text: str) -> music.Tune:
    """The tune in a text, up to where it can no longer be read."""
    while isinstance(read := read_abc(text), music.AbcError):
        text = text[: read.position]
    return read


def wrong_places(text: str) -> list[int]:
    """The positions of all that is not as it should be: bars that are not full, and where reading stopped."""
    read = read_abc(text)
    stopped = [read.position] if isinstance(read, music.AbcError) else []
    return [place for bar in playable(text).bars if bar.fit in WRONG for place in range(*bar.span)] + stopped


def piano_roll(text: str) -> Figure:
    """The notes of a text over time."""
    read = playable(text)
    sounds = music.roll(read)
    measures = [(float(bar.start), float(bar.start + bar.length), bar.fit in WRONG) for bar in read.bars]
    return roll(sounds.starts, sounds.lengths, sounds.pitches, measures)


def sound(text: str) -> bytes:
    """A text in ABC notation as a WAV file."""
    return music.wav(music.synthesize(playable(text), sample_rate=RATE), RATE)


class Counted(NamedTuple):
    """Whether a tune holds together, 1 or 0, and how many of its bars do; or the sums of these over several tunes."""

    complete: int
    full: int
    num_bars: int


def counted(text: str) -> Counted:
    """Read a tune and count its bars; one that cannot be read to its end is not complete."""
    read, bars_of = read_abc(text), playable(text).bars
    complete = isinstance(read, music.Tune) and read.complete
    return Counted(int(complete), sum(bar.fit not in WRONG for bar in bars_of), len(bars_of))


def nth(number: int, temperature: float) -> Settings:
    """One of the tunes that data/tunes/count.py counts: kinds and keys in turn."""
    how = sampling(temperature, seed=number)
    return Settings(kind=KINDS[number % len(KINDS)], key=KEYS[number % len(KEYS)], how=how)


@cache
def counts() -> dict[str, list[Counted]]:
    """What data/tunes/count.py counted, by temperature; `real` are the tunes held out."""
    stored = json.loads((tunes.PLACE / "counts.json").read_text(encoding="utf-8"))
    return {name: [Counted(*row) for row in rows] for name, rows in stored.items()}


def listen(settings: Settings) -> Step:
    """A tune as text, as notes over time and as sound; and how many tunes hold together at three temperatures."""
    text = written(settings)
    told = counted(text)
    sums = {name: Counted(*(sum(part) for part in zip(*rows, strict=True))) for name, rows in counts().items()}
    return Step(
        "listen",
        r"y_{t+1} \sim \operatorname{softmax}(z_t / T), \qquad z_t = f(y_1, \dots, y_t)",
        numbers={
            "metre": tunes.KINDS[settings.kind],
            "num_read": str(sum(f"\nM:{tunes.KINDS[settings.kind]}\n" in tune for tune in tunes.TRAINING)),
            "num_bars": str(told.num_bars),
            "full": str(told.full),
            "num_tunes": str(len(counts()["usual"])),
            "num_real": str(len(counts()["real"])),
            **{f"{name}_{part}": str(value) for name, row in sums.items() for part, value in row._asdict().items()},
        },
        figures=(letters(text, wrong=wrong_places(text)), piano_roll(text)),
    )


def faults(text: str) -> list[tuple[str, dict[str, Any]]]:
    """What is wrong with a pasted text: a code each, and the numbers for its words."""
    text = pasted_text(text)
    if not text:
        return [("empty", {})]
    if len(text) > MOST_PASTED:
        return [("long", {"length": str(len(text)), "most": str(MOST_PASTED)})]
    found: list[tuple[str, dict[str, Any]]] = []
    unknown = unknown_characters(text)
    if unknown:
        first = {text[place]: place for place in reversed(unknown)}
        named = [f"{code(character)} ({place})" for character, place in sorted(first.items(), key=lambda i: i[1])]
        shown = ", ".join(named[:MOST_NAMED]) + (f" … ({len(named)})" if len(named) > MOST_NAMED else "")
        found.append(("unknown", {"found": shown, "vocabulary": code(tunes.VOCABULARY)}))
    read = read_abc(text)
    if isinstance(read, music.AbcError):
        return [*found, (read.code, {"position": str(read.position), "text": code(read.found)})]
    if not read.notes:
        found.append(("silent", {}))
    missing = [field for field in read.missing if field in "XMK"]
    if missing or "order" in read.missing:
        found.append(("header", {"missing": ", ".join(map(code, missing or "XMK"))}))
    return found


def code(text: str) -> str:
    r"""Text of the learner's as it stands, which Markdown is not to touch.

    >>> code("a*b"), code("a`b"), code("x\ny")
    ('`a*b`', '`a b`', '`x↵y`')
    """
    return f"`{''.join(map(visible, text.replace('`', ' ')))}`"


def pasted_text(text: str) -> str:
    """A pasted text without empty lines around it, and with line ends of one kind."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip("\n ")


def unknown_characters(text: str) -> list[int]:
    """The positions of the characters that the model has no logit for."""
    return [place for place, character in enumerate(text) if character not in tunes.VOCABULARY]


def finished(settings: Settings) -> str:
    """A pasted text and how the model goes on from it; the text alone if the model cannot read it."""
    text = pasted_text(settings.pasted)
    if not 0 < len(text) <= MOST_PASTED or unknown_characters(text):
        return text[:MOST_PASTED]
    return (text + continued(BEGINNING + text, settings.how, LONGEST_WRITTEN)).rstrip("\n")


def own(settings: Settings) -> Step:
    """A tune of the learner's own: scored, and continued."""
    text, whole = pasted_text(settings.pasted)[:MOST_PASTED], finished(settings)
    unknown = unknown_characters(text)
    numbers = {"most": str(MOST_PASTED), "num_classes": str(NUM_CLASSES)}
    formula = r"\text{PPL} = e^{\frac{1}{N} \sum_t L_t}"
    if not text or unknown:
        return Step("own", formula, "", numbers, (letters(text, wrong=unknown), piano_roll(text)))
    losses, wrong = scored(text).losses, wrong_places(whole)
    pictures = (
        tinted(text, losses, wrong=[place for place in wrong if place < len(text)]),
        letters(
            whole[len(text) :],
            title=f"T = {fmt(settings.how.temperature)}",
            wrong=[place - len(text) for place in wrong if place >= len(text)],
        ),
    )
    worked = r"\text{PPL} = e^{@mean} = 2^{@bits} = @perplexity"
    return Step("own", formula, worked, numbers | summary(losses), (*pictures, piano_roll(whole)))


def questions() -> list[Question]:
    """What is asked before a step is shown."""
    greedy = continued(BEGINNING + DEFAULT.text[: DEFAULT.place], sampling(0.0), GREEDY_LENGTH, stop=False)
    total, different = pieces(greedy)
    outcome = 2 if len(set(greedy)) == 1 else int(different < 0.75 * total)
    return [
        Question("choose", outcome, {"piece": str(PIECE), "pieces": str(total), "different": str(different)}),
    ]


def challenges(settings: Settings) -> list[Challenge]:
    """What the learner is asked to reach with the controls."""
    bits = float(scored(settings.text).losses[settings.place] / np.log(2))
    hot = counted(written(settings))
    return [
        Challenge(
            "hot",
            settings.how.temperature >= 1 and hot.complete == 1 and hot.full == hot.num_bars,
            {"full": str(hot.full), "num_bars": str(hot.num_bars)},
            at="listen",
        ),
        Challenge("surprise", bits > VERY_SURPRISED, {"wanted": VERY_SURPRISED, "bits": bits}, at="surprise"),
    ]
