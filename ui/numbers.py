"""The learner's numbers: class names, a slider and a number box for each logit, label, temperature, examples, undo.

The boxes are bound to the address (`?z0=2&label=1&t=0.5`); each slider only mirrors its box, so that a number beyond
the slider's end or between its steps is kept, and the board only edits the boxes. The numbers travel from page to page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from explainers.board import REACH
from explainers.presets import DEFAULT, PRESETS, Preset
from explainers.step import Live

MIN_CLASSES, MAX_CLASSES = 2, 10
LIMIT = 10_000.0
"""largest logit that can be typed"""
LAST_SEED = 999_999
MAX_UNDO = 100
COLDEST = 1e-6
"""less is as good as zero, and the largest logit divided by much less is beyond float64"""
DEFAULT_NAMES = ", ".join(DEFAULT.names)


def class_names(typed: str) -> tuple[str, ...]:
    """What was typed as names: at most ten, each of at most 16 letters, digits and harmless signs, none twice.

    Markdown and LaTeX signs are dropped here, once, so that a name can stand in prose, formula and picture alike.
    """
    names: list[str] = []
    for part in typed[:400].replace("，", ",").replace("、", ",").split(",")[: 4 * MAX_CLASSES]:
        name = " ".join("".join(c for c in part if c.isalnum() or c in " -'.!?+♯♭").split())[:16].strip()
        if name and name not in names:
            names.append(name)
    return tuple(names[:MAX_CLASSES])


def _set(preset: Preset) -> None:
    """Write a preset into the widgets' keys; runs in a callback, before the widgets are made."""
    st.session_state.update(preset.live.controls)


def write_logits(logits: NDArray[np.floating[Any]]) -> None:
    """Put logits into the learner's controls; for callbacks."""
    for i, z in enumerate(np.clip(logits, -LIMIT, LIMIT)):
        st.session_state[f"z{i}"] = float(z)


def _choose_preset(lang: str) -> None:
    chosen = str(st.session_state.get("preset"))
    if chosen in PRESETS:
        _set(PRESETS[chosen].named(lang))


def _random() -> None:
    seed = int(st.session_state.get("seed") or 0) % LAST_SEED + 1
    st.session_state["seed"] = float(seed)
    rng = np.random.default_rng(seed)
    count = len(class_names(st.session_state.get("classes", "")) or DEFAULT.names)
    write_logits(np.round(rng.normal(0.0, 2.0, count), 1))
    st.session_state["label"] = float(rng.integers(count))


def _more(names: tuple[str, ...], step: int) -> None:
    if step < 0:
        names = names[:-1]
    else:
        new = next(letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if letter not in names)
        names = (*names, new)
    st.session_state["classes"] = ", ".join(names)


def commit() -> None:
    """Take what the board sends when a hand lets go: `{logits, label, seq}`, or what a crafted client makes of it.

    A hand can let go while the page turns to a step without a board.
    """
    state = st.session_state
    sent = getattr(state.get("board"), "commit", None)
    if not isinstance(sent, Mapping):
        return
    logits, label, seq = sent.get("logits"), sent.get("label"), sent.get("seq")
    state["seq"] = seq if isinstance(seq, int) and 0 <= seq < 2**53 else 0
    if isinstance(logits, list) and len(logits) <= MAX_CLASSES and all(map(_reasonable, logits)):
        write_logits(np.array(logits, float))
    if isinstance(label, int) and 0 <= label < MAX_CLASSES:
        state["label"] = float(label)


def _reasonable(z: object) -> bool:
    return isinstance(z, int | float) and abs(z) <= 1e9


def board_data(live: Live) -> dict[str, Any]:
    """What the board needs to go on from here by itself; a walk of the logits is told once."""
    state = st.session_state
    data = {"logits": live.logits.tolist(), "label": live.label, "t": live.temperature, "seq": state.get("seq", 0)}
    walk = state.pop("walk", None)
    return data if walk is None else data | {"motion": np.round(walk, 3).tolist()}


