"""A small synthesiser: each sound is a few sines that start at once and die away, added where they belong.

A tone of frequency f is sines of f, 2f, 3f ...; how much of each is its colour. A note that began or ended in the
middle of a wave would click, so each rises from nothing within ATTACK seconds and sinks to nothing within RELEASE.
"""

from __future__ import annotations

import io
import wave

import numpy as np
import numpy.typing as npt

from music.abc import Tune
from music.roll import roll

Samples = npt.NDArray[np.float32]

TEMPO = 160.0
"""quarter notes a minute where the tune says nothing"""
MAX_SECONDS = 55
"""a longer tune is faded out here"""
HARMONICS = (1.0, 0.5, 0.25, 0.12, 0.06)
"""how much of f, 2f, 3f, 4f, 5f"""
ATTACK, RELEASE, DECAY = 0.01, 0.05, 0.6
"""seconds: to rise; to sink; to die away to 1/e"""
PEAK = 0.8
"""the largest sample, of 1"""


def frequency(pitch: int) -> float:
    """MIDI pitch in Hz: 69 is 440, and twelve more are twice as much.

    Example:
        >>> frequency(69), frequency(57), round(frequency(60), 2)
        (440.0, 220.0, 261.63)
    """
    return 440.0 * float(2.0 ** ((pitch - 69) / 12))


def tone(pitch: int, seconds: float, sample_rate: int) -> npt.NDArray[np.float64]:
    """One sound, [ceil(seconds * sample_rate)]. Harmonics that the sample rate cannot carry are left out."""
    times = np.arange(int(np.ceil(seconds * sample_rate))) / sample_rate
    samples = np.zeros_like(times)
    for number, amount in enumerate(HARMONICS, 1):
        hertz = number * frequency(pitch)
        if hertz < sample_rate / 2:
            samples += amount * np.sin(2 * np.pi * hertz * times)
    samples *= np.minimum(1, times / ATTACK) * np.minimum(1, (seconds - times) / RELEASE) * np.exp(-times / DECAY)
    return samples


def synthesize(tune: Tune, *, tempo: float | None = None, sample_rate: int = 11_025) -> Samples:
    r"""The sound of a tune.

    Args:
        tune: as read by `parse`; with `expand=True` its repeats are played.
        tempo: quarter notes a minute, 20 to 1000; None takes the tune's own, or TEMPO. A time of x whole notes is then
            x * 240 / tempo seconds.
        sample_rate: samples a second, 8,000 to 48,000.

    Returns:
        Samples between -1 and 1, float32, [num_samples]; at most MAX_SECONDS of them.

    Raises:
        ValueError: tempo or sample_rate is out of its range.

    Example:
        >>> from music.abc import parse
        >>> samples = synthesize(parse("L:1/4\nABcd|"), tempo=120)
        >>> len(samples) / 11_025, samples.dtype.name
        (2.0, 'float32')
    """
    tempo = tempo if tempo is not None else tune.tempo or TEMPO
    if not 20 <= tempo <= 1000:
        raise ValueError(f"tempo must be from 20 to 1000 quarter notes a minute, got {tempo}")
    if not 8_000 <= sample_rate <= 48_000:
        raise ValueError(f"sample_rate must be from 8000 to 48000 samples a second, got {sample_rate}")
    sounds, second = roll(tune), 240.0 / tempo
    total = min(float(tune.length) * second, MAX_SECONDS)
    samples = np.zeros(int(np.ceil(total * sample_rate)))
    tones: dict[tuple[int, float], npt.NDArray[np.float64]] = {}  # a tune has few different ones: make each once
    for pitch, start, length in zip(sounds.pitches.tolist(), sounds.starts, sounds.lengths, strict=True):
        first, seconds = round(float(start * second) * sample_rate), min(float(length * second), MAX_SECONDS)
        if (pitch, seconds) not in tones:
            tones[pitch, seconds] = tone(pitch, seconds, sample_rate)
        room = samples[first : first + len(tones[pitch, seconds])]
        room += tones[pitch, seconds][: len(room)]
    fade = min(len(samples), int(RELEASE * sample_rate))
    samples[len(samples) - fade :] *= np.linspace(1, 0, fade)
    largest = np.abs(samples).max(initial=0)
    return (samples * (PEAK / largest if largest else 0)).astype(np.float32)


def wav(samples: Samples, sample_rate: int) -> bytes:
    """A WAV file: one channel, 16 bits.

    Example:
        >>> len(wav(np.zeros(100, np.float32), 11_025))  # a header of 44 bytes, and two a sample
        244
    """
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(sample_rate)
        writer.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()
