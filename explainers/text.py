"""The words: prose in a Markdown file a lesson and language; the words of controls in one table for both languages.

A prose file is a `# Title`, a lead, and sections `## Heading {#key}`. Sections whose key starts with `ask-` are
questions (leading list items are the options), those with `challenge-` are tasks with a hint, those with `finding-` are
said by a step when they hold; all others are the steps, in teaching order.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from explainers import LANGUAGES

PROSE = Path(__file__).parent / "prose"
_HEADING = re.compile(r"^## +(?P<heading>.+?) +\{#(?P<key>[a-z0-9_-]+)\} *$", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """One section of a prose file."""

    heading: str
    body: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Text:
    """All the prose of one page in one language."""

    title: str
    lead: str
    sections: Mapping[str, Section]

    @property
    def steps(self) -> tuple[str, ...]:
        """Keys of the steps, in teaching order."""
        return tuple(key for key in self.sections if not key.startswith(("ask-", "challenge-", "finding-")))


def parse(markdown: str) -> Text:
    r"""Read a prose file.

    >>> text = parse("# T\n\nLead.\n\n## Guess? {#ask-x}\n- yes\n- no\n\nBecause.\n")
    >>> text.title, text.sections["ask-x"].options, text.sections["ask-x"].body
    ('T', ('yes', 'no'), 'Because.')
    """
    head, *rest = _HEADING.split(markdown)
    title, _, lead = head.strip().partition("\n")
    if not title.startswith("# "):
        raise ValueError(f"a prose file starts with '# Title', got {title!r}")
    sections: dict[str, Section] = {}
    for heading, key, body in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        if key in sections:
            raise ValueError(f"two sections have the key {key!r}")
        lines = body.strip().splitlines()
        options = []
        while key.startswith("ask-") and lines and lines[0].startswith("- "):
            options.append(lines.pop(0)[2:].strip())
        sections[key] = Section(heading.strip(), "\n".join(lines).strip(), tuple(options))
    return Text(title[2:].strip(), lead.strip(), sections)


@cache
def prose(slug: str, lang: str) -> Text:
    """The prose of a page, read once a process."""
    return parse((PROSE / f"{slug}.{lang}.md").read_text(encoding="utf-8"))


@cache
def words(lang: str) -> Mapping[str, str]:
    """The short words of buttons, sliders and tables, from prose/words.csv."""
    if lang not in LANGUAGES:
        raise ValueError(f"lang must be one of {', '.join(LANGUAGES)}, got {lang!r}")
    with (PROSE / "words.csv").open(encoding="utf-8", newline="") as file:
        return {row["key"]: row[lang] for row in csv.DictReader(file)}
