"""What lesson `sequence` claims of the block, of training and generation, and of the ladder of models."""

import numpy as np
import pytest

import core
from core import next_character
from explainers import ladder, listening, sequence, tunes
from explainers.figures import visible
from explainers.presets import DEFAULT
from tests.explainers.lives import DEFAULT_LIVE, LIVES


def step(key, live=DEFAULT_LIVE, **choices):
    (made,) = sequence.explain(live, only={key}, **choices)
    return made


@pytest.mark.parametrize("name", LIVES)
def test_item_16_each_label_takes_one_cell_of_its_own_row(name):
    live = LIVES[name]
    block = sequence.small_block(live, 1, 3)
    assert block.logits.shape == (*block.labels.shape, len(live.names))
    total = 0.0
    for b in range(sequence.NUM_SEQUENCES):
        for t in range(sequence.NUM_STEPS):
            total += core.sparse_cross_entropy(block.logits[b, t], block.labels[b, t], temperature=live.temperature)
    numbers = step("block", live, sequence=1, time=3).numbers
    assert numbers["total"] == pytest.approx(total)
    assert numbers["mean"] == pytest.approx(total / int(numbers["num_labels"]))
    assert numbers["loss"] == pytest.approx(
        core.sparse_cross_entropy(live.logits, live.label, temperature=live.temperature)
    )
    assert int(numbers["num_logits"]) == int(numbers["num_labels"]) * len(live.names)


def test_moving_the_frame_moves_the_learner_s_row_and_nothing_else():
    here, there = (sequence.small_block(DEFAULT_LIVE, 0, time) for time in (2, 4))
    same = np.array([t not in (2, 4) for t in range(sequence.NUM_STEPS)])
    np.testing.assert_array_equal(here.logits[:, same], there.logits[:, same])
    np.testing.assert_array_equal(there.logits[0, 4], DEFAULT_LIVE.logits)
    np.testing.assert_array_equal(here.logits[1], there.logits[1])


@pytest.mark.parametrize(("cells", "of"), [("z", lambda z: z), ("p", core.softmax), ("logp", core.log_softmax)])
def test_the_cells_show_what_they_say(cells, of):
    (figure,) = step("block", cells=cells).figures
    block = sequence.small_block(DEFAULT_LIVE, 0, 2)
    shown = np.array(
        [[[float(x.replace("−", "-")) for x in row] for row in sheet] for sheet in _plain(figure["texts"])]
    )
    np.testing.assert_allclose(shown, of(block.logits), rtol=1e-4)


def _plain(texts):
    return [[[x.replace("·10⁻⁵", "e-5").replace("·10⁻⁶", "e-6") for x in row] for row in sheet] for sheet in texts]


def test_the_other_block_is_what_the_lstm_says_of_two_real_tunes():
    block = sequence.tune_block()
    assert block.logits.shape == (2, sequence.NUM_STEPS, len(tunes.VOCABULARY))
    for row, tune in zip(block.labels, tunes.VALIDATION, strict=False):
        assert tunes.decode(row) in tune
    loss = core.sparse_cross_entropy(block.logits, block.labels, reduction="mean")
    assert loss < 0.6 * ladder.LN_V


def test_the_seed_example_is_the_first_example_and_its_shares_are_as_asked():
    written = sequence.SEED_EXAMPLE.controls
    logits = np.array([written[f"z{i}"] for i in range(4)])
    np.testing.assert_allclose(core.softmax(logits), [0.01, 0.70, 0.28, 0.01])
    assert written["classes"] == ", ".join(DEFAULT.names)
    assert DEFAULT.names[int(written["label"])] == "C"


@pytest.mark.parametrize("name", LIVES)
def test_logits_and_probabilities_give_one_number_and_softmax_twice_another(name):
    numbers = step("logits", LIVES[name]).numbers
    if numbers["p_y"] > 1e-7:
        assert numbers["loss_p"] == pytest.approx(numbers["loss"], abs=2e-7)
    else:
        assert numbers["loss_p"] == pytest.approx(-np.log(1e-7), rel=1e-6)
    best, worst = core.double_softmax_range(len(LIVES[name].names))
    assert best - 1e-9 <= numbers["doubled"] <= worst + 1e-9


