"""What a learner has done in all lessons, as a short code, and what there is to do.

A deed is `<group>/<key>`: `softmax/ask-odds` is a question that was answered before its step was shown,
`softmax/challenge-twice` a challenge that was done, `quiz/7` the item that was right when it was last asked, and
`missed/7` one that was wrong. The code has one number for each group, a bit for each key in the order of the prose:
`softmax.1f~quiz.3`. It names nobody, and whoever changes it deceives but himself.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from explainers import LANGUAGES, LESSONS
from explainers.presets import DEFAULT
from explainers.quiz import ITEMS, lesson
from explainers.step import Challenge, Live, Question, fill
from explainers.table import csv_text
from explainers.text import prose
from explainers.worksheet import Lesson

QUIZ, MISSED = "quiz", "missed"
LONGEST = 1000
"""characters of a code that are read; all deeds together make far fewer"""


@cache
def groups() -> Mapping[str, tuple[str, ...]]:
    """All deeds: the keys of each group, in the order of their bits."""
    source = next(iter(LANGUAGES))
    items = tuple(str(number) for number in sorted(ITEMS))
    return {
        **{
            slug: tuple(key for key in prose(slug, source).sections if key.startswith(("ask-", "challenge-")))
            for slug in LESSONS
        },
        QUIZ: items,
        MISSED: items,
    }


def code(deeds: Collection[str]) -> str:
    """The deeds as a code that can stand in an address or a cookie.

    >>> code({"softmax/ask-shift-all", "quiz/2"}), code(set())
    ('softmax.1~quiz.2', '')
    """
    numbers = {
        group: sum(1 << bit for bit, key in enumerate(keys) if f"{group}/{key}" in deeds)
        for group, keys in groups().items()
    }
    return "~".join(f"{group}.{number:x}" for group, number in numbers.items() if number)


def deeds(code: str) -> set[str]:
    """What a code says was done. What cannot be read, or is of another app, says nothing.

    >>> sorted(deeds("softmax.1~quiz.2~other.3~nce.xyz"))
    ['quiz/2', 'softmax/ask-shift-all']
    """
    found = set()
    for part in code[:LONGEST].split("~"):
        read = re.fullmatch(r"([a-z_]+)\.([0-9a-f]+)", part)
        if read and read[1] in groups():
            number = int(read[2], 16)
            found |= {f"{read[1]}/{key}" for bit, key in enumerate(groups()[read[1]]) if number >> bit & 1}
    return found


def answered(deeds: Collection[str], number: int, *, right: bool) -> set[str]:
    """The deeds once an item of the quiz was answered: the last answer counts."""
    good, bad = f"{QUIZ}/{number}", f"{MISSED}/{number}"
    return {*deeds, good} - {bad} if right else {*deeds, bad} - {good}


def missed(deeds: Collection[str]) -> list[int]:
    """The items that were wrong when they were last asked."""
    return [number for number in sorted(ITEMS) if f"{MISSED}/{number}" in deeds]


class Task(NamedTuple):
    """A question or a challenge of a lesson: its words, whether it was done, and the step that has it."""

    deed: str
    words: str
    done: bool
    step: str


def tasks(slug: str, lang: str, live: Live, deeds: Collection[str]) -> list[Task]:
    """All questions and challenges of a lesson, in the order of the prose, with the learner's numbers in them."""
    text, module = prose(slug, lang), lesson(slug)
    asked: Sequence[Question] = module.questions(live)
    set_: Sequence[Challenge] = module.challenges(live)
    entries = [(f"ask-{question.key}", question.numbers, question.key) for question in asked]
    entries += [(f"challenge-{task.key}", task.numbers, task.at or "challenges") for task in set_]
    return [
        Task(f"{slug}/{key}", fill(text.sections[key].heading, numbers), f"{slug}/{key}" in deeds, step)
        for key, numbers, step in entries
    ]


@cache
def places(slug: str) -> frozenset[str]:
    """The steps of a lesson in which one of its challenges is done."""
    return frozenset(task.at for task in lesson(slug).challenges(DEFAULT.live) if task.at)


def on_paper(slug: str, lang: str, live: Live) -> Lesson:
    """A lesson with its controls as they are at first, for a worksheet."""
    module = lesson(slug)
    defaults = [parameter.default for parameter in inspect.signature(module.explain).parameters.values()]
    controls = [float(default) for default in defaults if isinstance(default, int | float)]
    return Lesson(slug, lang, live, module.explain(live), module.questions(live), module.challenges(live), controls)


class Given(NamedTuple):
    """One answer in the quiz."""

    number: int
    question: str
    given: str
    truth: str
    right: bool


def results_csv(answers: Iterable[Given], *, truth: bool = True) -> str:
    """The answers of a round as a file, with the truth beside them or without."""
    names = ["item", "lesson", "question", "given", "truth", "right"]
    rows = [[a.number, ITEMS[a.number].lesson, a.question, a.given, a.truth, int(a.right)] for a in answers]
    told = len(names) if truth else names.index("truth")
    return csv_text(names[:told], [row[:told] for row in rows])
