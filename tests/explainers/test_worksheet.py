"""A lesson on paper: every step, in every language, with and without solutions; nothing from outside."""

import re
from html.parser import HTMLParser

import pytest

from explainers import LANGUAGES, LESSONS, figures, practice
from explainers.step import Step, fmt
from explainers.text import prose, words
from explainers.worksheet import BLANK, END, START, Lesson, worksheet
from tests.explainers.lives import DEFAULT_LIVE, LIVES

VOID = {"meta", "br"}
CASES = [(slug, lang) for slug in LESSONS for lang in LANGUAGES]


class Reader(HTMLParser):
    """Reads HTML strictly: what is opened is closed, in order; keeps the words by tag."""

    def __init__(self, html):
        super().__init__()
        self.open, self.said, self.tags = [], [], []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "pre", "code"} & set(self.open):
            self.said.append(data)


def sheet(slug, lang, live=DEFAULT_LIVE, *, solutions):
    return worksheet(practice.on_paper(slug, lang, live), solutions=solutions)


@pytest.mark.parametrize(("slug", "lang"), CASES)
@pytest.mark.parametrize("solutions", [False, True])
def test_it_is_whole_html_with_every_step_and_nothing_unfilled(slug, lang, solutions):
    html = sheet(slug, lang, solutions=solutions)
    read = Reader(html)
    said = "".join(read.said)
    assert not re.search(r"@[a-z]", said)
    assert not re.search(r"\\[a-zA-Z]|\*\*|\$|`|:red", said)
    assert not {BLANK, START, END} & set(html)
    assert not re.search("<mi>&</mi>|<mo>&</mo>", html)
    for step in practice.lesson(slug).explain(DEFAULT_LIVE):
        heading = prose(slug, lang).sections[step.key].heading
        assert re.split(r"[@$`*&]", heading)[0].strip() in said
    assert words(lang)["challenges"] in said
    options = [prose(slug, lang).sections[key].options for key in prose(slug, lang).sections if key.startswith("ask-")]
    assert len(re.findall("<li", html)) >= sum(map(len, options)) > 3


@pytest.mark.parametrize(("slug", "lang"), CASES)
def test_it_needs_nothing_but_itself(slug, lang):
    read = Reader(sheet(slug, lang, solutions=True))
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in read.tags}
    for tag, attrs in read.tags:
        assert not {"src", "href", "onload", "onclick"} & set(attrs), tag
        assert "url(" not in (attrs.get("style") or "")


@pytest.mark.parametrize("slug", [slug for slug in LESSONS if slug != "clinic"])
def test_the_solutions_have_what_the_blanks_leave_out(slug):
    blank, full = (sheet(slug, "en", solutions=solutions) for solutions in (False, True))
    assert blank.count('class="blank"') > 10
    assert 'class="blank"' not in full
    assert full.count('class="filled"') > 10
    assert 'class="true"' in full
    assert 'class="true"' not in blank


def test_given_numbers_stand_and_found_ones_do_not():
    loss = practice.lesson("cross_entropy").loss_of(DEFAULT_LIVE)
    blank, full = (sheet("cross_entropy", "en", solutions=solutions) for solutions in (False, True))
    blank, full = (re.sub(r"<math.*?</math>", "", html) for html in (blank, full))  # sums show their terms
    assert fmt(loss) in full
    assert fmt(loss) not in blank
    for z in DEFAULT_LIVE.logits:
        assert f"<td>{fmt(z)}</td>" in blank


def test_controls_are_given():
    steps = practice.lesson("softmax").explain(DEFAULT_LIVE, scale=2.7, only=("shift-all",))
    plain = Lesson("softmax", "en", DEFAULT_LIVE, steps, [], [])
    assert "2.7" not in re.sub(r"<td.*?</td>|<th.*?</th>", "", worksheet(plain, solutions=False))
    told = Lesson("softmax", "en", DEFAULT_LIVE, steps, [], [], controls=[2.7])
    assert "2.7" in re.sub(r"<td.*?</td>|<th.*?</th>", "", worksheet(told, solutions=False))


@pytest.mark.parametrize("name", LIVES)
@pytest.mark.parametrize("slug", ["softmax", "cross_entropy", "gradient", "nce"])
def test_extreme_numbers_can_be_printed(slug, name):
    for solutions in (False, True):
        Reader(sheet(slug, "en", LIVES[name], solutions=solutions))


def test_names_are_text_and_not_markup():
    live = DEFAULT_LIVE.__class__(("a<b", "&", '"', "d"), DEFAULT_LIVE.logits, 0)
    html = worksheet(practice.on_paper("cross_entropy", "en", live), solutions=True)
    assert "a&lt;b" in html
    assert "a<b" not in html


def test_the_prose_keeps_its_code_lists_and_tables():
    lesson = practice.on_paper("sequence", "en", DEFAULT_LIVE)
    html = worksheet(lesson, solutions=True)
    assert "<pre>" in html
    assert "F.cross_entropy" in html
    assert "T = 0.2" in html
    assert html.count("<table") > 5


def test_every_kind_of_picture_that_has_numbers_is_drawn():
    drawn = {
        figure["kind"]
        for slug in LESSONS
        for step in practice.lesson(slug).explain(DEFAULT_LIVE)
        for figure in step.figures
    }
    assert drawn >= {"bars", "grid", "curve", "simplex", "block", "letters"}
    picture = figures.curve(
        figures.axis("x", 0, 1),
        figures.axis("y", 0, 1),
        [figures.line("a<b", [0, 0.5, 1], [0, float("nan"), 1])],
        [figures.dot("you are X", 0.5, 0.5)],
    )
    step = Step("logits", figures=(picture,), numbers=practice.lesson("softmax").explain(DEFAULT_LIVE)[0].numbers)
    lesson = Lesson("softmax", "en", DEFAULT_LIVE, [step], [], [])
    blank, full = (worksheet(lesson, solutions=solutions) for solutions in (False, True))
    assert "<svg" in blank
    assert "you are X" not in blank
    assert "you are X" in full
    assert "a&lt;b" in blank