def walk(path: Callable[[], NDArray[np.floating[Any]]]) -> None:
    """Take the learner's logits along a path, [num_steps + 1, num_classes], for all to see; for callbacks."""
    logits = path()
    write_logits(logits[-1])
    st.session_state["walk"] = np.clip(logits, -LIMIT, LIMIT)


def mirrored(
    label: str,
    key: str,
    limits: tuple[float, float],
    default: float,
    *,
    ends: tuple[float, float],
    step: float,
    slider_in: DeltaGenerator | None = None,
) -> float:
    """A slider and a number box that hold the same number; the box is bound to the address and may go further."""
    slider_key = f"{key}_slider"

    def from_slider() -> None:
        st.session_state[key] = st.session_state[slider_key]

    value = st.number_input(label, *limits, default, step, format="%.6g", key=key, bind="query-params", width=128)
    value = default if value is None or not math.isfinite(value) else min(max(float(value), limits[0]), limits[1])
    st.session_state[slider_key] = value
    (slider_in or st).slider(
        label,
        min(ends[0], value),
        max(ends[1], value),
        default,
        step,
        format="%.4g",
        key=slider_key,
        on_change=from_slider,
        label_visibility="visible" if slider_in else "collapsed",
    )
    return value


def whole(label: str, key: str, hi: int, default: int) -> int:
    """A box for a whole number from 0 to `hi`. It holds a float, because Streamlit's integer box raises on infinity."""
    value = st.number_input(label, 0.0, float(hi), float(default), 1.0, format="%.0f", key=key, bind="query-params")
    return default if value is None or not math.isfinite(value) else min(max(int(value), 0), hi)


def _label(names: tuple[str, ...], words: Mapping[str, str]) -> int:
    """The label: as the integer id that it is, and as a name to click."""

    def from_names() -> None:
        if st.session_state["label_name"] is not None:
            st.session_state["label"] = float(st.session_state["label_name"])

    last = len(names) - 1
    if not 0 <= (st.session_state.get("label") or 0) <= last:
        st.session_state["label"] = float(last)
    label = whole(words["label"], "label", last, min(DEFAULT.label, last))
    st.session_state["label_name"] = label
    st.segmented_control(
        words["label_name"],
        range(len(names)),
        format_func=lambda i: f"{i}: {names[i]}",
        key="label_name",
        on_change=from_names,
    )
    return label


def toolbar(
    words: Mapping[str, str], lang: str, csv: Callable[[], str], file_name: str, more: Callable[[], None]
) -> tuple[str, ...]:
    """Examples, undo, random, reset, the classes and the table as a file; returns the names of the classes.

    What is used here runs the whole page. `csv` is called when the file is asked for; `more` draws what else there is.
    """
    st.selectbox(
        words["preset"],
        list(PRESETS),
        index=None,
        format_func=lambda key: words[f"preset_{key}"],
        key="preset",
        placeholder=words["preset_choose"],
        on_change=_choose_preset,
        args=(lang,),
        label_visibility="collapsed",
        width=230,
    )
    st.button(words["undo"], key="undo", on_click=_undo)
    st.button(words["random"], key="random", on_click=_random)
    st.button(words["reset"], key="reset", on_click=_set, args=(DEFAULT,))
    with st.popover(words["more"]):
        typed = st.text_input(
            words["classes"],
            DEFAULT_NAMES,
            max_chars=200,
            key="classes",
            bind="query-params",
            help=words["classes_help"],
        )
        names = class_names(typed or "")
        few = len(names) < MIN_CLASSES
        names = DEFAULT.names if few else names
        with st.container(horizontal=True):
            st.button(words["class_more"], on_click=_more, args=(names, 1), disabled=len(names) >= MAX_CLASSES)
            st.button(words["class_fewer"], on_click=_more, args=(names, -1), disabled=len(names) <= MIN_CLASSES)
        whole(words["seed"], "seed", LAST_SEED, 0)
        ask_first(words)
        more()
        st.download_button(words["download"], csv, file_name, "text/csv", on_click="ignore")
    if few:
        st.warning(words["classes_few"])
    return names


