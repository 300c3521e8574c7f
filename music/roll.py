"""What sounds when: the arrays that a piano roll draws and a synthesiser plays."""

from __future__ import annotations

from fractions import Fraction
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
    r"""The sounds of a tune. Two tied notes are one sound: tied means the same pitch, at once after it.

    Example:
        >>> from music.abc import parse
        >>> sounds = roll(parse("L:1/4\nA2-|A B|"))
        >>> sounds.pitches.tolist(), sounds.lengths.tolist(), sounds.bar_lines.tolist()
        ([69, 71], [0.75, 0.25], [0.0, 0.5, 1.0])
    """
    sounds: list[tuple[int, Fraction, Fraction]] = []
    held: dict[tuple[int, Fraction], int] = {}  # (pitch, end) of a tied note: which sound it is
    for note in tune.notes:
        end = note.start + note.length
        which = held.pop((note.pitch, note.start), len(sounds))
        if which == len(sounds):
            sounds.append((note.pitch, note.start, note.length))
        else:
            sounds[which] = (note.pitch, sounds[which][1], end - sounds[which][1])
        if note.tied:
            held[note.pitch, end] = which
    pitches, starts, lengths = zip(*sounds, strict=True) if sounds else ((), (), ())
    lines = [float(bar.start) for bar in tune.bars]
    return Roll(
        np.array(pitches, np.int64),
        np.array(starts, np.float64),
        np.array(lengths, np.float64),
        np.array([*lines, float(tune.length)]),
    )
