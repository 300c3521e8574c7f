"""Choosing, listening, surprise, a tune of one's own: each claim of the prose, and whatever can be pasted."""

import io
import re
import typing
import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import core
import music
from core.choosing import next_probs
from explainers import LANGUAGES, listening, tunes
from explainers.spoken import spoken
from explainers.step import fill
from explainers.text import words
from music.abc import Code

DEFAULT = listening.DEFAULT


def step(key, **changes):
    return getattr(listening, key)(DEFAULT._replace(**changes))


def columns(figure):
    return {column["title"]: np.array(column["values"], float) for column in figure["columns"]}


# ---- what the model expects ----


def test_the_loss_of_a_character_is_that_of_the_logits_before_it():
    read = listening.scored(DEFAULT.text)
    assert read.logits.shape == (len(DEFAULT.text), listening.NUM_CLASSES)
    for place in (0, 50, len(DEFAULT.text) - 1):
        alone = listening.next_logits(DEFAULT.text[:place])
        np.testing.assert_allclose(read.logits[place], alone, atol=1e-4)
        label = tunes.VOCABULARY.index(DEFAULT.text[place])
        assert read.losses[place] == pytest.approx(core.sparse_cross_entropy(alone, label), abs=1e-4)


def test_the_tunes_to_be_read_were_never_trained_on():
    assert not set(listening.HELD_OUT) & set(tunes.TRAINING)


@pytest.mark.parametrize("place", [0, 30, 70, 10_000])
def test_candidates_are_the_likeliest_with_the_true_one_among_them_and_all_others_in_one_row(place):
    shown = step("surprise", at=place)
    bars = shown.figures[1]
    assert len(bars["names"]) == listening.NUM_SHOWN + 1
    assert bars["names"][bars["label"]] == shown.numbers["y"]
    probs = columns(bars)["p"]
    assert probs.sum() == pytest.approx(1)
    assert columns(bars)["−log₂ p"] == pytest.approx(-np.log2(probs))
    assert probs[bars["label"]] == pytest.approx(shown.numbers["p_y"])


# ---- choosing ----


@pytest.mark.parametrize(
    "how", [(0.0, 83, 1.0), (0.7, 83, 1.0), (2.0, 5, 1.0), (1.0, 83, 0.8), (1.3, 7, 0.6), (1, 1, 0.05)]
)
def test_the_columns_of_choosing_are_temperature_then_top_k_then_top_p(how):
    temperature, top_k, top_p = how
    shown = step("choose", how=listening.sampling(temperature, top_k, top_p))
    first, second = columns(shown.figures[1]), columns(shown.figures[2])
    logits = listening.next_logits(DEFAULT.text[: DEFAULT.place])
    order = np.argsort(-logits, kind="stable")[: listening.NUM_SHOWN]
    assert first["p (T = 1)"][:-1] == pytest.approx(core.softmax(logits)[order])
    assert first["p (T)"][:-1] == pytest.approx(next_probs(logits, temperature=temperature)[order])
    kept = next_probs(logits, temperature=temperature, top_k=top_k)
    assert second["top-k"][:-1] == pytest.approx(kept[order])
    probs = next_probs(logits, temperature=temperature, top_k=top_k, top_p=top_p)
    assert second["top-p"][:-1] == pytest.approx(probs[order])
    for column in (first["p (T = 1)"], first["p (T)"], second["top-k"], second["top-p"], second["n"] / 1000):
        assert column.sum() == pytest.approx(1)
    assert np.exp(first["z"] - first["z"][0]) == pytest.approx(first["p (T = 1)"] / first["p (T = 1)"][0])
    assert int(shown.numbers["num_kept"]) == np.count_nonzero(probs)
    assert shown.numbers["p_drawn"] == pytest.approx(shown.numbers["warm"] / shown.numbers["kept_mass"])
    assert shown.figures[1]["names"][shown.figures[1]["crown"]] == shown.numbers["best"]


