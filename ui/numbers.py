"""The learner's numbers: class names, logits, label, temperature; their controls, the address, examples, undo.

They are held here, under the names that they have in the address (`?z0=2&label=1&t=0.5`), and travel from page to page
and from step to step. Board, boxes, sliders, examples and links change them by `put`; boxes and sliders show them, so
that a number beyond a slider's end or between its steps is kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import ArrayLike, NDArray

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
SHARED: Mapping[str, Any] = {
    "classes": DEFAULT_NAMES,
    **{f"z{i}": float(DEFAULT.logits[i]) if i < len(DEFAULT.logits) else 0.0 for i in range(MAX_CLASSES)},
    "label": DEFAULT.label,
    "t": DEFAULT.temperature,
    "seed": 0,
    "predict": True,
}
"""What every page has, with its defaults: what travels."""
LIMITS = {
    **{f"z{i}": (-LIMIT, LIMIT) for i in range(MAX_CLASSES)},
    "label": (0, MAX_CLASSES - 1),
    "t": (0, 1000),
    "seed": (0, LAST_SEED),
}


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


# ---- what is held, and the address ----


def held() -> dict[str, Any]:
    """The learner's numbers, each under its name."""
    return st.session_state.get("held") or dict(SHARED)


def put(changes: Mapping[str, Any]) -> None:
    """Change controls, the learner's numbers and others; undo brings the numbers back. For callbacks."""
    _hold({**held(), **{key: _clean(key, value) for key, value in changes.items() if key in SHARED}})
    st.session_state.update({key: value for key, value in changes.items() if key not in SHARED})
    st.session_state["by_hand"] = True


def _hold(now: dict[str, Any]) -> None:
    state, before = st.session_state, held()
    if now != before:
        state["past"] = [*state.get("past", []), before][-MAX_UNDO:]
    state["held"] = now


def _clean(key: str, value: Any) -> Any:
    """What came from a control or an address, if the control can hold it; otherwise the default."""
    default = SHARED[key]
    if key == "classes":
        return str(value)[:200]
    if key == "predict":
        return str(value).lower() != "false"
    low, high = LIMITS[key]
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return default
    return type(default)(number) if low <= number <= high else default


def arrive(slug: str) -> None:
    """Take the numbers from the address where it brings news: at first, by a link, and after Back or Forward.

    The browser may send an address that is older than what a hand has just changed: then it brings none.
    """
    state = st.session_state
    told = {key: st.query_params[key] for key in SHARED if key in st.query_params}
    before, by_hand, came_from = state.get("told"), state.pop("by_hand", False), state.get("place")
    state["told"], state["place"] = told, slug
    now = {**SHARED, **{key: _clean(key, value) for key, value in told.items()}}
    if came_from is None:
        state["held"] = now
    elif (told != before and not by_hand) if came_from == slug else told:
        _hold(now)


def depart() -> None:
    """Write the numbers into the address, but for defaults; last, when all controls are made."""
    st.session_state.pop("by_hand", None)
    now, query = held(), st.query_params
    used = _names(now)
    wanted = {
        key: str(value).lower() if key == "predict" else value if key == "classes" else f"{value:.12g}"
        for key, value in now.items()
        if value != SHARED[key] and not (key[0] == "z" and int(key[1:]) >= len(used))
    }
    for key in SHARED:
        if key in query and key not in wanted:
            del query[key]
    news = {key: value for key, value in wanted.items() if query.get(key) != value}
    if news:
        query.update(news)
    st.session_state["told"] = wanted


def live(*, zero_temperature: bool = False) -> Live:
    """The learner's numbers as a lesson takes them."""
    now = held()
    names = _names(now)
    logits = np.array([now[f"z{i}"] for i in range(len(names))])
    temperature = now["t"] if now["t"] >= COLDEST else 0.0
    return Live(
        names, logits, min(now["label"], len(names) - 1), temperature if zero_temperature else max(temperature, 0.01)
    )


def _names(now: Mapping[str, Any]) -> tuple[str, ...]:
    names = class_names(now["classes"])
    return names if len(names) >= MIN_CLASSES else DEFAULT.names


def logit_controls(logits: ArrayLike) -> dict[str, float]:
    """Logits as the controls hold them."""
    return {f"z{i}": float(z) for i, z in enumerate(np.clip(logits, -LIMIT, LIMIT))}


# ---- who changes them ----


def _set(preset: Preset) -> None:
    put(preset.live.controls)


def _choose_preset(lang: str) -> None:
    chosen = str(st.session_state.get("preset"))
    if chosen in PRESETS:
        _set(PRESETS[chosen].named(lang))


def _random() -> None:
    seed = held()["seed"] % LAST_SEED + 1
    rng = np.random.default_rng(seed)
    count = len(_names(held()))
    logits = np.round(rng.normal(0.0, 2.0, count), 1)
    put({"seed": seed, **logit_controls(logits), "label": rng.integers(count)})


