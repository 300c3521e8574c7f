"""Lesson: labels [batch, time] on logits [batch, time, vocabulary], and a model of real tunes."""

from explainers import ladder, sequence, shape_lab, snippets
from explainers.step import Live
from ui import open_page
from ui.listening import settings

page = open_page("sequence", board_at=("block", "logits", "ignored", "means"))


def body(live: Live) -> None:
    """The controls and the steps."""
    fallen = int(page.slider("seq_fallen", 0.0, float(sequence.FALLEN), 0.0, 1.0, at="block"))
    page.button("seq_fall", lambda: {"seq_fallen": float((fallen + 1) % (sequence.FALLEN + 1))}, at="block")
    cells = {
        "blocks": page.choice("seq_blocks", sequence.BLOCKS, at="block"),
        "cells": page.choice("seq_cells", sequence.CELLS, at="block"),
        "sequence": int(page.slider("seq_b", 0.0, sequence.NUM_SEQUENCES - 1.0, 0.0, 1.0, at="block")),
        "time": int(page.slider("seq_t", 0.0, sequence.NUM_STEPS - 1.0, 2.0, 1.0, at="block")),
    }
    page.button("seq_example", lambda: sequence.SEED_EXAMPLE.controls, at="block")
    shifted = page.toggle("seq_shifted", at="shift", default=True)
    shapes = {
        "labels_as": page.choice("seq_labels", tuple(shape_lab.LABELS), at="shapes"),
        "logits_as": page.choice("seq_logits", tuple(shape_lab.LOGITS), at="shapes"),
        "call": page.choice("seq_call", tuple(shape_lab.CALLS), at="shapes"),
        "off_by": int(page.slider("seq_off_by", -1.0, 1.0, 0.0, 1.0, at="shapes")),
    }
    tiles = {
        "padded": int(page.slider("seq_padded", 0.0, float(shape_lab.NUM_TILES), 2.0, 1.0, at="ignored")),
        "padding": page.choice("seq_padding", tuple(shape_lab.PADDING), at="ignored"),
    }
    second = int(page.slider("seq_second", 1.0, float(shape_lab.MOST), 20.0, 1.0, at="means"))
    at = int(page.slider("seq_at", 0.0, float(sequence.LAST_AT), 0.0, 1.0, at="generate"))
    page.button("seq_next", lambda: {"seq_at": float(min(at + 1, sequence.LAST_AT))}, at="generate")
    draw = int(page.slider("seq_draw", 0.0, 999.0, 0.0, 1.0, at="generate"))
    page.button("seq_again", lambda: {"seq_draw": float((draw + 1) % 1000)}, at="generate")
    clock = page.choice("seq_clock", ladder.CLOCKS, at="ladder")
    model = page.choice("seq_model", ladder.MODELS, at=("ladder", "train"))
    sample = int(page.slider("seq_sample", 0.0, ladder.LAST_SAMPLE, ladder.LAST_SAMPLE, 1.0, at="ladder"))
    seed = int(page.slider("seq_seed", 0.0, 999.0, 1.0, 1.0, at="train"))
    page.training(*ladder.command(model, seed), ladder.live, ladder.done, at="train")
    tiles |= {"second": second, "settings": settings(page)}
    model_at = {"clock": clock, "model": model, "sample": sample, "at": at, "seed": draw}
    page.show(
        sequence.explain(live, fallen=fallen, **cells, shifted=shifted, **shapes, **tiles, **model_at, only=page.only),
        lambda: sequence.questions(live, second=second),
        lambda: sequence.challenges(live, fallen=fallen, **shapes, **tiles),
        lambda: snippets.sequence(live, sequence=cells["sequence"], time=cells["time"]),
    )


page.lesson(body, columns=("z", "p", "loss"))
