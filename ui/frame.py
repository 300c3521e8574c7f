"""The frame of every page: language, contents, title, the learner's numbers beside the steps, and the way onward.

A page calls `open_page(slug)` first, asks for what it needs, and ends with `page.show(...)`.
"""

from __future__ import annotations

import csv
import gc
import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import ArrayLike
from streamlit.delta_generator import DeltaGenerator

from explainers import LANGUAGES, LESSONS
from explainers.step import Challenge, Figure, Live, Question, Step, fill
from explainers.table import calculation
from explainers.text import prose, words
from ui import numbers
from ui.picture import picture, picture_code

gc.collect()
gc.freeze()  # what the imports made is never garbage: where a host turns Streamlit's collection on, it costs less

STYLE = """<style>
.stMainBlockContainer { padding-top: 3.2rem; max-width: 84rem; }
.st-key-numbers { gap: 0.35rem; }
.st-key-top { border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent); padding-bottom: 0.3rem; }
.katex-display { overflow-x: auto; overflow-y: hidden; padding: 0.15rem 0; text-align: left; }
.katex-display > .katex { text-align: left; }
.stMarkdown table { width: auto; }
.stMarkdown:has(table) { overflow-x: auto; }
@media (min-width: 900px) {
  .stColumn:has(> .stVerticalBlock > .stLayoutWrapper > .st-key-numbers) {
    position: sticky; top: 3.2rem; align-self: flex-start;
    max-height: calc(100vh - 3.6rem); overflow-y: auto; overflow-x: hidden;
  }
}
@media (max-width: 899px) { .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; } }
</style>"""


def _csv(titles: list[str], rows: list[list[float | str]]) -> str:
    """A table as CSV, at full precision."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(titles)
    writer.writerows(rows)
    return file.getvalue()


def path(slug: str) -> str:
    """The script of a page, as Streamlit names it."""
    return "app.py" if slug == "home" else f"pages/{slug}.py"


def _language() -> str:
    """The language in the address; on a first visit the browser's, put into the address so that a link keeps it."""
    lang = st.query_params.get("lang")
    if lang not in LANGUAGES:
        wanted = (st.context.locale or "").lower()
        lang = next((code for code in LANGUAGES if wanted.startswith(code)), next(iter(LANGUAGES)))
        st.query_params["lang"] = lang
    return lang


def _switch_language() -> None:
    if st.session_state["language"] in LANGUAGES:
        st.query_params["lang"] = st.session_state["language"]


