"""What the learner has done: in the session, and as a short code in a cookie, so that it outlives a reload.

The server reads the cookie when a session begins and keeps nothing; the browser writes it.
"""

from __future__ import annotations

import streamlit as st

from explainers import practice

COOKIE = "logits-done"
_write = st.components.v2.component(
    "deeds",
    js=f"""export default function ({{ data }}) {{
  const age = data ? 365 * 24 * 3600 : 0;
  document.cookie = `{COOKIE}=${{data || ""}}; path=/; max-age=${{age}}; SameSite=Lax`;
}}
""",
)


def done() -> set[str]:
    """All deeds: those of this session and those that the browser remembers."""
    if "deeds" not in st.session_state:
        st.session_state["deeds"] = practice.deeds(st.context.cookies.get(COOKIE, ""))
    deeds: set[str] = st.session_state["deeds"]
    return deeds


def add(deed: str) -> bool:
    """Note a deed; whether it is a new one."""
    new = deed not in done()
    done().add(deed)
    return new


def replace(deeds: set[str]) -> None:
    """Take these for all that was done."""
    st.session_state["deeds"] = deeds


def keep() -> None:
    """Have the browser remember, once there is something to remember or to forget."""
    state, code = st.session_state, practice.code(done())
    if state.setdefault("cookie_due", False) or code != st.context.cookies.get(COOKIE, ""):
        state["cookie_due"] = True
        _write(key="deeds-cookie", data=code)
