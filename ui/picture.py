"""The one component that draws: bars, curves and grids, in the browser, from plain data.

Streamlit sends a component's code with every message to it. So the code is a component of its own, mounted once a page
and the same on every run (Streamlit then sends a reference), and each picture is a mount of a few lines that call it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from explainers.spoken import spoken
from explainers.step import Figure

_HERE = Path(__file__).parent
_code = st.components.v2.component(
    "picture_code",
    js=f"const STYLE = {json.dumps((_HERE / 'picture.css').read_text(encoding='utf-8'))};\n"
    + (_HERE / "picture.js").read_text(encoding="utf-8"),
)
_draw = st.components.v2.component(
    "picture",
    html='<div class="pictures"></div>',
    js="""export default function (component) {
  if (globalThis.drawPicture) globalThis.drawPicture(component);
  else (globalThis.waitingPictures ??= []).push(component);
}
""",
)


def picture_code(lang: str) -> None:
    """Bring the drawing code to the page, and tell the browser its language; once, before the first picture."""
    _code(data=lang, key="picture-code")


def picture(
    pictures: Sequence[Figure],
    words: Mapping[str, str],
    *,
    key: str,
    step: str,
    live: Mapping[str, Any] | None = None,
    said: str = "",
    on_commit: Callable[[], None] | None = None,
) -> None:
    """Draw pictures side by side where there is room. The key keeps them, so that bars glide between values.

    A new `step` begins at the top of the page.

    One list of pictures a page is `live`: it tells the browser the learner's numbers, and `on_commit` is called when
    a hand has moved them. What is `said` of them is spoken when it has changed.
    """
    alts = [
        [spoken(stage["picture"], words) for stage in p["stages"]] if "stages" in p else spoken(p, words)
        for p in pictures
    ]
    data: dict[str, Any] = {"figures": list(pictures), "alts": alts, "step": step}
    options: dict[str, Any] = {}
    if live is not None:
        data |= {"live": live, "said": said, "hint": words["name_hint"]}
        options["on_commit_change"] = on_commit
    _draw(data=json.dumps(data, allow_nan=False).encode(), key=key, **options)  # a dict is searched for data frames