def test_item_20_without_the_shift_the_loss_falls_to_nothing_and_the_model_only_repeats():
    shifted, repeated = (_trained(shift) for shift in (True, False))
    ids = tunes.encode(tunes.VALIDATION[0])
    logits, _ = repeated.logits(ids[None, :-1])
    assert np.mean(logits[0].argmax(-1) == ids[:-1]) > 0.95
    assert core.sparse_cross_entropy(logits[0], ids[:-1], reduction="mean") < 0.3
    assert core.sparse_cross_entropy(logits[0], ids[1:], reduction="mean") > ladder.LN_V
    after, _ = shifted.logits(ids[None, :-1])
    assert core.sparse_cross_entropy(after[0], ids[1:], reduction="mean") < 0.65 * ladder.LN_V
    runs = tunes.runs()
    assert runs[tunes.UNSHIFTED].validation_losses[-1] < 0.05 < 2 < runs["bigram"].validation_losses[-1]


def _trained(shift):
    *_, last = next_character.train("bigram", tunes.TEXT, num_steps=200, report_every=200, shift=shift)
    return last.checkpoint.model


def test_item_20_the_labels_shown_are_the_inputs_one_place_on():
    inputs, labels, _ = step("shift").figures
    assert labels["text"][:-1] == inputs["text"][1:]
    inputs, labels, _ = step("shift", shifted=False).figures
    assert labels["text"] == inputs["text"]
    assert set(labels["tints"]) == {1.0}


def test_item_12_what_is_drawn_never_reaches_the_training_loss():
    first, second = (step("generate", at=20, seed=seed) for seed in (0, 1))
    assert first.numbers["loss"] == second.numbers["loss"]
    assert first.figures[:2] == second.figures[:2]
    assert first.figures[2:] != second.figures[2:]
    read = "".join(first.figures[0]["text"])
    assert read == "".join(visible(c) for c in sequence.TUNE[tunes.body(sequence.TUNE) :][:21])


def test_both_begin_with_the_same_probabilities():
    forced, own = listening.scored(sequence.true_tune()), listening.scored(sequence.own_tune(3))
    place = tunes.body(sequence.TUNE)
    np.testing.assert_allclose(forced.logits[place], own.logits[place], atol=1e-4)


def test_a_label_that_is_unlikely_is_shown_all_the_same():
    for at in range(sequence.LAST_AT + 1):
        made = step("generate", at=at)
        for bars, character in zip(made.figures[1::2], ("label", "chosen"), strict=True):
            assert bars["columns"][2]["values"][bars["names"].index(made.numbers[character])] == 1.0


def test_item_24_every_model_begins_at_ln_v_and_memory_decides_the_end():
    runs = tunes.runs()
    for name in ladder.MODELS:
        assert runs[name].validation_losses[0] == pytest.approx(ladder.LN_V, abs=0.1)
        assert runs[name].num_parameters == next_character.init(name, len(tunes.VOCABULARY), 0).num_parameters
    end = {name: runs[name].validation_losses[-1] for name in ladder.MODELS}
    assert max(end["lstm"], end["gru"]) < end["mlp"] < end["bigram"] < ladder.LN_V


def test_a_training_is_drawn_from_whatever_it_has_told_so_far():
    module, argv = ladder.command("bigram", 5)
    told = list(module.events([*argv, "--num-steps", "40"]))
    assert ladder.done([]) == 0
    for count in range(len(told) + 1):
        figures = ladder.live(argv, told[:count])
        assert figures[0]["kind"] == "curve"
    assert ladder.done(told) == 1
    assert figures[0]["lines"][1]["text"] == "bigram, seed=5"
    assert figures[0]["dots"][0]["y"] == told[-2]["validation_loss"]
    assert figures[-1]["kind"] == "letters"
