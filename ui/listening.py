"""The controls of the steps that let a model of tunes choose, play, be surprised, and read a tune of the learner's."""

from __future__ import annotations

from explainers import listening
from ui.frame import Page

READING, WRITING = ("choose", "surprise"), ("choose", "listen", "own")
"""the steps in which a held-out tune is read, and those in which characters are chosen, all in the same way"""
ALL = float(listening.NUM_CLASSES)


def settings(page: Page) -> listening.Settings:
    """Ask for them all, in the order of the steps."""
    usual = listening.DEFAULT
    tune = int(
        page.slider("seq_tune", 0.0, len(listening.HELD_OUT) - 1.0, float(usual.tune), 1.0, at=("choose", "surprise"))
    )
    at = int(page.slider("seq_place", 0.0, listening.LONGEST - 1.0, float(usual.at), 1.0, at=("choose", "surprise")))
    kind = page.choice("seq_kind", listening.KINDS, at="listen")
    key = page.choice("seq_key", listening.KEYS, at="listen")
    pasted = page.paste("seq_abc", usual.pasted, at="own")
    for code, numbers in listening.faults(pasted):
        page.say(f"seq_abc_{code}", numbers, at="own")
    page.button("seq_begun", lambda: {"seq_abc": listening.EXAMPLES["begun"]}, at="own")
    page.button("seq_faulty", lambda: {"seq_abc": listening.EXAMPLES["faulty"]}, at="own")
    temperature = page.slider("seq_temperature", 0.0, 2.0, usual.how.temperature, 0.05, at=WRITING)
    page.button("seq_cold", lambda: {"seq_temperature": listening.TEMPERATURES["cold"]}, at="listen")
    page.button("seq_usual", lambda: {"seq_temperature": listening.TEMPERATURES["usual"]}, at="listen")
    page.button("seq_hot", lambda: {"seq_temperature": listening.TEMPERATURES["hot"]}, at="listen")
    top_k = int(page.slider("seq_top_k", 1.0, ALL, ALL, 1.0, at=WRITING))
    top_p = page.slider("seq_top_p", 0.05, 1.0, 1.0, 0.05, at=WRITING)
    seed = int(page.slider("seq_dice", 0.0, 999.0, 0.0, 1.0, at=WRITING))
    page.button("seq_throw", lambda: {"seq_dice": (seed + 1.0) % 1000}, at=WRITING)
    how = listening.sampling(temperature, top_k, top_p, seed)
    base = page.choice("seq_base", listening.BASES, at="surprise")
    chosen = listening.Settings(tune, at, kind, key, how, base, pasted)
    page.audio("seq_play", lambda: listening.sound(listening.written(chosen)), at="listen")
    page.download("seq_save_abc", lambda: listening.written(chosen), "tune.abc", at="listen")
    page.download("seq_save_wav", lambda: listening.sound(listening.written(chosen)), "tune.wav", at="listen")
    page.audio("seq_play", lambda: listening.sound(listening.finished(chosen)), at="own")
    page.download("seq_save_abc", lambda: listening.finished(chosen), "tune.abc", at="own")
    page.download("seq_save_wav", lambda: listening.sound(listening.finished(chosen)), "tune.wav", at="own")
    return chosen