def test_counts_of_draws_follow_the_probabilities_and_the_seed_changes_them():
    shown = [step("choose", how=listening.sampling(1.0, seed=seed)) for seed in range(5)]
    for one in shown:
        drawn = columns(one.figures[2])
        spread = np.sqrt(listening.NUM_DRAWS * drawn["top-p"] * (1 - drawn["top-p"]))
        assert (np.abs(drawn["n"] - listening.NUM_DRAWS * drawn["top-p"]) <= 5 * spread + 1).all()
    assert len({one.numbers["drawn"] for one in shown}) > 1


def test_at_temperature_0_and_with_k_1_the_crowned_one_is_drawn():
    for how in (listening.sampling(0.0), listening.sampling(1.5, top_k=1)):
        shown = step("choose", how=how)
        assert shown.numbers["drawn"] == shown.numbers["best"]
        assert shown.numbers["count"] == "1000"


@pytest.mark.parametrize("tune", [0, 20, 40, 60])
def test_argmax_goes_round_in_circles_and_sampling_does_not(tune):
    numbers = step("choose", tune=tune).numbers
    assert int(numbers["different"]) < int(numbers["pieces"]) / 1.3
    assert int(numbers["different_random"]) > int(numbers["pieces"]) * 0.9
    assert [question.answer for question in listening.questions()] == [1]


def test_an_outline_is_drawn_only_where_a_cut_changed_something():
    cut = step("choose", how=listening.sampling(1.0, top_k=2))
    ghosts = {column["title"]: np.array(column.get("ghost", [])) for column in cut.figures[2]["columns"]}
    assert (ghosts["top-k"] > 0).any()
    assert not ghosts["top-p"].any()


# ---- listening ----


