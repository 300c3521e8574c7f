"""The learner's numbers: class names, a slider and a number box for each logit, label, temperature, presets, random.

The boxes are bound to the address (`?z0=2&label=1&t=0.5`); each slider only mirrors its box, so that a number beyond
the slider's end or between its steps is kept. The numbers travel: every link between pages carries them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from explainers.presets import DEFAULT, PRESETS, Preset
from explainers.step import Live

MIN_CLASSES, MAX_CLASSES = 2, 10
LIMIT = 10_000.0
"""largest logit that can be typed"""
LAST_SEED = 999_999
SLIDER = 10.0
"""end of a logit's slider, until a logit lies beyond it"""
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


def _clear(*keys: str) -> None:
    for key in keys:
        st.session_state.pop(key, None)


def _set(preset: Preset) -> None:
    """Write a preset into the widgets' keys; runs in a callback, before the widgets are made."""
    st.session_state["classes"] = ", ".join(preset.names)
    write_logits(np.array(preset.logits))
    st.session_state["label"] = float(preset.label)
    st.session_state["t"] = preset.temperature


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


def mirrored(
    label: str, key: str, lo: float, hi: float, default: float, *, ends: tuple[float, float], step: float
) -> float:
    """A slider and a number box that hold the same number; the box is bound to the address and may go further."""
    slider_key = f"{key}_slider"

    def from_slider() -> None:
        st.session_state[key] = st.session_state[slider_key]

    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", wrap=False):
        value = st.number_input(label, lo, hi, default, step, format="%.6g", key=key, bind="query-params", width=118)
        value = default if value is None or not math.isfinite(value) else min(max(float(value), lo), hi)
        st.session_state[slider_key] = value
        st.slider(
            label,
            min(ends[0], value),
            max(ends[1], value),
            default,
            step,
            format="%.4g",
            key=slider_key,
            on_change=from_slider,
            label_visibility="collapsed",
        )
    return value


def whole(label: str, key: str, hi: int, default: int) -> int:
    """A box for a whole number from 0 to `hi`. It holds a float, because Streamlit's integer box raises on infinity."""
    value = st.number_input(
        label, 0.0, float(hi), float(default), 1.0, format="%.0f", key=key, bind="query-params", width=118
    )
    return default if value is None or not math.isfinite(value) else min(max(int(value), 0), hi)


def _label(names: tuple[str, ...], words: Mapping[str, str]) -> int:
    """The label: as the integer id that it is, and as a name to click."""

    def from_names() -> None:
        if st.session_state["label_name"] is not None:
            st.session_state["label"] = float(st.session_state["label_name"])

    last = len(names) - 1
    if not 0 <= (st.session_state.get("label") or 0) <= last:
        st.session_state["label"] = float(last)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", wrap=False):
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


def numbers(words: Mapping[str, str], lang: str, *, zero_temperature: bool = False) -> Live:
    """Draw the controls and return what they hold."""
    st.selectbox(
        words["preset"],
        list(PRESETS),
        index=None,
        format_func=lambda key: words[f"preset_{key}"],
        key="preset",
        placeholder=words["preset_choose"],
        on_change=_choose_preset,
        args=(lang,),
    )
    typed = st.text_input(
        words["classes"], DEFAULT_NAMES, max_chars=200, key="classes", bind="query-params", help=words["classes_help"]
    )
    names = class_names(typed or "")
    if len(names) < MIN_CLASSES:
        st.warning(words["classes_few"])
        names = DEFAULT.names
    logits = [
        mirrored(
            name,
            f"z{i}",
            -LIMIT,
            LIMIT,
            float(DEFAULT.logits[i]) if i < len(DEFAULT.logits) else 0.0,
            ends=(-SLIDER, SLIDER),
            step=0.1,
        )
        for i, name in enumerate(names)
    ]
    label = _label(names, words)
    lowest = 0.0 if zero_temperature else 0.01
    if not zero_temperature and st.session_state.get("t") == 0:
        st.session_state["t"] = lowest
    temperature = mirrored(words["temperature"], "t", lowest, 1000.0, 1.0, ends=(lowest, 5.0), step=0.01)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        st.button(words["class_more"], on_click=_more, args=(names, 1), disabled=len(names) >= MAX_CLASSES)
        st.button(words["class_fewer"], on_click=_more, args=(names, -1), disabled=len(names) <= MIN_CLASSES)
        st.button(words["reset"], on_click=_set, args=(DEFAULT,))
        st.button(words["random"], on_click=_random)
        whole(words["seed"], "seed", LAST_SEED, 0)
    return Live(names, np.array(logits), label, temperature)


SHARED: Mapping[str, Any] = {
    "classes": DEFAULT_NAMES,
    **{f"z{i}": float(DEFAULT.logits[i]) if i < len(DEFAULT.logits) else 0.0 for i in range(MAX_CLASSES)},
    "label": float(DEFAULT.label),
    "t": DEFAULT.temperature,
    "seed": 0.0,
    "predict": True,
}
"""The controls that every page has, with their defaults: what travels."""


def travelling() -> dict[str, Any]:
    """The numbers that a link to another page carries: all that differ from the defaults."""
    held = {key: st.session_state.get(key, default) for key, default in SHARED.items()}
    return {
        key: f"{value:g}" if key in ("label", "seed") else str(value).lower() if key == "predict" else value
        for key, value in held.items()
        if value not in (SHARED[key], None)
    }


def arrive(slug: str) -> None:
    """Put the numbers of the page before into this page's controls and into the address, before the controls are made.

    Streamlit forgets a bound value that came by link and was not touched when the next page binds the same key.
    """
    state = st.session_state
    if state.get("page", slug) != slug:
        for key, value in state["carried"].items():
            state[key] = value
        for key, value in travelling().items():
            st.query_params[key] = value
    state["page"] = slug


def depart() -> None:
    """Remember the numbers for the next page; last, when all controls are made."""
    state = st.session_state
    state["carried"] = {key: state[key] for key in SHARED if state.get(key) is not None}
