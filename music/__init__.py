"""Tunes: read from ABC notation, drawn as arrays, made audible. Knows nothing but NumPy."""

from music.abc import AbcError, Bar, Note, Tune, parse, split
from music.roll import Roll, roll
from music.sound import synthesize, wav

__all__ = ["AbcError", "Bar", "Note", "Roll", "Tune", "parse", "roll", "split", "synthesize", "wav"]
