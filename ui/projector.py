"""Projector mode: large, high in contrast, one screen a step; all of it in the browser, and only where it is on."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
_code = st.components.v2.component(
    "projector",
    css=(_HERE / "projector.css").read_text(encoding="utf-8"),
    js=(_HERE / "projector.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def project() -> None:
    """Make this page one for the wall. Where a run leaves this out, the browser takes style and keys away again."""
    _code(key="projector-code")
