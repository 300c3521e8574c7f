"""Home: the whole pipeline as one picture to play with, and the way into each lesson."""

import streamlit as st

from explainers import LESSONS, home
from explainers.step import fill
from explainers.text import prose
from ui import numbers, open_page
from ui.frame import PRACTICE

page = open_page("home")
state = st.session_state


def move() -> None:
    """Let the hidden vector move the learner's logits."""
    hidden = [state[f"h{j}"] for j in range(len(home.HIDDEN))]
    numbers.put(numbers.logit_controls(home.move(hidden, state["biases"], numbers.LIMIT)))


def body() -> None:
    """The hidden vector, the picture, and under it the learner's numbers."""
    with page.sight("h"), st.container(horizontal=True, gap="medium"):
        hidden = [
            st.slider(name, -3.0, 3.0, start, 0.1, key=f"h{j}", format="%.1f", bind="query-params", on_change=move)
            for j, (name, start) in enumerate(zip(home.HIDDEN_NAMES, home.HIDDEN, strict=True))
        ]
    live = numbers.live()
    state["biases"] = home.layer_biases(live.logits, hidden)
    (step,) = home.explain(live, hidden)
    titles = {key.removeprefix("stage_"): word for key, word in page.words.items() if key.startswith("stage_")}
    page.board([{**step.figures[0], "titles": titles}], live)
    section = page.text.sections[step.key]
    st.markdown(fill(f"{section.body}\n\n$$\n{step.formula}\n$$\n\n$$\n{step.worked}\n$$", step.numbers))
    numbers.controls(page.words, live, page.seen)


if not page.projector:
    page.lead()
if page.seen("toolbar"):
    page.toolbar()
page.follow(body)
st.markdown(f"### {page.text.sections['lessons'].heading}\n{page.text.sections['lessons'].body}")
with st.container(horizontal=True, gap="medium"):
    for slug in (*LESSONS, PRACTICE):
        with st.container(border=True, width=350):
            page.link(slug, f"**{prose(slug, page.lang).title}**")
            st.markdown(prose(slug, page.lang).lead)
