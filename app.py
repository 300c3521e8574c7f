"""Home: the whole pipeline as one picture to play with, and the way into each lesson."""

from urllib.parse import urlencode

import streamlit as st

from explainers import LESSONS, home
from explainers.step import fill
from explainers.text import prose
from ui import numbers, open_page

page = open_page("home")
state = st.session_state


def echo(source: str, target: str) -> None:
    """Let a control above the picture write the one below it, which is bound to the address."""
    if state[source] is not None:
        state[target] = state[source]


def move() -> None:
    """Let the hidden vector move the learner's logits."""
    hidden = [state[f"h{j}"] for j in range(len(home.HIDDEN))]
    for i, z in enumerate(home.move(hidden, state["biases"], numbers.LIMIT)):
        state[f"z{i}"] = z


st.markdown(page.text.lead)
controls, picture = st.container(key="play"), st.container()
with st.expander(page.words["your_numbers"]):
    live = numbers.numbers(page.words, page.lang)
    st.toggle(page.words["predict"], True, key="predict", bind="query-params", help=page.words["predict_help"])

with controls:
    left, right = st.columns(2, gap="medium")
    with left.container(horizontal=True, wrap=False, gap="medium"):
        hidden = [
            st.slider(name, -3.0, 3.0, start, 0.1, key=f"h{j}", format="%.1f", bind="query-params", on_change=move)
            for j, (name, start) in enumerate(zip(home.HIDDEN_NAMES, home.HIDDEN, strict=True))
        ]
    state["home_label"], state["home_t"] = live.label, live.temperature
    ids, ends = range(len(live.names)), (min(0.1, live.temperature), max(5.0, live.temperature))
    label, warmth = ("home_label", "label"), ("home_t", "t")
    with right.container(horizontal=True, gap="medium"):
        say = live.names.__getitem__
        st.segmented_control(
            page.words["label_name"],
            ids,
            format_func=say,
            key=label[0],
            required=True,
            wrap=True,
            on_change=echo,
            args=label,
        )
        st.slider(page.words["temperature"], *ends, step=0.01, width=160, key=warmth[0], on_change=echo, args=warmth)
state["biases"] = home.layer_biases(live.logits, hidden)

(step,) = home.explain(live, hidden)
query = urlencode({"lang": page.lang, **numbers.travelling()})
titles = {key.removeprefix("stage_"): word for key, word in page.words.items() if key.startswith("stage_")}
with picture:
    page.pictures([{**step.figures[0], "titles": titles, "links": {s: f"{s}?{query}" for s in LESSONS}}], key="home")
    section = page.text.sections[step.key]
    st.markdown(fill(f"{section.body}\n\n$$\n{step.formula}\n$$\n\n$$\n{step.worked}\n$$", step.numbers))

st.markdown(f"### {page.text.sections['lessons'].heading}\n{page.text.sections['lessons'].body}")
for place, slug in zip(st.columns(len(LESSONS), gap="medium"), LESSONS, strict=True):
    with place.container(border=True):
        page.link(slug, f"**{prose(slug, page.lang).title}**")
        st.markdown(prose(slug, page.lang).lead)
page.show([])