def _more(step: int) -> None:
    names = _names(held())
    if step < 0:
        names = names[:-1]
    else:
        new = next(letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if letter not in names)
        names = (*names, new)
    put({"classes": ", ".join(names)})


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
    changes: dict[str, Any] = {}
    if isinstance(logits, list) and len(logits) <= MAX_CLASSES and all(map(_reasonable, logits)):
        changes |= logit_controls(np.array(logits, float))
    if isinstance(label, int) and 0 <= label < MAX_CLASSES:
        changes["label"] = label
    put(changes)


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
    put(logit_controls(logits[-1]))
    st.session_state["walk"] = np.clip(logits, -LIMIT, LIMIT)


def undo() -> None:
    """Take the last change of the numbers back, whoever made it: a hand on the board, a box, an example, a descent."""
    past = st.session_state.get("past")
    if past:
        put(past[-1])
        st.session_state["past"] = past[:-1]


# ---- their controls ----


def _mirror(key: str, value: Any, widget: str = "") -> dict[str, Any]:
    """What makes a control show what is held, and hold what it is given."""
    widget = widget or key
    st.session_state[widget] = value
    return {"key": widget, "on_change": lambda: put({key: st.session_state[widget]})}


def _slider(label: str, key: str, ends: tuple[float, float], value: float, step: float, **options: Any) -> None:
    low, high = min(ends[0], value), max(ends[1], value)
    told = _mirror(key, value, f"{key}_slider") | options
    st.slider(label, low, high, value, step, "%.4g", **told)  # one that is given no value reads all of the session


def _box(label: str, key: str, limits: tuple[float, float], value: float, step: float, format: str = "%.6g") -> None:
    """A box for a number. One for whole numbers holds floats, too: Streamlit's integer box raises on infinity."""
    low, high = map(float, limits)
    st.number_input(label, low, high, step=step, format=format, width=128, **_mirror(key, float(value)))


def behind(label: str, key: str, draw: Callable[[], None], **options: Any) -> None:
    """A button, and what it opens, which is made then: half of a page's controls are seldom asked for."""
    place = st.popover(label, key=key, on_change="rerun", **options)
    if place.open:
        with place:
            draw()


def whole(label: str, key: str, hi: int, default: int) -> int:
    """A box for a whole number from 0 to `hi`, bound to the address."""
    value = st.number_input(label, 0.0, float(hi), float(default), 1.0, format="%.0f", key=key, bind="query-params")
    return default if value is None or not math.isfinite(value) else min(max(int(value), 0), hi)


def toolbar(
    words: Mapping[str, str], lang: str, csv: Callable[[], str], file_name: str, more: Callable[[], None]
) -> None:
    """Examples, undo, random, reset, the classes and the table as a file.

    What is used here runs more than what follows the numbers. `csv` is called when the file is asked for; `more` draws
    what else there is.
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
    st.button(words["undo"], key="undo", on_click=undo)
    st.button(words["random"], key="random", on_click=_random)
    st.button(words["reset"], key="reset", on_click=_set, args=(DEFAULT,))
    now = held()
    count = len(_names(now))

    def hidden() -> None:
        st.text_input(words["classes"], max_chars=200, help=words["classes_help"], **_mirror("classes", now["classes"]))
        with st.container(horizontal=True):
            st.button(words["class_more"], on_click=_more, args=(1,), disabled=count >= MAX_CLASSES)
            st.button(words["class_fewer"], on_click=_more, args=(-1,), disabled=count <= MIN_CLASSES)
        _box(words["seed"], "seed", LIMITS["seed"], now["seed"], 1.0, "%.0f")
        more()
        st.download_button(words["download"], csv, file_name, "text/csv", on_click="ignore")

    behind(words["more"], "more", hidden)
    if len(class_names(now["classes"])) < MIN_CLASSES:
        st.warning(words["classes_few"])


def ask_first(words: Mapping[str, str]) -> None:
    """The switch that turns the questions before a step off."""
    st.toggle(words["predict"], help=words["predict_help"], **_mirror("predict", held()["predict"]))


def controls(
    words: Mapping[str, str], live: Live, seen: Callable[[str], bool], *, zero_temperature: bool = False
) -> None:
    """A slider for the temperature; behind a button its box, and a box and a slider for label and logits.

    What is not `seen` is never made: the numbers do not need it.
    """
    lowest = 0.0 if zero_temperature else 0.01
    if seen("t"):
        _slider(words["temperature"], "t", (lowest, 5.0), live.temperature, 0.01)
    if not seen("numbers"):
        return
    last = len(live.names) - 1

    def exact() -> None:
        with st.container(key="numbers"):
            if seen("label"):
                _box(words["label"], "label", (0, last), live.label, 1.0, "%.0f")
                st.segmented_control(
                    words["label_name"],
                    range(last + 1),
                    format_func=lambda i: f"{i}: {live.names[i]}",
                    required=True,
                    **_mirror("label", live.label, "label_name"),
                )
            for i, name in enumerate(live.names):
                value = float(live.logits[i])
                _box(name, f"z{i}", (-LIMIT, LIMIT), value, 0.1)
                _slider(name, f"z{i}", (-REACH, REACH), value, 0.1, label_visibility="collapsed")
            if seen("t"):
                _box(words["temperature"], "t", (lowest, LIMITS["t"][1]), live.temperature, 0.01)

    behind(words["your_numbers"], "exact", exact, width="stretch")