class Page:
    """One page in one language. Everything it draws goes to the place of a step, in the order of the prose."""

    def __init__(self, slug: str, lang: str) -> None:
        self.slug = slug
        self.lang = lang
        self.words = words(self.lang)
        self.text = prose(slug, self.lang)
        numbers.arrive(slug)
        self._top()
        self._main: DeltaGenerator = st.container()
        self._controls: dict[str, DeltaGenerator] = {}
        self._between: list[DeltaGenerator] = []
        self._live: Live | None = None

    # ---- the frame ----

    def link(self, slug: str, label: str, into: DeltaGenerator | None = None, icon: str | None = None) -> None:
        """A link to another page that carries the language and the learner's numbers."""
        (into or st).page_link(
            path(slug), label=label, icon=icon, query_params={"lang": self.lang, **numbers.travelling()}
        )

    def _top(self) -> None:
        with st.container(key="top", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"# {self.text.title}")
            picture_code()
            st.session_state["language"] = self.lang
            st.segmented_control(
                "Language / 语言",
                list(LANGUAGES),
                format_func=lambda code: LANGUAGES[code],
                key="language",
                on_change=_switch_language,
                label_visibility="collapsed",
            )
        self._contents = st.sidebar

    def _onward(self) -> None:
        """Contents in the sidebar, links to the lesson before and after; last, to carry this run's numbers."""
        numbers.depart()
        with self._contents:
            st.markdown(f"**{self.words['contents']}**")
            for slug in ("home", *LESSONS):
                self.link(slug, prose(slug, self.lang).title)
        if self.slug in LESSONS:
            at = LESSONS.index(self.slug)
            with st.container(horizontal=True, horizontal_alignment="distribute"):
                before = LESSONS[at - 1] if at else "home"
                self.link(before, f"← {prose(before, self.lang).title}")
                if at + 1 < len(LESSONS):
                    self.link(LESSONS[at + 1], f"{prose(LESSONS[at + 1], self.lang).title} →")

    # ---- the learner's numbers and the controls of a step ----

    def numbers(self, **options: Any) -> Live:
        """The learner's numbers beside the steps; they stay on the screen while the steps scroll."""
        self._main.markdown(self.text.lead)
        left, right = self._main.columns([0.36, 0.64], gap="medium")
        with left, st.container(key="numbers"):
            self._live = numbers.numbers(self.words, self.lang, **options)
            st.toggle(self.words["predict"], True, key="predict", bind="query-params", help=self.words["predict_help"])
        self._main = right
        return self._live

    def controls(self, key: str) -> DeltaGenerator:
        """Room for controls of the step `key`, between its words and its picture. Ask in the order of the prose.

        What stands before the first controls, between them and after the last is written later, by `show`.
        """
        if not self._between:
            self._between.append(self._main.container())
        if key not in self._controls:
            self._controls[key] = self._main.container(key=f"controls-{key}")
            self._between.append(self._main.container())
        return self._controls[key]

    def slider(self, key: str, lo: float, hi: float, default: float, step: float, *, at: str) -> float:
        """A slider of one step, bound to the address under its own name; its label is the word of the same key."""
        value = self.controls(at).slider(
            self.words[key], lo, hi, default, step, format="%.6g", key=key, bind="query-params"
        )
        return min(max(float(value), lo), hi)

    def choice(self, key: str, options: Sequence[str], *, at: str) -> str:
        """One of a few codes, alike in every language because the address holds them; `<key>_<code>` explains each."""
        captions = [self.words.get(f"{key}_{code}", "") for code in options]
        value = self.controls(at).radio(
            self.words[key],
            options,
            key=key,
            horizontal=True,
            captions=captions if any(captions) else None,
            bind="query-params",
        )
        return value if value in options else options[0]

    def move_logits(self, key: str, logits: ArrayLike, *, at: str) -> None:
        """A button that puts these logits into the learner's controls; a callback, so that all of the page follows."""
        self.controls(at).button(self.words[key], key=key, on_click=numbers.write_logits, args=(np.asarray(logits),))

    def toggle(self, key: str, *, at: str, default: bool = False) -> bool:
        """A switch of one step."""
        return bool(self.controls(at).toggle(self.words[key], default, key=key, bind="query-params"))

    # ---- steps ----

    def show(
        self, steps: Iterable[Step], questions: Iterable[Question] = (), challenges: Iterable[Challenge] = ()
    ) -> None:
        """Draw all steps, each behind its question if it has one, then the table, the challenges and the way onward."""
        shown = {step.key: step for step in steps}
        asked = {question.key: question for question in questions}
        hidden = set(self._controls)
        places = iter(self._between or [self._main])
        place = next(places)
        number = 0
        for key in self.text.steps:
            step = shown.get(key)
            with place:
                if step:
                    number += 1
                    if key in asked and not self._answered(asked[key]):
                        step = None
                    else:
                        self._words(number, step)
                        hidden.discard(key)
            if key in self._controls:
                place = next(places)
            if step:
                with place:
                    self.pictures(step.figures, key=f"{self.slug}-{key}")
        # Controls of a step that is not shown stay registered, so that the address keeps them, but out of sight.
        st.html(
            "<style>" + "".join(f".st-key-controls-{key} {{ display: none; }}" for key in sorted(hidden)) + "</style>"
        )
        self._table()
        self._challenges(list(challenges))
        self._onward()

    def _words(self, number: int, step: Step) -> None:
        section = self.text.sections[step.key]
        parts = [f"### {number} · {section.heading}", section.body]
        parts += [f"$$\n{latex}\n$$" for latex in (step.formula, step.worked) if latex]
        st.markdown(fill("\n\n".join(parts), step.numbers))

    def pictures(self, figures: Sequence[Figure], key: str) -> None:
        """Draw pictures where the script is."""
        if figures:
            picture(figures, key=f"picture-{key}")

    def _answered(self, question: Question) -> bool:
        """Ask first. True once the learner has guessed or skipped; then guess and truth stand side by side."""
        if not st.session_state.get("predict", True):
            return True
        key = f"{self.slug}-{question.key}"
        guesses: dict[str, int | None] = st.session_state.setdefault("guesses", {})
        section = self.text.sections[f"ask-{question.key}"]
        if key in guesses:
            guess = guesses[key]
            if guess is not None:
                lines = [
                    f"{'✓' if guess == question.answer else '✗'} **{fill(section.heading, question.numbers)}**",
                    f"{self.words['your_guess']}: {fill(section.options[guess], question.numbers)}",
                    f"{self.words['truth']}: **{fill(section.options[question.answer], question.numbers)}**",
                    fill(section.body, question.numbers),
                ]
                st.info("  \n".join(lines))
            return True
        with st.container(border=True):
            st.markdown(f"**{self.words['predict']}**  \n{fill(section.heading, question.numbers)}")
            choice = st.radio(
                self.words["your_guess"],
                range(len(section.options)),
                index=None,
                format_func=lambda i: fill(section.options[i], question.numbers),
                key=f"guess-{key}",
                label_visibility="collapsed",
            )
            with st.container(horizontal=True):
                st.button(
                    self.words["commit"],
                    key=f"commit-{key}",
                    type="primary",
                    disabled=choice is None,
                    on_click=guesses.__setitem__,
                    args=(key, choice),
                )
                st.button(
                    self.words["skip"],
                    key=f"skip-{key}",
                    type="tertiary",
                    on_click=guesses.__setitem__,
                    args=(key, None),
                )
        return False

    def _table(self) -> None:
        if self._live is None:
            return
        live = self._live
        with self._main:
            titles, rows, texts = calculation(live)
            head = (
                f"### {self.words['table']}\n\n| "
                + " | ".join(titles)
                + " |\n|:--"
                + "|--:" * (len(titles) - 1)
                + "|\n"
            )
            st.markdown(head + "\n".join("| " + " | ".join(row) + " |" for row in texts))
            st.download_button(
                self.words["download"],
                lambda: _csv(titles, rows),
                file_name=f"{self.slug}.csv",
                mime="text/csv",
                on_click="ignore",
            )

    def _challenges(self, challenges: list[Challenge]) -> None:
        if not challenges:
            return
        with self._main:
            done = sum(challenge.done for challenge in challenges)
            lines = [f"### {self.words['challenges']} · {done}/{len(challenges)}", ""]
            hints = []
            for number, challenge in enumerate(challenges, 1):
                section = self.text.sections[f"challenge-{challenge.key}"]
                lines.append(f"{number}. {'✅' if challenge.done else '⬜'} {fill(section.heading, challenge.numbers)}")
                hints.append(f"{number}. {fill(section.body, challenge.numbers)}")
            st.markdown("\n".join(lines))
            st.expander(self.words["hint"]).markdown("\n".join(hints))


def open_page(slug: str) -> Page:
    """Begin a page: language, settings, style, title. The first call, so that each page stands alone behind a link."""
    lang = _language()
    st.set_page_config(prose(slug, lang).title, "📊", layout="wide", initial_sidebar_state="collapsed")
    st.html(STYLE)
    return Page(slug, lang)
