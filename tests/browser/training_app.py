"""For benchmarks/training.py: `?train=...` trains, `&module=race` runs a race; anything else is a slider."""

from dataclasses import replace

import streamlit as st

from core import next_character, race
from explainers import softmax
from explainers.presets import DEFAULT
from explainers.text import words
from ui import jobs
from ui.picture import picture, picture_code

arguments = st.query_params.get_all("train")


def draw(job: jobs.Job | None) -> None:
    """Where the training is, in a line that the benchmark reads."""
    if job:
        steps = [event[key] for event in job.events for key in ("step", "steps") if key in event]
        st.text(f"{job.state} {max(steps, default=0)} {job.error}")


if arguments:
    who = jobs.owner("benchmark")
    if jobs.job(who) is None:
        jobs.start(who, race if st.query_params.get("module") == "race" else next_character, arguments)
    jobs.watch(who, draw)
else:
    picture_code("en")
    temperature = st.slider("temperature", 0.1, 5.0, 1.0, 0.1)
    live = replace(DEFAULT.live, temperature=temperature)
    for step in softmax.explain(live, only={"logits", "temperature", "exp"}):
        st.markdown(f"$$\n{step.formula}\n$$")
        picture(step.figures, words("en"), key=step.key, step="")
