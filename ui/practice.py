"""The page of practice: a round of the quiz, what was done in all lessons, and the lessons on paper."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from explainers import LESSONS, practice
from explainers import quiz as items
from explainers.practice import Given
from explainers.quiz import ITEMS, Asked, Item
from explainers.step import fill
from explainers.text import Section, prose
from ui import deeds, numbers, share
from ui.frame import Page, path

ASKED = tuple(slug for slug in LESSONS if any(item.lesson == slug for item in ITEMS.values()))
"""lessons that the quiz draws from"""


def quiz(page: Page) -> None:
    """One question at a time; then the picture of the lesson with its numbers, and at the end the result."""
    st.markdown(f"### {page.words['practice_quiz']}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with page.sight("from"):
            lessons = _lessons(page)
        with page.sight("practice_seed"):
            seed = numbers.whole(page.words["practice_seed"], "practice_seed", numbers.LAST_SEED, 1)
    played = _round(seed, lessons)
    at, given = played["at"], played["given"]
    if at < len(played["items"]):
        _question(page, ITEMS[played["items"][at]], seed, at, played)
    else:
        _result(page, given, seed)


def _lessons(page: Page) -> tuple[str, ...]:
    """The lessons to draw from; the address has their slugs, which are alike in every language."""

    def write() -> None:
        chosen = st.session_state["practice_from"]
        st.query_params["from"] = ",".join(slug for slug in ASKED if slug in chosen)

    wanted = st.query_params.get("from", "").split(",")
    lessons = tuple(slug for slug in ASKED if slug in wanted) or ASKED
    st.session_state["practice_from"] = list(lessons)
    st.pills(
        page.words["practice_from"],
        ASKED,
        selection_mode="multi",
        format_func=lambda slug: prose(slug, page.lang).title,
        key="practice_from",
        on_change=write,
    )
    return lessons


def _round(seed: int, lessons: tuple[str, ...]) -> dict[str, Any]:
    """The round that this address asks for: its items, what was answered, and which is on."""
    played: dict[str, Any] = st.session_state.get("round", {})
    if played.get("of") != (seed, lessons):
        dealt = items.deal(seed, lessons, practice.missed(deeds.done()))
        played = st.session_state["round"] = {"of": (seed, lessons), "items": dealt, "given": [], "at": 0}
    return played


def _question(page: Page, item: Item, seed: int, at: int, played: dict[str, Any]) -> None:
    asked, section = item.ask(seed), page.text.sections[f"ask-{item.number}"]
    options = [fill(option, asked.numbers) for option in section.options]
    is_open = len(played["given"]) == at
    with st.container(border=True):
        st.markdown(f"{at + 1}/{len(played['items'])} · **{fill(section.heading, asked.numbers)}**")
        chosen = st.radio(
            page.words["your_guess"],
            range(len(options)),
            index=None,
            format_func=options.__getitem__,
            key=f"answer-{seed}-{item.number}",
            label_visibility="collapsed",
            disabled=not is_open,
        )
        if is_open:
            st.button(
                page.words["commit"],
                key="commit",
                type="primary",
                disabled=chosen is None,
                on_click=_answer,
                args=(played, item, asked, section, chosen, closed(page)),
            )
            return
        given = played["given"][-1]
        mark = "✅" if given.right else "❌"
        st.markdown(f"{mark} {page.words['truth']} · **{given.truth}**")
    step = item.shown(asked)
    if step.worked:
        st.markdown(fill(f"$$\n{step.worked}\n$$", step.numbers))
    page.pictures(step.figures, f"answer-{item.number}")
    with st.container(horizontal=True):
        st.button(
            page.words["practice_next"], key="next", type="primary", on_click=played.update, args=({"at": at + 1},)
        )
        title = fill(prose(item.lesson, page.lang).sections[item.step].heading, step.numbers)
        if st.button(fill(page.words["practice_see"], {"title": title}), key="see"):
            numbers.put(asked.live.controls)
            guesses = st.session_state.setdefault("guesses", {})
            guesses.setdefault(f"{item.lesson}-{item.step}", None)  # what was just answered is not asked once more
            st.switch_page(path(item.lesson), query_params={**page.onward_query, **items.address(item, asked)})


def closed(page: Page) -> bool:
    """Whether the link is one without answers: nothing is told of them, and none is marked as right."""
    return share.ANSWERS in page.hidden


def _answer(played: dict[str, Any], item: Item, asked: Asked, section: Section, chosen: int, untold: bool) -> None:
    """Note an answer, and if it is not to be told, go on to the next question; for callbacks."""
    said = [fill(option, asked.numbers) for option in section.options]
    right = chosen == asked.answer
    question = fill(section.heading, asked.numbers)
    played["given"].append(Given(item.number, question, said[chosen], said[asked.answer], right))
    if untold:
        played["at"] += 1
    else:
        deeds.replace(practice.answered(deeds.done(), item.number, right=right))


def _result(page: Page, given: list[Given], seed: int) -> None:
    right, untold = sum(answer.right for answer in given), closed(page)
    said = page.words["practice_given"] if untold else page.words["practice_round"]
    st.markdown(f"**{fill(said, {'right': str(right), 'count': str(len(given))})}**")
    for answer in given:
        mark, told = ("", answer.given) if untold else ("✅ " if answer.right else "❌ ", answer.truth)
        st.markdown(f"{mark}{answer.question}  \n→ **{told}**")
    if right < len(given) and not untold:
        st.caption(page.words["practice_missed"])
    with st.container(horizontal=True):
        onward = {"practice_seed": float(seed % numbers.LAST_SEED + 1)}
        st.button(
            page.words["practice_again"], key="again", type="primary", on_click=st.session_state.update, args=(onward,)
        )
        results = practice.results_csv(given, truth=not untold)
        st.download_button(page.words["practice_results"], results, "quiz.csv", "text/csv", on_click="ignore")


def progress(page: Page) -> None:
    """Questions and challenges of all lessons, done or not, each a link to its step; and how to take it along."""
    if code := st.query_params.get("done"):
        deeds.replace(deeds.done() | practice.deeds(code))
        del st.query_params["done"]
    if closed(page):
        return
    done, live = deeds.done(), numbers.live()
    st.markdown(f"### {page.words['practice_done']}")
    right = sum(deed.startswith(f"{practice.QUIZ}/") for deed in done)
    said = {"right": str(right), "count": str(len(ITEMS))}
    st.progress(right / len(ITEMS), fill(page.words["practice_items"], said))
    for slug in LESSONS:
        tasks = practice.tasks(slug, page.lang, live, done)
        with st.expander(f"{prose(slug, page.lang).title} · {sum(task.done for task in tasks)}/{len(tasks)}"):
            for task in tasks:
                st.page_link(
                    path(slug),
                    label=f"{'✅' if task.done else '⬜'} {task.words}",
                    query_params={**page.onward_query, "step": task.step},
                )
    if done:
        st.caption(page.words["practice_kept"])
        st.code(f"{st.context.url or ''}?lang={page.lang}&done={practice.code(done)}", language=None, wrap_lines=True)
        st.button(page.words["practice_forget"], key="forget", on_click=_forget)


def _forget() -> None:
    deeds.replace(set())
    st.session_state.pop("guesses", None)


def worksheets(page: Page) -> None:
    """Every lesson on paper, with the learner's numbers; in its words stand the answers to its questions."""
    if closed(page):
        return
    st.markdown(f"### {page.words['practice_paper']}\n{page.words['practice_paper_help']}")
    live = numbers.live()
    for slug in LESSONS:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(prose(slug, page.lang).title, width=320)
            for solutions in (False, True):
                page.worksheet(slug, partial(practice.on_paper, slug, page.lang, live), solutions=solutions)