def heard(data):
    with wave.open(io.BytesIO(data)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768, file.getframerate()


def test_what_is_played_sounds_the_pitches_of_the_text():
    """The loudest frequency of each held note is the one that its letter stands for."""
    samples, rate = heard(listening.sound("X:1\nM:4/4\nL:1/4\nK:C\nA4|e4|c4|a4|]"))
    notes = np.array_split(samples, 4)
    for note, hertz in zip(notes, (440, 659.26, 523.25, 880), strict=True):
        spectrum = np.abs(np.fft.rfft(note * np.hanning(len(note))))
        assert np.fft.rfftfreq(len(note), 1 / rate)[spectrum.argmax()] == pytest.approx(hertz, abs=2)


@pytest.mark.parametrize("temperature", [0.0, 0.2, 0.7, 1.5, 2.0])
def test_whatever_is_written_can_be_shown_and_played(temperature):
    for number in range(3):
        asked = listening.nth(number, temperature)
        text = listening.written(asked)
        assert text.startswith("X:1\nT:")
        samples, _ = heard(listening.sound(text))
        assert np.abs(samples).max(initial=0) <= 1
        shown = listening.listen(asked)
        assert spoken(shown.figures[0], words("en"))
        wrong = set(shown.figures[0]["wrong"])
        read = listening.read_abc(text)
        if isinstance(read, music.AbcError):
            assert read.position in wrong
            read = music.parse(text[: read.position])
        else:
            assert bool(wrong) == any(bar.fit in ("short", "long") for bar in read.bars)
        assert bool(len(samples)) == bool(read.bars)
        assert int(shown.numbers["full"]) == sum(bar.fit in ("full", "pickup") for bar in read.bars)


def test_what_is_stored_of_thirty_tunes_is_what_the_model_writes():
    for name, rows in listening.counts().items():
        assert len(rows) >= 30
        for number, row in enumerate(rows[:4]):
            text = (
                listening.HELD_OUT[number]
                if name == "real"
                else listening.written(listening.nth(number, listening.TEMPERATURES[name]))
            )
            assert listening.counted(text) == row


def test_cold_and_usual_tunes_are_complete_and_hot_ones_break():
    stored = listening.counts()
    complete = {name: np.mean([row.complete for row in rows]) for name, rows in stored.items()}
    full = {name: sum(r.full for r in rows) / sum(r.num_bars for r in rows) for name, rows in stored.items()}
    assert complete["usual"] >= 0.85
    assert complete["hot"] < complete["usual"] <= complete["real"]
    assert full["hot"] < full["usual"] < full["real"]


def test_cold_tunes_share_their_phrases():
    """Of the bars of ten tunes, more are the same the colder they were drawn."""

    def different(temperature):
        written = [listening.written(DEFAULT._replace(how=listening.sampling(temperature, seed=n))) for n in range(10)]
        bars = [bar for text in written for bar in re.split(r"[|!\n:]+", text.partition("K:")[2])[1:] if len(bar) > 3]
        return len(set(bars)) / len(bars)

    assert different(0.2) < different(0.7) <= different(1.5)


# ---- surprise ----


@pytest.mark.parametrize("tune", [0, 33, 61])
def test_item_24_a_model_that_knows_nothing_loses_ln_v_and_the_line_says_so(tune):
    numbers = step("surprise", tune=tune).numbers
    uniform = core.sparse_cross_entropy(np.zeros(listening.NUM_CLASSES), 0)
    assert numbers["uniform"] == pytest.approx(uniform)
    assert numbers["uniform_bits"] == pytest.approx(uniform / np.log(2))
    assert np.exp(numbers["uniform"]) == pytest.approx(int(numbers["num_classes"]))
    assert numbers["mean"] < numbers["uniform"] / 2
    for base, height in (("nats", uniform), ("bits", uniform / np.log(2))):
        line = step("surprise", tune=tune, base=base).figures[2]["lines"][2]
        assert line["dash"]
        assert [point[1] for point in line["points"]] == pytest.approx([height, height], abs=1e-5)


@pytest.mark.parametrize("tune", [0, 33, 61])
def test_item_26_perplexity_is_exp_of_the_mean_not_the_mean_of_exp(tune):
    numbers = step("surprise", tune=tune).numbers
    losses = listening.scored(listening.HELD_OUT[tune]).losses
    assert numbers["perplexity"] == pytest.approx(np.exp(losses.sum() / len(losses)))
    assert numbers["perplexity"] == pytest.approx(2 ** numbers["bits"]) == pytest.approx(np.exp(numbers["mean"]))
    assert 2 ** numbers["mean"] != pytest.approx(numbers["perplexity"], rel=0.05)
    assert numbers["mean_of_exp"] > 1.5 * numbers["perplexity"]
    assert numbers["total"] == pytest.approx(numbers["mean"] * int(numbers["num_characters"]))
    die = np.zeros(round(numbers["perplexity"]))
    assert core.sparse_cross_entropy(die, 0) == pytest.approx(numbers["mean"], abs=0.25)


def test_item_26_the_published_pair_of_losses():
    shown = listening.summary(np.array([1.0, 3.0]))
    assert shown["perplexity"] == pytest.approx(7.389, abs=1e-3)
    assert shown["mean_of_exp"] == pytest.approx(11.402, abs=1e-3)


def test_the_base_changes_the_unit_and_nothing_else():
    bits, nats = step("surprise", base="bits"), step("surprise", base="nats")
    assert bits.numbers["loss"] == pytest.approx(nats.numbers["loss"] / np.log(2))
    assert bits.numbers["perplexity"] == nats.numbers["perplexity"]
    assert r"\log_2" in bits.formula
    assert r"\ln" in nats.formula


def test_the_running_mean_ends_at_the_mean():
    shown = step("surprise", base="nats")
    assert shown.figures[2]["lines"][1]["points"][-1][1] == pytest.approx(shown.numbers["mean"], abs=1e-4)


# ---- the learner's own ----

SIGNS = "".join(sorted({*tunes.VOCABULARY, *"é~猫\x00\t{}$`*@\\\r"}))
anything = st.one_of(st.text(max_size=300), st.text(SIGNS, max_size=300))
EXAMPLE = listening.EXAMPLES["begun"]
mutated = st.builds(
    lambda start, stop, patch: EXAMPLE[: min(start, stop)] + patch + EXAMPLE[max(start, stop) :],
    st.integers(0, len(EXAMPLE)),
    st.integers(0, len(EXAMPLE)),
    st.text(SIGNS, max_size=5),
)


@settings(max_examples=60, deadline=None)
@given(st.one_of(anything, mutated))
def test_whatever_is_pasted_is_answered_and_every_answer_has_words(text):
    for code, numbers in listening.faults(text):
        for lang in LANGUAGES:
            assert fill(words(lang)[f"seq_abc_{code}"], numbers)
    asked = DEFAULT._replace(pasted=text)
    shown = listening.own(asked)
    fill(shown.worked, shown.numbers)
    assert [spoken(figure, words("en")) for figure in shown.figures]
    heard(listening.sound(listening.finished(asked)))


def test_every_fault_that_the_reader_knows_has_words_with_the_place_and_an_example():
    codes = typing.get_args(Code)
    assert len(codes) >= 10
    for lang in LANGUAGES:
        for code in codes:
            said = words(lang)[f"seq_abc_{code}"]
            assert "@position" in said
            assert code in ("text", "notes", "second", "voices") or re.search("`[^@`]+`", said), code


def test_an_unknown_character_is_named_with_its_place_and_stays_in_the_text():
    text = "X:1\nT:é\nM:C\nK:D\nABé|~cd|"
    ((code, numbers), *_) = listening.faults(text)
    assert code == "unknown"
    assert numbers["found"] == f"`é` ({text.index('é')}), `~` ({text.index('~')})"
    shown = listening.own(DEFAULT._replace(pasted=text))
    assert shown.figures[0]["wrong"] == [place for place, sign in enumerate(text) if sign in "é~"]
    assert "".join(shown.figures[0]["text"]).count("é") == 2
    assert not shown.worked
    assert listening.finished(DEFAULT._replace(pasted=text)) == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (" \r\n\n", "empty"),
        ("A" * (listening.MOST_PASTED + 1), "long"),
        ("Hello, world", "character"),
        ("X:1\nM:C\nL:1/82x\nK:D\nABc|", "unit"),
        ("X:1\nM:C\nK:D\n[ABc", "unclosed"),
        ("ABcd|", "header"),
        ("X:1\nM:C\nK:D\n", "silent"),
        (listening.EXAMPLES["faulty"], "unknown"),
    ],
)
def test_what_is_wrong_has_its_code(text, code):
    assert code in [found for found, _ in listening.faults(text)]


def test_the_example_has_no_fault_is_scored_and_is_continued():
    assert listening.faults(EXAMPLE) == []
    shown = listening.own(DEFAULT)
    assert shown.numbers["perplexity"] == pytest.approx(np.exp(listening.scored(EXAMPLE).losses.mean()))
    whole = listening.finished(DEFAULT)
    assert whole.startswith(EXAMPLE)
    assert len(whole) > len(EXAMPLE)
    assert shown.figures[2]["kind"] == "roll"


# ---- to be reached ----


def test_both_challenges_can_be_reached():
    done = {challenge.key: challenge.done for challenge in listening.challenges(DEFAULT)}
    assert done == {"hot": False, "surprise": False}
    worst = int(listening.scored(DEFAULT.text).losses.argmax())
    assert listening.challenges(DEFAULT._replace(at=worst))[1].done
    hot = (DEFAULT._replace(how=listening.sampling(1.0, top_k=5, top_p=0.8, seed=seed)) for seed in range(30))
    assert any(listening.challenges(asked)[0].done for asked in hot)
