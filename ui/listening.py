"""The controls of the steps that let a model of tunes choose, play, be surprised, and read a tune of the learner's."""

from __future__ import annotations

from explainers import listening
from ui.frame import Page

WRITING = ("choose", "listen", "own")
"""the steps in which characters are chosen, all in the same way"""

ALL = float(listening.NUM_CLASSES)


def settings(page: Page) -> listening.Settings:
    """Ask for them all, in the order of the steps."""
    tune = int(page.slider("seq_tune", 0.0, len(listening.HELD_OUT) - 1.0, 61.0, 1.0, at=("choose", "surprise")))
    at = int(page.slider("seq_place", 0.0, listening.LONGEST - 1.0, 107.0, 1.0, at=("choose", "surprise")))
    kind = page.choice("seq_kind", listening.KINDS, at="listen")
    key = page.choice("seq_key", listening.KEYS, at="listen")
    pasted = page.paste("seq_abc", listening.EXAMPLES["begun"], at="own")
    for code, numbers in listening.faults(pasted):
        page.say(f"seq_abc_{code}", numbers, at="own")
    page.button("seq_begun", lambda: {"seq_abc": listening.EXAMPLES["begun"]}, at="own")
    page.button("seq_faulty", lambda: {"seq_abc": listening.EXAMPLES["faulty"]}, at="own")
    temperature = page.slider("seq_temperature", 0.0, 2.0, 0.7, 0.05, at=WRITING)
    page.button("seq_cold", lambda: {"seq_temperature": 0.2}, at="listen")
    page.button("seq_warm", lambda: {"seq_temperature": 0.7}, at="listen")
    page.button("seq_hot", lambda: {"seq_temperature": 1.5}, at="listen")
    top_k = int(page.slider("seq_top_k", 1.0, ALL, ALL, 1.0, at=WRITING))
    top_p = page.slider("seq_top_p", 0.05, 1.0, 1.0, 0.05, at=WRITING)
    seed = int(page.slider("seq_dice", 0.0, 999.0, 0.0, 1.0, at=WRITING))
    page.button("seq_throw", lambda: {"seq_dice": (seed + 1.0) % 1000}, at=WRITING)
    how = listening.sampling(temperature, top_k, top_p, seed)
    base = page.choice("seq_base", listening.BASES, at="surprise")
    chosen = listening.Settings(tune, at, kind, key, how, base, pasted)
    for step, made in (("listen", listening.written), ("own", listening.finished)):
        page.audio("seq_play", lambda made=made: listening.sound(made(chosen)), at=step)
        page.download("seq_save_abc", lambda made=made: made(chosen), "tune.abc", at=step)
        page.download("seq_save_wav", lambda made=made: listening.sound(made(chosen)), "tune.wav", at=step)
    return chosen
