"""What is heard: the right frequency, for the right time, without a click."""

import io
import wave

import numpy as np
import pytest

from music import parse, roll, split, synthesize, wav
from music.sound import HARMONICS, MAX_SECONDS, PEAK, frequency, tone
from tests.music.oracle import TUNES

RATE = 11_025
TEXTS = split(TUNES.read_text(encoding="utf-8"))


@pytest.mark.parametrize("pitch", [45, 69, 88])
def test_a_held_note_has_its_frequency_and_its_harmonics(pitch):
    spectrum = np.abs(np.fft.rfft(tone(pitch, 2.0, RATE) * np.hanning(2 * RATE)))
    hertz = np.fft.rfftfreq(2 * RATE, 1 / RATE)
    assert abs(hertz[spectrum.argmax()] - frequency(pitch)) <= 0.5
    for number, amount in enumerate(HARMONICS, 1):
        at = round(number * frequency(pitch) * 2)
        if at < len(spectrum) - 2:
            assert spectrum[at - 1 : at + 2].max() / spectrum.max() == pytest.approx(amount, rel=0.25)


def test_lengths_and_places():
    samples = synthesize(parse("L:1/4\nz A z A|"), tempo=60)
    assert len(samples) == 4 * RATE
    assert not samples[:RATE].any()
    assert not samples[2 * RATE + 1 : 3 * RATE].any()
    assert np.abs(samples[RATE : 2 * RATE]).max() > 0.5
    assert len(synthesize(parse("L:1/4\nAA"), tempo=120, sample_rate=22_050)) == 22_050
    assert len(synthesize(parse("Q:1/4=60\nL:1/4\nA"))) == RATE
    assert len(synthesize(parse(""))) == 0


def test_no_click_where_a_note_begins_or_ends():
    """Between neighbours a sample moves no further than the steepest place of the note's own waves."""
    loudest = sum(HARMONICS)
    for seconds in (0.02, 0.1, 0.33, 2.0):
        samples = tone(69, seconds, RATE) / loudest
        steepest = sum(n * a for n, a in enumerate(HARMONICS, 1)) / loudest * 2 * np.pi * frequency(69) / RATE
        assert np.abs(np.diff(samples, prepend=0, append=0)).max() <= steepest
        assert abs(samples[0]) == 0
        assert abs(samples[-1]) < 0.01


def test_the_end_of_what_is_cut_short_is_silent():
    samples = synthesize(parse("L:1/1\n" + "A8|" * 20), tempo=60)
    assert len(samples) == MAX_SECONDS * RATE
    assert samples[-1] == 0


def test_real_tunes_neither_clip_nor_break():
    for text in TEXTS[:40:4]:
        samples = synthesize(parse(text, expand=True), tempo=200)
        assert samples.dtype == np.float32
        assert np.isfinite(samples).all()
        assert np.abs(samples).max() == pytest.approx(PEAK)
        assert len(samples) <= MAX_SECONDS * RATE


def test_tied_notes_are_one_sound():
    np.testing.assert_array_equal(synthesize(parse("A2-|A2")), synthesize(parse("A4")))
    assert roll(parse("A2-|B2")).pitches.tolist() == [69, 71]


def test_pitches_beyond_the_sample_rate_are_silent_and_not_others():
    assert not tone(127, 0.5, RATE).any()


@pytest.mark.parametrize("how", [{"tempo": 0}, {"tempo": float("nan")}, {"tempo": 1e9}, {"sample_rate": 1}])
def test_bad_settings_are_named(how):
    with pytest.raises(ValueError, match=rf"{next(iter(how))} must be from .* got"):
        synthesize(parse("A"), **how)


def test_wav_is_read_back():
    samples = synthesize(parse("ABc"))
    with wave.open(io.BytesIO(wav(samples, RATE))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        read = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32767
    np.testing.assert_allclose(read, samples, atol=1 / 32767)
