"""How prose is read, and what is refused."""

import pytest

from explainers import LANGUAGES, LESSONS
from explainers.presets import PRESETS
from explainers.text import PROSE, parse, prose, words

GOOD = """# Title

A lead
of two lines.

## First {#first}
Body $x_{1}$.

## Guess? {#ask-first}
- one
- two @n

Because.

## Try {#challenge-try}
A hint.

## Second {#second}
- a list, not options
"""


def test_a_file_is_a_title_a_lead_and_sections():
    text = parse(GOOD)
    assert (text.title, text.lead) == ("Title", "A lead\nof two lines.")
    assert list(text.sections) == ["first", "ask-first", "challenge-try", "second"]
    assert text.steps == ("first", "second")
    assert text.sections["ask-first"].options == ("one", "two @n")
    assert text.sections["ask-first"].body == "Because."
    assert text.sections["second"].options == ()
    assert text.sections["second"].body.startswith("- a list")


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match="starts with '# Title', got 'Lead'"):
        parse("Lead\n")
    with pytest.raises(ValueError, match="two sections have the key 'a'"):
        parse("# T\n\n## A {#a}\n\n## B {#a}\n")
    with pytest.raises(ValueError, match=r"lang must be one of .*got 'xx'"):
        words("xx")


@pytest.mark.parametrize("slug", ["home", *LESSONS])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_heading_is_lost_for_want_of_a_key(slug, lang):
    written = [
        line for line in (PROSE / f"{slug}.{lang}.md").read_text(encoding="utf-8").splitlines() if line[:1] == "#"
    ]
    assert len(written) == 1 + len(prose(slug, lang).sections)


def test_every_file_of_prose_belongs_to_a_page_and_a_language():
    expected = {f"{slug}.{lang}.md" for slug in ("home", *LESSONS, "practice") for lang in LANGUAGES}
    assert {path.name for path in PROSE.glob("*.*.md")} == expected


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_example_has_its_title(lang):
    assert len(PRESETS) >= 8
    titles = [words(lang)[f"preset_{key}"] for key in PRESETS]
    assert len(set(titles)) == len(titles)
