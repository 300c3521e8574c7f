"""The frame of every page: language, contents, title, the learner's numbers beside the steps, and the way onward.

A page calls `open_page(slug)` first and then `page.lesson(body)`; the body asks for the controls of the steps and ends
with `page.show(...)`.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explainers import LANGUAGES, LESSONS, practice
from explainers.board import Link, board, said
from explainers.snippets import FRAMEWORKS, Snippet
from explainers.step import Array, Challenge, Figure, Live, Question, Step, fill
from explainers.table import table, table_csv
from explainers.text import prose, words
from explainers.worksheet import Lesson, worksheet
from ui import deeds, jobs, numbers, share
from ui.picture import picture, picture_code
from ui.projector import project

gc.collect()
gc.freeze()  # what the imports made is never garbage: where a host turns Streamlit's collection on, it costs less

LIT = "".join(
    f':root[data-lit="{i}"] .katex [style*="rgb(1, 2, {i})"] {{ background: var(--lit); }}\n'
    for i in range(numbers.MAX_CLASSES)
)
"""The class that is pointed at, lit in the formulas; the pictures light their own rows."""
STYLE = f"<style>{(Path(__file__).parent / 'frame.css').read_text(encoding='utf-8')}{LIT}</style>"


CONTROL = 250
"""width of a slider in a step, in pixels: two stand side by side"""
BOX, MOST_CHARACTERS, LONGEST_LINE = 2 * CONTROL, 400_000, 200
"""width of a box for a text, in pixels, and what it takes: the three of a lesson, full of Chinese, are below
server.maxWidgetStateSize; and what a box of one line takes"""
MANY = 12
"""more codes than these to choose from stand behind a button"""
PRACTICE = "practice"
"""the page after the lessons"""
CHALLENGES, ALL = "challenges", "all"
"""what the address may say instead of a step"""


PATIENCE = 0.5
"""seconds that a run waits for others, at most"""
_turn = threading.RLock()


@contextmanager
def in_turn() -> Iterator[None]:
    """One run of a process at a time: only one computes at once, and to take turns bit by bit costs all of them more.

    A run that has waited long enough for another goes on beside it.
    """
    mine = _turn.acquire(timeout=PATIENCE)
    try:
        yield
    finally:
        if mine:
            _turn.release()


@dataclass
class Again:
    """What the controls said, and what the body of a lesson says of it when it is asked once more."""

    state: dict[Any, Any]
    controls: list[float] = field(default_factory=list)
    shown: tuple[list[Step], list[Question], list[Challenge]] = ([], [], [])


_again: ContextVar[Again | None] = ContextVar("again", default=None)
"""set where the body is asked for a worksheet: nothing is drawn there"""


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


def _write(key: str, value: str) -> None:
    """Write into the address what is held there by hand, nothing if it is empty; for callbacks."""
    if value:
        st.query_params[key] = value
    else:
        st.query_params.pop(key, None)
    numbers.put({})  # a hand was here: what the browser says next of the numbers may be older


def _go(step: str) -> None:
    """Turn to a step; the address keeps it."""
    _write("step", step)


def _forget(keys: Sequence[str]) -> None:
    """Take controls back to their defaults; for callbacks."""
    for key in keys:
        st.session_state.pop(key, None)
        st.query_params.pop(key, None)


def _switch_language() -> None:
    if st.session_state["language"] in LANGUAGES:
        _write("lang", st.session_state["language"])


def _switch_projector() -> None:
    _write("projector", "true" if st.session_state["projector"] else "")


class Page:
    """One page in one language: a frame that stays, and in it the part that follows the learner's numbers.

    That part is a fragment: moving a slider runs it alone. A lesson shows one step at a time, or all of them.
    """

    def __init__(self, slug: str, lang: str, board_at: Collection[str] | None) -> None:
        self.slug = slug
        self.lang = lang
        self.words = words(lang)
        self.text = prose(slug, lang)
        self.projector = st.query_params.get("projector") == "true"
        self.hidden = share.listed(share.HIDE)
        only = share.listed(share.ONLY)
        self.all_turns = (*self.text.steps, CHALLENGES)
        self.turns = tuple(key for key in self.all_turns if key in only) or self.all_turns
        self.step = self._wanted()
        self.offered: dict[str, Sequence[str]] = (
            {} if board_at == () else {"toolbar": ()} | dict.fromkeys(("numbers", "label", "t"), tuple(board_at or ()))
        )
        self._board_at = board_at
        numbers.arrive(slug)
        self._top()

    def _wanted(self) -> str:
        step = st.query_params.get("step")
        return step if step in self.turns or (step == ALL and not self.projector) else self.turns[0]

    @property
    def _has_board(self) -> bool:
        at = self._board_at
        return at is None or bool(at and self.only & {*at, CHALLENGES})

    # ---- the frame ----

    def link(self, slug: str, label: str) -> None:
        """A link to another page in the same language and size; the numbers travel by `numbers.arrive`."""
        st.page_link(path(slug), label=label, query_params=self.onward_query)

    @property
    def onward_query(self) -> dict[str, str]:
        """What the address of this page hands on to every other."""
        hidden = ",".join(part for part in share.EVERYWHERE if part in self.hidden)
        said = {"lang": self.lang, "projector": "true" if self.projector else "", share.HIDE: hidden}
        return {name: value for name, value in said.items() if value}

    def seen(self, name: str, at: Sequence[str] = ()) -> bool:
        """Whether this link shows a control that a link can hide."""
        self.offered.setdefault(name, at)
        return not self.hidden & {name, share.CONTROLS}

    def sight(self, name: str, at: Sequence[str] = ()) -> AbstractContextManager[Any]:
        """Room for a control that a link can hide; it is drawn all the same, so that it keeps its bound value."""
        return nullcontext() if self.seen(name, at) else st.container(key=f"unseen-{name}")

    def _top(self) -> None:
        with st.container(key="top", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"# {self.text.title}")
            picture_code(self.lang)
            if self.projector:
                project()
                self._bar = st.container(key="bar")
            with st.container(horizontal=True, width="content", vertical_alignment="center"):
                if share.LANGUAGE not in self.hidden:
                    self._languages()
                st.session_state["projector"] = self.projector
                st.toggle(self.words["projector"], key="projector", on_change=_switch_projector)
                self._sharing = st.button(self.words["link"], key="link")
        with st.sidebar:
            st.markdown(f"**{self.words['contents']}**")
            for slug in ("home", *LESSONS, PRACTICE):
                self.link(slug, prose(slug, self.lang).title)

    def _languages(self) -> None:
        st.session_state["language"] = self.lang
        st.segmented_control(
            "Language / 语言",
            list(LANGUAGES),
            format_func=lambda code: LANGUAGES[code],
            key="language",
            on_change=_switch_language,
            label_visibility="collapsed",
        )

    def _share(self) -> None:
        """Open the panel that makes a link, if it is asked for; last, when it is known what the page can hide."""
        if not self._sharing:
            return
        is_lesson = self.slug in LESSONS
        turns = self.all_turns if is_lesson else ()
        only = self.turns if is_lesson and self.turns != turns else ()
        headings = {key: self._heading(key) for key in turns}
        share.panel(share.Shared(self.slug, self.words, headings, self.step, only, self.hidden, self.offered))

    def _steps(self) -> None:
        """Choose a step, or turn the page by one; a link of one step has no other."""
        if len(self.turns) == 1:
            return
        at = self.turns.index(self.step) if self.step in self.turns else -1
        st.session_state["steps"] = self.step
        names = {key: f"{n}/{len(self.turns)} · {self._heading(key)}" for n, key in enumerate(self.turns, 1)}
        if not self.projector:
            names[ALL] = self.words["all_steps"]
        with st.container(key="steps-row", horizontal=True, wrap=False, vertical_alignment="bottom", gap="small"):
            self._turn(f"← :small[{self.words['step_before']}]", at - 1, shortcut="Alt+Left")
            st.selectbox(
                self.words["steps"],
                list(names),
                format_func=names.__getitem__,
                key="steps",
                on_change=lambda: _go(st.session_state["steps"]),
                label_visibility="collapsed",
            )
            self._turn(f"→ :small[{self.words['step_after']}]", at + 1, shortcut="Alt+Right")

    def _turn(self, label: str, to: int, **options: Any) -> None:
        there = 0 <= to < len(self.turns) and self.step != ALL
        st.button(label, on_click=_go, args=(self.turns[to] if there else ALL,), disabled=not there, **options)

    def _heading(self, key: str) -> str:
        """The heading of a step, which may tell what its question asks."""
        if share.ANSWERS in self.hidden and f"ask-{key}" in self.text.sections:
            return self.words["predict"]
        return self.words[CHALLENGES] if key == CHALLENGES else self.text.sections[key].heading

    def _onward(self) -> None:
        """The way on: the next step, and the lessons before and after."""
        at = LESSONS.index(self.slug)
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            before = LESSONS[at - 1] if at else "home"
            self.link(before, f"← {prose(before, self.lang).title}")
            if self.step in self.turns[:-1]:
                after = self.turns.index(self.step) + 1
                self._turn(f"{self._heading(self.turns[after])} →", after, type="primary", key="next")
            else:
                after_it = (*LESSONS, PRACTICE)[at + 1]
                self.link(after_it, f"{prose(after_it, self.lang).title} →")

    def lesson(
        self, body: Callable[[Live], None], *, columns: Sequence[Link] = ("z", "p"), zero_temperature: bool = False
    ) -> None:
        """Draw a lesson: its steps, then `body(live)` beside the board, again whenever the learner's numbers move.

        A turn of the page runs the lesson alone, and not the frame around it; but on a wall the steps stand in that.
        """

        @in_turn()
        def turning() -> None:
            self.step = self._wanted()
            lead = st.empty()  # so that what follows has the same place at every step
            if self.step in (self.text.steps[0], ALL) and not self.projector:
                with lead:
                    self.lead()
            row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom")
            with self._bar if self.projector else row:
                self._steps()
            stage = st.container()
            with st.container(key="foot") if self.projector else row:
                if self.seen("toolbar"):
                    if self._has_board:
                        self.toolbar()
                    else:
                        numbers.behind(self.words["more"], "more", self._more)
            with stage:
                self._moving(moving)
            self._onward()

        def moving() -> None:
            if self._wanted() != self.step:  # a button in here turned the page
                st.rerun()
            self._controls: dict[str, DeltaGenerator] = {}
            self._between: list[DeltaGenerator] = []
            self._said: dict[Any, Any] = {}
            live = numbers.live(zero_temperature=zero_temperature)
            if self._has_board or self.projector:
                self._hand, self._main = st.columns([0.4, 0.6], gap="large")
            else:
                self._hand = self._main = st.container(key="alone")
            if self._has_board:
                with self._hand:
                    self.board([board(live, columns)], live)
                    numbers.controls(self.words, live, self.seen, zero_temperature=zero_temperature)
            body(live)
            self._last = body, live, self._said  # for the worksheet, which is made when no script runs

        (turning if self.projector else st.fragment(turning))()
        self._share()

    @property
    def only(self) -> frozenset[str]:
        """Keys of the steps to be shown."""
        return frozenset(self.turns if self.step == ALL or _again.get() else [self.step])

    @property
    def _state(self) -> MutableMapping[Any, Any]:
        again = _again.get()
        return again.state if again else st.session_state

    def follow(self, body: Callable[[], None]) -> None:
        """Draw a page that follows the learner's numbers: a change of those runs `body` alone."""
        self._moving(body)
        self._share()

    def _moving(self, body: Callable[[], None]) -> None:
        @st.fragment
        @in_turn()
        def moving() -> None:
            body()
            numbers.depart()
            deeds.keep()

        moving()

    def toolbar(self) -> None:
        """Examples, undo, random, reset and the classes, in one row."""
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small", width="content"):
            numbers.toolbar(self.words, self.lang, lambda: table_csv(self._live), f"{self.slug}.csv", self._more)

    def _more(self) -> None:
        """Whether it is asked first, the worksheets, the keys; a link without answers asks always, and has no paper."""
        if share.ANSWERS not in self.hidden:
            numbers.ask_first(self.words)
            self._worksheets()
        st.caption(self.words["keys"])

    # ---- on paper ----

    def _worksheets(self) -> None:
        """The lesson with all its steps, as the controls stand, as a file to print."""
        if self.slug in LESSONS:
            with st.container(horizontal=True):
                for solutions in (False, True):
                    self.worksheet(self.slug, self._on_paper, solutions=solutions)

    def worksheet(self, slug: str, make: Callable[[], Lesson], *, solutions: bool) -> None:
        """A button that saves a lesson as a worksheet; it is made when the button is pressed."""
        label = self.words["worksheet_get_solutions" if solutions else "worksheet_get"]
        file_name = f"{slug}-{'solutions' if solutions else 'worksheet'}.html"
        st.download_button(
            label,
            lambda: worksheet(make(), solutions=solutions),
            file_name,
            "text/html",
            key=file_name,
            on_click="ignore",
        )

    def _on_paper(self) -> Lesson:
        """Ask the body once more, for all steps, and draw nothing; Streamlit calls this in a thread of its own."""
        body, live, said = self._last
        again = Again(dict(said))
        token = _again.set(again)
        try:
            body(live)
        finally:
            _again.reset(token)
        return Lesson(self.slug, self.lang, live, *again.shown, controls=again.controls)

    def lead(self) -> None:
        """What the page is about."""
        st.markdown(self.text.lead)

    def board(self, pictures: Sequence[Figure], live: Live) -> None:
        """Draw the pictures whose hand moves the learner's numbers; one place a page."""
        self._live = live
        picture(
            pictures,
            self.words,
            key="board",
            step=self.step,
            live=numbers.board_data(live),
            said=said(live, self.words),
            on_commit=numbers.commit,
        )

    # ---- the controls of a step ----

    def controls(self, at: str | Sequence[str], name: str = "") -> DeltaGenerator | None:
        """Room for controls of a step, between its words and its picture; none if the step is not shown.

        A link can hide the control of this `name`. Of several steps that share a control the first that is shown has
        it. Ask in the order of the prose. What stands around the controls is written later, by `show`.
        """
        steps = [at] if isinstance(at, str) else at
        if name:
            self.offered[name] = steps
        key = next((key for key in steps if key in self.only), None)
        if key is None or _again.get():
            return None
        if key not in self._controls:
            self._between.append(self._main.container())
            at_hand = self._hand if self.projector else self._main
            self._controls[key] = at_hand.container(
                key=f"controls-{key}", horizontal=True, vertical_alignment="bottom", gap="medium"
            )
        place = self._controls[key]
        hidden = name and self.hidden & {name, share.CONTROLS}
        return place.container(key=f"unseen-{name}-{key}") if hidden else place

    def slider(self, key: str, lo: float, hi: float, default: float, step: float, *, at: str | Sequence[str]) -> float:
        """A slider of one step, bound to the address under its own name; its label is the word of the same key."""
        place = self.controls(at, key)
        value = (
            place.slider(
                self.words[key], lo, hi, default, step, format="%.6g", key=key, bind="query-params", width=CONTROL
            )
            if place
            else self._state.get(key, default)
        )
        value = self._said[key] = min(max(float(value), lo), hi)
        if again := _again.get():
            again.controls.append(value)
        return value

    def choice(
        self,
        key: str,
        options: Sequence[str],
        *,
        at: str | Sequence[str],
        default: str | None = None,
        resets: Sequence[str] = (),
        named: str = "",
    ) -> str:
        """One of some codes, alike in every language because the address holds them; `<key>_<code>` explains each.

        The first is chosen unless `default` is; a new choice takes those called `resets` back to their defaults. Many
        stand behind a button that names the one that is chosen. `named` is the key whose words explain the codes, if it
        is another.
        """
        first = options[0] if default is None else default
        place = self.controls(at, key)
        captions = [self.words.get(f"{named or key}_{code}", "") for code in options]
        if place and len(options) > MANY:
            now = st.session_state.get(key) or st.query_params.get(key)
            caption = captions[options.index(now if now in options else first)]
            place = place.popover(f"{self.words[key]} · **{caption}**")
        value = (
            place.radio(
                self.words[key],
                options,
                key=key,
                index=options.index(first),
                horizontal=True,
                captions=captions if any(captions) else None,
                bind="query-params",
                on_change=_forget,
                args=(resets,),
            )
            if place
            else self._state.get(key) or (not _again.get() and st.query_params.get(key))
        )
        self._said[key] = str(value) if value in options else first
        return str(self._said[key])

    def upload(self, key: str, *, at: str | Sequence[str], types: Sequence[str]) -> tuple[str, bytes] | None:
        """A file instead, up to a megabyte: its name and its bytes, kept for the session.

        There is none where the host takes no files (`server.maxUploadSize` is 0).
        """
        place = self.controls(at, key)
        files: dict[str, tuple[str, bytes] | None] = self._state.setdefault("files", {})
        if place and st.get_option("server.maxUploadSize"):
            file = place.file_uploader(self.words[key], list(types), key=key, max_upload_size=1, width=BOX)
            files[key] = (file.name, file.getvalue()) if file else None
        self._said["files"] = files
        return files.get(key)

    def several(
        self, key: str, options: Mapping[str, str], default: Sequence[str], *, at: str | Sequence[str]
    ) -> tuple[str, ...]:
        """Any number of a few codes, in the order of the options, which give each its name."""
        place = self.controls(at, key)
        chosen = (
            place.pills(
                self.words[key],
                list(options),
                selection_mode="multi",
                default=list(default),
                format_func=options.__getitem__,
                key=key,
                bind="query-params",
                wrap=True,
            )
            if place
            else self._state.get(key, default)
        )
        self._said[key] = tuple(code for code in options if code in (chosen or ()))
        return tuple(self._said[key])

    def toggle(self, key: str, *, at: str | Sequence[str], default: bool = False) -> bool:
        """A switch of one step."""
        place = self.controls(at, key)
        self._said[key] = bool(
            place.toggle(self.words[key], default, key=key, bind="query-params")
            if place
            else self._state.get(key, default)
        )
        return bool(self._said[key])

    def button(self, key: str, write: Callable[[], Mapping[str, Any]], *, at: str | Sequence[str]) -> None:
        """A button that writes other controls of the page: `write` says which key gets which value."""
        place = self.controls(at, key)
        if place:
            place.button(self.words[key], key=key, on_click=lambda: numbers.put(write()))

    def onward(self, slugs: Sequence[str], *, at: str | Sequence[str]) -> None:
        """Links to lessons that go on with the learner's numbers."""
        place = self.controls(at)
        if place:
            with place:
                for slug in slugs:
                    self.link(slug, f"{prose(slug, self.lang).title} →")

    def paste(self, key: str, default: str, *, at: str | Sequence[str], height: int | None = 260, of: str = "") -> str:
        """Room for a text of the learner's own, or for a line of it if it has no height.

        It is never in the address, and it outlives the turning of steps. There is one for each value of `of`, so that
        each of several examples has its own text.
        """
        place, name = self.controls(at, key), f"{key} {of}".strip()
        kept = f"{name} kept"
        if place:
            # Given, not assigned: what a browser sends that comes back to another process must win.
            label, start = self.words[key], st.session_state.get(kept, default)
            if height is None:
                st.session_state[kept] = place.text_input(label, start, key=name, width=CONTROL, max_chars=LONGEST_LINE)
            else:
                st.session_state[kept] = place.text_area(
                    label, start, key=name, height=height, width=BOX, max_chars=MOST_CHARACTERS
                )
        self._said[kept] = str(self._state.get(kept, default))
        return str(self._said[kept])

    def say(self, key: str, numbers: Mapping[str, Any], *, at: str | Sequence[str]) -> None:
        """A message beside the controls of a step: a word of the table, its @names filled."""
        place = self.controls(at)
        if place:
            place.warning(fill(self.words[key], numbers))

    def audio(self, key: str, make: Callable[[], bytes], *, at: str) -> None:
        """A button that plays a WAV; it is made when the button is pressed, and gone when something else is changed."""
        place = self.controls(at, key)
        if place and place.button(self.words[key], key=f"{key} {at}", type="primary"):
            place.audio(make(), format="audio/wav", autoplay=True)

    def download(self, key: str, make: Callable[[], str | bytes], file_name: str, *, at: str) -> None:
        """A button that saves a file; it is made when the button is pressed."""
        place = self.controls(at, key)
        if place:
            place.download_button(self.words[key], make, file_name, key=f"{key} {at}", on_click="ignore")

    def walk(self, key: str, path: Callable[[], Array], *, at: str | Sequence[str]) -> None:
        """A button that takes the learner's logits along a path, [num_steps + 1, num_classes], for all to see."""
        place = self.controls(at, key)
        if place:
            place.button(self.words[key], key=key, on_click=numbers.walk, args=(path,))

    def training(
        self,
        module: jobs.Trainable,
        argv: Sequence[str],
        figures: Callable[[Sequence[str], Sequence[dict[str, Any]]], Sequence[Figure]],
        done: Callable[[Sequence[dict[str, Any]]], float],
        *,
        at: str,
        resumable: bool = True,
    ) -> None:
        """Buttons that start and stop a training, how much of what it has told is `done`, in [0, 1], and its `figures`.

        Who turns to another step for longer than the heartbeat of the runner finds it stopped, and can go on, if the
        module is one that can.
        """
        if not self.controls(at):
            return
        who, words = jobs.owner(self.slug), self.words

        def draw(job: jobs.Job | None) -> None:
            told = job.events if job else []
            share, alive = done(told), job is not None and job.alive

            def button(key: str, on_click: Callable[..., None], disabled: bool, *args: Any, **kwargs: Any) -> None:
                st.button(words[key], key=key, on_click=on_click, args=(who, *args), kwargs=kwargs, disabled=disabled)

            with self.sight("train", [at]), st.container(horizontal=True):
                button("train_start", jobs.start, alive, module, argv)
                button("train_stop", jobs.stop, not alive)
                begun = job.argv if job else argv
                if resumable:
                    button("train_resume", jobs.start, alive or not 0 < share < 1, module, begun, resume=True)
            if job:
                st.progress(share, fill(words[f"job_{job.state}"], {"ahead": str(job.ahead)}))
            self.pictures(figures(begun, told), "training")

        with self._main:
            jobs.watch(who, draw)

    # ---- steps ----

    def show(
        self,
        steps: Iterable[Step],
        questions: Callable[[], Iterable[Question]],
        challenges: Callable[[], Iterable[Challenge]],
        snippet: Callable[[], Snippet | None] | None = None,
    ) -> None:
        """Draw the steps, each behind its question if it has one, then the table, the challenges and the code."""
        if again := _again.get():
            again.shown = list(steps), list(questions()), list(challenges())
            return
        asks = any(f"ask-{key}" in self.text.sections for key in self.only)
        asked = {question.key: question for question in questions()} if asks else {}
        hidden = set(self._controls) - {CHALLENGES}
        places = iter((*self._between, self._main))
        place = next(places)
        for step in steps:
            with place:
                open_ = step.key not in asked or self._answered(asked[step.key])
                if open_:
                    self._words(step)
                    hidden.discard(step.key)
            if step.key in self._controls:
                place = next(places)
            if open_:
                with place:
                    with_table = self._has_board and self.step != ALL
                    if self.projector:
                        self.pictures(step.figures, step.key)
                        with st.container(key="below"):
                            self._spoken(step)
                            self.pictures([self._table()] if with_table else [], "table")
                    else:
                        self._notes(step)
                        self.pictures((*step.figures, self._table()) if with_table else step.figures, step.key)
        # Controls of a question that is open are drawn all the same, so that the address keeps them, but out of sight.
        # The style is always sent: one that a run leaves out stays in the browser, and they would stay hidden.
        rules = "".join(f".st-key-controls-{k} {{ display: none; }}" for k in sorted(hidden))
        st.html(f"<style>{rules}</style>")
        with self._main:
            if self._has_board and self.step == ALL:
                self.pictures([self._table()], "table")
            if CHALLENGES in self.only or self.step in practice.places(self.slug):
                tasks = list(challenges())
                for task in tasks:
                    if task.done and deeds.add(f"{self.slug}/challenge-{task.key}"):
                        heading = self.text.sections[f"challenge-{task.key}"].heading
                        st.toast(fill(heading, task.numbers), icon="✅")
                if CHALLENGES in self.only:
                    self._challenges(tasks)
            if snippet and share.CODE not in self.hidden:
                self._code(snippet)

    def _code(self, snippet: Callable[[], Snippet | None]) -> None:
        """The lesson as a program: none is made until a framework is chosen, which the address and the session keep."""
        framework = st.segmented_control(
            self.words["code"],
            list(FRAMEWORKS),
            format_func=FRAMEWORKS.__getitem__,
            wrap=True,
            key="code",
            bind="query-params",
            persist_state="session",
        )
        if framework not in FRAMEWORKS:
            return
        program = snippet()
        if not program:
            st.caption(self.words["code_none"])
        else:
            st.code(program.code(framework))
            if share.ANSWERS in self.hidden:
                return
            st.caption(self.words["code_prints"])
            st.code(program.output(framework), language=None)
            if framework in program.differing:
                st.caption(self.words["code_differs"])
            elif framework != "numpy":
                st.caption(self.words["code_float32"])

    def _table(self) -> Figure:
        return table(self._live, self.words["table"])

    def _words(self, step: Step) -> None:
        section = self.text.sections[step.key]
        parts = [f"### {self.text.steps.index(step.key) + 1} · {section.heading}"]
        parts += [] if self.projector else [section.body]
        parts += [f"$$\n{latex}\n$$" for latex in (step.formula, step.worked) if latex]
        st.markdown(fill("\n\n".join(parts), step.numbers))

    def _spoken(self, step: Step) -> None:
        """What the teacher says where the lesson is projected: the words of the step, behind a button."""
        with st.expander(self.words["spoken"]):
            st.markdown(fill(self.text.sections[step.key].body, step.numbers))
            self._notes(step)

    def _notes(self, step: Step) -> None:
        for note in step.notes:
            section = self.text.sections[note.key]
            st.markdown(fill(f"**{section.heading}**  \n{section.body}", note.numbers))

    def pictures(self, figures: Sequence[Figure], key: str) -> None:
        """Draw pictures where the script is."""
        if figures:
            picture(figures, self.words, key=f"picture-{key}", step=self.step)

    def _answered(self, question: Question) -> bool:
        """Ask first. True once the learner has guessed or skipped; then guess and truth stand side by side.

        A link without answers keeps the guess beside the question, and the step closed.
        """
        closed = share.ANSWERS in self.hidden
        if not closed and not numbers.held()["predict"]:
            return True
        key = f"{self.slug}-{question.key}"
        guesses: dict[str, int | None] = st.session_state.setdefault("guesses", {})
        section = self.text.sections[f"ask-{question.key}"]
        if key in guesses and not closed:
            guess = guesses[key]
            if guess is not None:
                lines = [
                    f"{'✓' if guess == question.answer else '✗'} **{fill(section.heading, question.numbers)}**",
                    f"{self.words['your_guess']} · {fill(section.options[guess], question.numbers)}",
                    f"{self.words['truth']} · **{fill(section.options[question.answer], question.numbers)}**",
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
                    on_click=self._guess,
                    args=(question.key, choice),
                )
                if not closed:
                    st.button(
                        self.words["skip"],
                        key=f"skip-{key}",
                        type="tertiary",
                        on_click=guesses.__setitem__,
                        args=(key, None),
                    )
            guess = guesses.get(key)
            if closed and guess is not None:
                st.info(f"{self.words['your_guess']}: {fill(section.options[guess], question.numbers)}")
        return False

    def _guess(self, key: str, choice: int) -> None:
        st.session_state["guesses"][f"{self.slug}-{key}"] = choice
        deeds.add(f"{self.slug}/ask-{key}")

    def _challenges(self, challenges: list[Challenge]) -> None:
        done = sum(challenge.done for challenge in challenges)
        lines = [f"### {self.words['challenges']} · {done}/{len(challenges)}", ""]
        hints = []
        for number, challenge in enumerate(challenges, 1):
            section = self.text.sections[f"challenge-{challenge.key}"]
            lines.append(f"{number}. {'✅' if challenge.done else '⬜'} {fill(section.heading, challenge.numbers)}")
            hints.append(f"{number}. {fill(section.body, challenge.numbers)}")
        st.markdown("\n".join(lines))
        with st.container(horizontal=True):
            for number, challenge in enumerate(challenges, 1):
                if challenge.at in self.turns:
                    st.button(
                        f"{number} → {self._heading(challenge.at)}",
                        key=f"go-{challenge.key}",
                        on_click=_go,
                        args=(challenge.at,),
                    )
        if share.ANSWERS not in self.hidden:
            st.expander(self.words["hint"]).markdown("\n".join(hints))


@in_turn()
def open_page(slug: str, board_at: Collection[str] | None = None) -> Page:
    """Begin a page: language, settings, style, title. The first call, so that each page stands alone behind a link.

    `board_at` are the steps that have the board beside them, if not all: the others have the whole width.
    """
    lang = _language()
    st.set_page_config(prose(slug, lang).title, "📊", layout="wide", initial_sidebar_state="collapsed")
    st.html(STYLE)
    return Page(slug, lang, board_at)
