"""The one component that draws: bars, curves and grids, in the browser, from plain data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from explainers import figures
from explainers.step import Figure

_HERE = Path(__file__).parent
_draw = st.components.v2.component(
    "picture",
    html='<div class="pictures"></div>',
    css=(_HERE / "picture.css").read_text(encoding="utf-8"),
    js=(_HERE / "picture.js").read_text(encoding="utf-8"),
)


def picture(pictures: Sequence[Figure], *, key: str) -> None:
    """Draw pictures side by side where there is room. The key keeps them, so that bars glide between values."""
    _draw(data={"figures": list(pictures), "alts": [figures.alt(p) for p in pictures]}, key=key)
