"""What sounds when: the arrays that a piano roll draws and a synthesiser plays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from music.abc import Tune


class Roll(NamedTuple):
    """One entry a sound, in the order of their starts; times in whole notes from the beginning of the tune."""

    pitches: npt.NDArray[np.int64]
    """MIDI, [num_sounds]"""
    starts: npt.NDArray[np.float64]
    """[num_sounds]"""
    lengths: npt.NDArray[np.float64]
    """[num_sounds]"""
    bar_lines: npt.NDArray[np.float64]
    """where each bar begins, and where the last one ends, [num_bars + 1]"""


def roll(tune: Tune) -> Roll:
    """The sounds of a tune. Two tied notes are one sound: tied means the same pitch, at once after it.

    Example:
        >>> from music.abc import parse
        >>> sounds = roll(parse("L:1/4\nA2-|A B|"))
        >>> sounds.pitches.tolist(), sounds.lengths.tolist(), sounds.bar_lines.tolist()
        ([69, 71], [0.75, 0.25], [0.0, 0.5, 1.0])
    """
    sounds: list[list[object]] = []
    held = {}  # (pitch, end) of a tied note: the sound that it belongs to
    for note in tune.notes:
        end = note.start + note.length
        sound = held.pop((note.pitch, note.start), None)
        if sound is None:
            sound = [note.pitch, note.start, note.length]
            sounds.append(sound)
        else:
            sound[2] = end - sound[1]
        if note.tied:
            held[note.pitch, end] = sound
    columns = zip(*sounds, strict=True) if sounds else ((), (), ())
    pitches, starts, lengths = columns
    lines = [float(bar.start) for bar in tune.bars]
    return Roll(
        np.array(pitches, np.int64),
        np.array(starts, np.float64),
        np.array(lengths, np.float64),
        np.array([*lines, float(tune.length)]),
    )
