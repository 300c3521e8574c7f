"""For test_training.py: controls, and below them a training that is watched."""

import streamlit as st

from tests.ui import sleeper
from ui import jobs

who = jobs.owner("watching")
arguments = ["--steps", "100000", "--pause", "0.05"]


def draw(job: jobs.Job | None) -> None:
    """What a page shows of a training."""
    st.text(f"{job.state} {len(job.events)}" if job else "none")
    if job and job.alive:
        st.button("stop", on_click=jobs.stop, args=(who,))
    else:
        st.button("train", on_click=jobs.start, args=(who, sleeper, arguments))


@st.fragment
def lesson() -> None:
    """What `Page.follow` makes of a lesson: a fragment, and in it the one that polls."""
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    value = st.slider("value", 0, 100, 0)
    typed = st.text_input("typed")
    st.text(f"value {value}, typed {typed}, run {st.session_state['runs']}")
    jobs.watch(who, draw)


lesson()