def ask_first(words: Mapping[str, str]) -> None:
    """The switch that turns the questions before a step off."""
    st.toggle(words["predict"], True, key="predict", bind="query-params", help=words["predict_help"])


def kept() -> Live:
    """The learner's numbers where no control shows them: as another step or page left them."""
    held = {**SHARED, **st.session_state.get("carried", {})}
    names = class_names(held["classes"])
    names = names if len(names) >= MIN_CLASSES else DEFAULT.names
    logits = np.array([held[f"z{i}"] for i in range(len(names))])
    return Live(names, logits, min(int(held["label"]), len(names) - 1), max(held["t"], 0.01))


def numbers(words: Mapping[str, str], names: tuple[str, ...], *, zero_temperature: bool = False) -> Live:
    """Draw a slider for the temperature, and behind a button its box, and a box and a slider for label and logits.

    What a button hides is not built by the browser until it is opened, but always there for the address.
    """
    lowest = 0.0 if zero_temperature else 0.01
    if not zero_temperature and st.session_state.get("t") == 0:
        st.session_state["t"] = lowest
    place = st.container(key="temperature")
    with st.popover(words["your_numbers"], width="stretch"), st.container(key="numbers"):
        label = _label(names, words)
        logits = [
            mirrored(name, f"z{i}", (-LIMIT, LIMIT), SHARED[f"z{i}"], ends=(-REACH, REACH), step=0.1)
            for i, name in enumerate(names)
        ]
        temperature = mirrored(
            words["temperature"], "t", (lowest, 1000.0), 1.0, ends=(lowest, 5.0), step=0.01, slider_in=place
        )
    return Live(names, np.array(logits), label, temperature if temperature >= COLDEST else lowest)


SHARED: Mapping[str, Any] = {
    "classes": DEFAULT_NAMES,
    **{f"z{i}": float(DEFAULT.logits[i]) if i < len(DEFAULT.logits) else 0.0 for i in range(MAX_CLASSES)},
    "label": float(DEFAULT.label),
    "t": DEFAULT.temperature,
    "seed": 0.0,
    "predict": True,
}
"""The controls that every page has, with their defaults: what travels."""


def arrive(slug: str, *, board: bool) -> None:
    """Put what the learner left elsewhere into the controls of this page and into the address, before they are made.

    Streamlit forgets a bound value that came by link and was not touched when the next page binds the same key, and
    every value whose control is not drawn: those of the board, at a step without it.
    """
    state = st.session_state
    came_from, had_board = state.get("place", (slug, board))
    wanted = set(SHARED if board else {"predict"})
    if came_from == slug:
        wanted = wanted - {"predict"} if board and not had_board else set()
    for key in wanted & state.get("carried", {}).keys():
        value = state[key] = state["carried"][key]
        if value != SHARED[key]:
            st.query_params[key] = (
                f"{value:g}" if key in ("label", "seed") else str(value).lower() if key == "predict" else value
            )
    state["place"] = slug, board


def depart() -> None:
    """Remember the numbers for the next page and for undo; last, when all controls are made."""
    state = st.session_state
    held = {key: state[key] for key in SHARED if state.get(key) is not None}
    before = state.get("carried", held)
    now = {**before, **held}
    if now != before:
        state["past"] = [*state.get("past", []), before][-MAX_UNDO:]
    state["carried"] = now


def take(live: Live) -> None:
    """Make these the learner's numbers, from the next page on; undo brings the old ones back."""
    state = st.session_state
    before = {**SHARED, **state.get("carried", {})}
    state["past"] = [*state.get("past", []), before][-MAX_UNDO:]
    state["carried"] = {**before, **live.controls}


def _undo() -> None:
    """Take the last change of the numbers back, whoever made it: a hand on the board, a box, an example, a descent."""
    past = st.session_state.get("past")
    if past:
        st.session_state["carried"] = past[-1]
        for key, value in past.pop().items():
            st.session_state[key] = value
