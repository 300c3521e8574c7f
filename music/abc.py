"""From letters to notes: tunes in ABC notation.

ABC writes a tune as plain text, which is why a model of characters can write music: `G` is a note, `g` the same an
octave higher, `G2` twice as long, `|` a bar line. A header says how to read them: `M:6/8` what a bar must add up to,
`L:1/8` how long a letter lasts, `K:D` which notes are sharp without saying so.

`parse` reads left to right, one token of `TOKENS` at a time, and remembers three things that outlive a token: the key,
the accidentals of this bar, and what the next note's length is multiplied by. Every note and bar keeps where in the
text it stands, so that a picture can point at the letters. Text that is no ABC raises `AbcError`, and nothing else.

Times are exact fractions of a whole note: with floats, three thirds of a beat would not fill it.

Source: the ABC music standard 2.1, https://abcnotation.com/wiki/abc:standard:v2.1; sections are named where they count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

MAX_TEXT = 20_000
"""characters"""
MAX_NOTES = 5_000
"""notes and rests, repeats written out"""
MAX_LENGTH = 16
"""whole notes that one note can last"""

Span = tuple[int, int]
"""text[start:stop]"""
Code = Literal[
    "text", "notes", "character", "unclosed", "unit", "meter", "key", "tempo", "length", "pitch", "broken", "tuplet",
    "second", "voices",
]  # fmt: skip


class AbcError(ValueError):
    """Text that cannot be read as a tune. What comes before `position` can be read on its own.

    | code | what is wrong |
    |---|---|
    | `text`, `notes` | there are more than MAX_TEXT characters, or MAX_NOTES notes |
    | `character` | it means nothing here |
    | `unclosed` | a chord, grace note, quotation or inline field does not end on its line |
    | `unit`, `meter`, `key`, `tempo` | the field L, M, K or Q has no such value |
    | `length` | it is zero, above MAX_LENGTH, or its denominator is no power of two |
    | `pitch` | it is beyond MIDI's 0 to 127 |
    | `broken` | a > or < has no note of its bar on one side |
    | `tuplet` | ( is followed by 0 or 1, or by a ratio with 0 in it |
    | `second` | another tune begins; `split` parts them |
    | `voices` | there is more than one voice |

    Attributes:
        code: which of these.
        position: where in the text, in characters from 0.
        found: the text in question, at most 20 characters of it.
    """

    def __init__(self, code: Code, position: int, found: str):
        self.code, self.position, self.found = code, position, found[:20]
        super().__init__(f"cannot read ABC at character {position}: {code} {self.found!r}")


@dataclass(frozen=True)
class Note:
    """One note as written; two that are tied are two."""

    pitch: int
    """MIDI: 60 is middle C, 69 the A of 440 Hz"""
    start: Fraction
    """whole notes from the beginning of the tune"""
    length: Fraction
    """whole notes"""
    span: Span
    tied: bool = False
    """it sounds on into the next note of the same pitch"""


@dataclass(frozen=True)
class Bar:
    """What stands between two bar lines; never empty."""

    notes: tuple[Note, ...]
    start: Fraction
    """whole notes from the beginning of the tune"""
    length: Fraction
    """whole notes, rests included"""
    meter: Fraction | None
    """what it should add up to; None in free metre"""
    span: Span
    """from its first character to its bar line, without it"""
    opens: bool = False
    """a repeat begins here, |:"""
    closes: bool = False
    """a repeat ends here, :|"""
    edge: bool = False
    """it begins or ends the tune, a repeat, an ending or a part closed by a double bar"""
    ending: tuple[int, ...] = ()
    """the passes in which it is played, from |1 or |2; none: in all"""

    @property
    def fit(self) -> Literal["full", "pickup", "short", "long"]:
        """Whether it adds up to its metre.

        `full` exactly, or there is none; `pickup` too short but at an edge, where an up-beat may stand, or the bar that
        leaves room for one; `short` and `long` do not add up.
        """
        if self.meter is None or self.length == self.meter:
            return "full"
        if self.length > self.meter:
            return "long"
        return "pickup" if self.edge else "short"


@dataclass(frozen=True)
class Tune:
    """A tune that has been read."""

    text: str
    fields: tuple[tuple[str, str], ...]
    """every field in order: ("T", "Belfast"), ("M", "C|")"""
    bars: tuple[Bar, ...]
    closed: bool
    """the last bar ends with a bar line"""
    tempo: float | None
    """quarter notes a minute, from the field Q"""

    @property
    def notes(self) -> tuple[Note, ...]:
        """All notes in the order of the text."""
        return tuple(note for bar in self.bars for note in bar.notes)

    @property
    def length(self) -> Fraction:
        """Whole notes from the first bar to the last."""
        return sum((bar.length for bar in self.bars), Fraction(0))

    @property
    def title(self) -> str:
        """The first T field; empty without one."""
        return next((value for letter, value in self.fields if letter == "T"), "")

    @property
    def missing(self) -> tuple[str, ...]:
        """What keeps it from being a complete tune.

        "X", "M", "K": no such field, or X is no number. "order": X does not come first or K not after M, which the
        standard asks for (2.2.1). "bars": fewer than four bars with notes in them. "end": no bar line after the last
        note.
        """
        letters = [letter for letter, _ in self.fields]
        missing = [letter for letter in "XMK" if letter not in letters]
        if not missing:
            if not self.fields[letters.index("X")][1].isdecimal():
                missing.append("X")
            if letters[0] != "X" or letters.index("K") < letters.index("M"):
                missing.append("order")
        if sum(bool(bar.notes) for bar in self.bars) < 4:
            missing.append("bars")
        return tuple(missing) if self.closed else (*missing, "end")

    @property
    def complete(self) -> bool:
        """A complete, valid tune: it could be read, and nothing is `missing`. Its bars need not add up."""
        return not self.missing


LENGTH = r"\d*/*\d*"
NOTE = re.compile(rf"(?P<accidental>\^\^?|__?|=)?(?P<letter>[A-Ga-g])(?P<octave>[,']*)(?P<length>{LENGTH})(?P<tie>-?)")
FIELD = re.compile(r"([A-Za-z]):(?![|:])([^\n]*)")
TOKENS = re.compile(
    "|".join(
        (
            r"(?P<skip>\s+|%[^\n]*|\((?!\d)|![a-zA-Z0-9.+<>]+!|[-)!`\\.~HLMOPSTuvy])",  # remarks, slurs, ornaments
            r"(?P<bar>:*\[?\|[|\]]*:*|::+)(?P<again>\[?[1-9][1-9,-]*)?",
            r"\[(?P<ending>[1-9][1-9,-]*)",
            r"\[(?P<field>[A-Za-z]:[^]\n]*)\]",
            r"\((?P<tuplet>\d)(?::(?P<into>\d?))?(?::(?P<count>\d?))?",
            r"(?P<ignored>\{[^}\n]*\}|\"[^\"\n]*\")",  # grace notes, names of chords
            rf"\[(?P<chord>[^]\[|:\n]+)\](?P<times>{LENGTH})(?P<ties>-?)",
            rf"[zx](?P<rest>{LENGTH})",
            r"(?P<broken>>{1,3}|<{1,3})",
            NOTE.pattern,
        )
    )
)
FIFTHS = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
MODES = {"": 0, "maj": 0, "ion": 0, "lyd": 1, "mix": -1, "dor": -2, "m": -3, "min": -3, "aeo": -3, "phr": -4, "loc": -5}
KEY = re.compile(
    r"(?P<tonic>[A-G])(?P<sign>[#b]?) *(?P<mode>(?:maj|min|mix|ion|dor|phr|lyd|aeo|loc)[a-z]*|m)?(?!\S)", re.I
)
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SHIFTS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
TUPLETS = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}
"""how many notes' time so many notes take (4.13); 5, 7 and 9 take that of two, or of three in 6/8, 9/8, 12/8"""


def split(text: str) -> list[str]:
    r"""The tunes of a text, each from its X field to the next one; what stands before the first is left out.

    Example:
        >>> split("X:1\nK:C\nABc|\n\nX:2\nK:D\ndef|\n")
        ['X:1\nK:C\nABc|', 'X:2\nK:D\ndef|']
    """
    return [piece.rstrip() for piece in re.split(r"^(?=X:)", text, flags=re.M) if piece.startswith("X:")]


def parse(text: str, *, expand: bool = False) -> Tune:
    r"""Read one tune.

    The header may be missing, so that a few notes can be read too: then L is 1/8, K is C and the metre free. A field
    that the reader has no use for is kept in `fields`. Grace notes, ornaments, slurs and the names of chords are left
    out; an old line end `!` is one too.

    Args:
        text: ABC, at most MAX_TEXT characters.
        expand: write the repeats out, as the tune is played: the same bars again, later.

    Returns:
        The tune. Its bars may add up or not, `Bar.fit`; it may be complete or not, `Tune.missing`.

    Raises:
        AbcError: nothing else, whatever the text.

    Example:
        >>> tune = parse("X:1\nM:3/4\nL:1/8\nK:D\nA>F|d2 f2 (3agf|e6|F4|]")
        >>> [note.pitch for note in tune.notes]
        [69, 66, 74, 78, 81, 79, 78, 76, 66]
        >>> [str(note.length) for note in tune.notes[:6]]
        ['3/16', '1/16', '1/4', '1/4', '1/12', '1/12']
        >>> [bar.fit for bar in tune.bars], tune.complete
        (['pickup', 'full', 'full', 'pickup'], True)
        >>> parse("M:C\nL:1/82x\n")
        Traceback (most recent call last):
        music.abc.AbcError: cannot read ABC at character 4: unit 'L:1/82x'
    """
    tune = _Reader(text).read()
    return _expanded(tune) if expand else tune


class _Reader:
    """What a reader remembers from one token to the next."""

    def __init__(self, text: str):
        self.text = text
        self.fields: list[tuple[str, str]] = []
        self.bars: list[Bar] = []
        self.tempo: float | None = None
        self.unit, self.unit_given = Fraction(1, 8), False
        self.meter: Fraction | None = None
        self.compound = False
        self.key: dict[str, int] = {}  # semitones that each letter is raised by
        self.num_notes = 0
        self.now = Fraction(0)
        # of the bar that is being read
        self.events: list[_Event] = []
        self.marks: dict[str, int] = {}  # accidentals, which last to the bar line (4.2)
        self.span: Span | None = None
        self.opens, self.edge, self.ending = False, True, ()  # type: bool, bool, tuple[int, ...]
        # of the next note
        self.tied: dict[tuple[str, int], int] = {}  # pitches that the last note sounds on in
        self.broken: tuple[Fraction, int] | None = None  # the factor for the next note, and where the > is
        self.tuplet, self.tuplet_left = Fraction(1), 0

    def read(self) -> Tune:
        """All of it, a token at a time."""
        position, text = 0, self.text
        if len(text) > MAX_TEXT:
            raise AbcError("text", MAX_TEXT, text[MAX_TEXT:])
        while position < len(text):
            starts_line = position == 0 or text[position - 1] == "\n"
            token = (starts_line and FIELD.match(text, position)) or TOKENS.match(text, position)
            if not token:
                raise AbcError("unclosed" if text[position] in '[{"' else "character", position, text[position:])
            self.take(token)
            position = token.end()
        self.broken = None
        closed = bool(self.bars) and not self.events
        self.close_bar("|]")
        return Tune(self.text, tuple(self.fields), tuple(self.bars), closed, self.tempo)

    def take(self, token: re.Match[str]) -> None:
        """Whatever the token is."""
        if token.re is FIELD:
            return self.take_field(token[1], token[2], token)
        if token["skip"]:
            return None
        if token["field"]:
            return self.take_field(token["field"][0], token["field"][2:], token)
        if token["bar"] or token["ending"]:
            return self.close_bar(token["bar"] or "||", token["again"] or token["ending"] or "")
        self.span = (self.span[0] if self.span else token.start(), token.end())
        if token["broken"]:
            return self.take_broken(token)
        if token["tuplet"]:
            return self.take_tuplet(token)
        if token["chord"]:
            return self.take_chord(token)
        if token["letter"]:
            note = self.note(token, token)
            return self.add(_Event(note.length, [note]), token)
        if token["rest"] is not None:
            return self.add(_Event(self.length(token["rest"], token) * self.unit, []), token)
        return None  # ignored

    def take_field(self, letter: str, value: str, token: re.Match[str]) -> None:
        """A field; most are only kept."""
        value = value.split("%")[0].strip()
        others = [other for earlier, other in self.fields if earlier == letter]
        if letter == "X" and others:
            raise error("second", token)
        if letter == "V" and others and others[0].split()[:1] != value.split()[:1]:
            raise error("voices", token)
        self.fields.append((letter, value))
        if letter == "L":
            match = re.match(r"1/(1|2|4|8|16|32|64)(?!\S)|1(?!\S)", value)
            if not match:
                raise error("unit", token)
            self.unit, self.unit_given = Fraction(1, int(match[1] or 1)), True
        elif letter == "M":
            self.take_meter(value, token)
        elif letter == "K":
            self.take_key(value, token)
        elif letter == "Q" and (match := re.search(r"(?:([1-9]\d?)/(1|2|4|8|16)\s*=\s*)?(\d+)", value)):
            beat = 4 * int(match[1]) / int(match[2]) if match[1] else 1.0  # in quarter notes
            if len(match[3]) > 4 or not 10 <= beat * int(match[3]) <= 1000:
                raise error("tempo", token)
            self.tempo = beat * int(match[3])

    def take_meter(self, value: str, token: re.Match[str]) -> None:
        """M: what a bar adds up to, and how long a letter lasts where L does not say so (3.1.7)."""
        match = re.match(r"\(?([1-9]\d?(?:\+[1-9]\d?)*)\)?/(1|2|4|8|16|32)(?!\S)|(C\|?|none)?(?!\S)", value)
        if not match:
            raise error("meter", token)
        beats = sum(map(int, match[1].split("+"))) if match[1] else 0
        self.compound = beats in (6, 9, 12)
        self.meter = Fraction(beats, int(match[2])) if beats else Fraction(1) if match[3] in ("C", "C|") else None
        if not self.unit_given:
            self.unit = Fraction(1, 16) if self.meter and self.meter < Fraction(3, 4) else Fraction(1, 8)

    def take_key(self, value: str, token: re.Match[str]) -> None:
        """K: which letters are sharp or flat. Each fifth up from C sharpens one more, each fifth down flattens one."""
        match = KEY.match(value)
        fifths = 0
        if match:
            sign = {"#": 7, "b": -7, "": 0}[match["sign"].lower()]
            fifths = FIFTHS[match["tonic"].upper()] + sign + MODES[(match["mode"] or "")[:3].lower()]
        elif value in ("HP", "Hp"):  # bagpipes
            fifths = 2 if value == "Hp" else 0
        if not -7 <= fifths <= 7 or not (match or value in ("", "none", "HP", "Hp")):
            raise error("key", token)
        letters = "FCGDAEB"[:fifths] if fifths > 0 else "BEADGCF"[:-fifths]
        self.key = dict.fromkeys(letters, 1 if fifths > 0 else -1)
        for extra in re.finditer(r"(?<=\s)(\^\^?|__?|=)([A-Ga-g])(?!\S)", value):  # K:D ^g
            self.key[extra[2].upper()] = SHIFTS[extra[1]]

    def take_broken(self, token: re.Match[str]) -> None:
        """A > makes the note before it longer by a half and the one after it shorter by as much (4.4)."""
        if not self.events or self.broken:
            raise error("broken", token)
        less = Fraction(1, 2 ** len(token["broken"]))
        before, after = (2 - less, less) if token["broken"][0] == ">" else (less, 2 - less)
        self.events[-1].stretch(before)
        self.broken = after, token.start()

    def take_tuplet(self, token: re.Match[str]) -> None:
        """(p:q:r, p notes in the time of q, for the next r notes (4.13)."""
        size = int(token["tuplet"])
        into = int(token["into"] or TUPLETS.get(size, 3 if self.compound else 2))
        count = int(token["count"] or size)
        if size < 2 or not into or not count:
            raise error("tuplet", token)
        self.tuplet, self.tuplet_left = Fraction(into, size), count

    def take_chord(self, token: re.Match[str]) -> None:
        """Notes that sound together; the chord lasts as long as its first note (4.17)."""
        inner, times = token["chord"], self.length(token["times"], token)
        notes, position = [], 0
        while position < len(inner):
            match = NOTE.match(inner, position)
            if match:
                note = self.note(match, token, token.start() + 1)
                notes.append(replace(note, length=note.length * times, tied=note.tied or bool(token["ties"])))
            elif inner[position] not in " .~()":
                raise error("character", token)
            position = match.end() if match else position + 1
        if not notes:
            raise error("character", token)
        self.add(_Event(notes[0].length, notes), token)

    def note(self, match: re.Match[str], token: re.Match[str], offset: int = 0) -> Note:
        """The pitch and the written length; it begins when its bar is complete."""
        name, octave = _place(match)
        if match["accidental"]:
            self.marks[name] = SHIFTS[match["accidental"]]
        pitch = 60 + SEMITONES[name] + 12 * octave + self.marks.get(name, self.key.get(name, 0))
        if not match["accidental"]:
            pitch = self.tied.get((name, octave), pitch)
        if not 0 <= pitch <= 127:
            raise error("pitch", token)
        length = self.length(match["length"], token) * self.unit
        return Note(pitch, Fraction(0), length, (match.start() + offset, match.end() + offset), bool(match["tie"]))

    def length(self, written: str, token: re.Match[str]) -> Fraction:
        """What a note's length is multiplied by: "3/2", "/" is a half, "//" a quarter, "" one (4.3)."""
        match = re.fullmatch(r"(\d{0,3})(?:(/{1,6})|/(1|2|4|8|16|32|64))?", written)
        if not match or match[1].strip("0") == "" != match[1]:
            raise error("length", token)
        return Fraction(int(match[1] or 1), int(match[3] or 2 ** len(match[2] or "")))

    def add(self, event: _Event, token: re.Match[str]) -> None:
        """A note, a chord or a rest, shortened by the tuplet that it is in and by a broken rhythm."""
        self.num_notes += max(1, len(event.notes))
        if self.num_notes > MAX_NOTES:
            raise error("notes", token)
        if self.tuplet_left:
            event.stretch(self.tuplet)
            self.tuplet_left -= 1
        if self.broken:
            event.stretch(self.broken[0])
            self.broken = None
        if max((event.length, *(note.length for note in event.notes))) > MAX_LENGTH:
            raise error("length", token)
        self.events.append(event)
        self.tied = {_place(NOTE.match(self.text, note.span[0])): note.pitch for note in event.notes if note.tied}

    def close_bar(self, line: str, passes: str = "") -> None:
        """A bar line: the notes get their places, and what stands on the line counts for this bar and the next."""
        if self.broken:
            raise AbcError("broken", self.broken[1], self.text[self.broken[1] :])
        edge = line != "|" or bool(passes)
        closes = line.startswith(":")
        if self.events and self.span:
            notes, start = [], self.now
            for event in self.events:
                notes += [replace(note, start=self.now) for note in event.notes]
                self.now += event.length
            self.bars.append(
                Bar(tuple(notes), start, self.now - start, self.meter, self.span, self.opens, closes,
                    self.edge or edge, self.ending)
            )  # fmt: skip
            self.opens, self.edge = False, False
        elif self.bars and edge:  # two lines with nothing in between
            last = self.bars[-1]
            self.bars[-1] = replace(last, closes=last.closes or closes, edge=True)
        self.events, self.marks, self.span = [], {}, None
        self.opens = self.opens or line.endswith(":")
        self.edge = self.edge or edge
        if edge:
            self.ending = _passes(passes)


@dataclass
class _Event:
    """A note, a chord or a rest (no notes) of the bar that is being read."""

    length: Fraction
    notes: list[Note]

    def stretch(self, factor: Fraction) -> None:
        """Make it last `factor` times as long."""
        self.length *= factor
        self.notes = [replace(note, length=note.length * factor) for note in self.notes]


def error(code: Code, token: re.Match[str]) -> AbcError:
    """The error that this token is."""
    return AbcError(code, token.start(), token[0])


def _place(match: re.Match[str] | None) -> tuple[str, int]:
    """A note's letter in capitals, and its octave: 0 begins at middle C."""
    assert match
    octave = match["octave"].count("'") - match["octave"].count(",")
    return match["letter"].upper(), octave + match["letter"].islower()


def _passes(written: str) -> tuple[int, ...]:
    """1,3 and 1-3 as numbers."""
    ranges = re.findall(r"(\d)(?:-(\d))?", written)
    return tuple(sorted({number for low, high in ranges for number in range(int(low), int(high or low) + 1)}))


def _expanded(tune: Tune) -> Tune:
    """The tune as it is played. A repeat goes back to the last |: or to where the last repeat ended."""
    bars: list[Bar] = []
    now, num_notes = Fraction(0), 0
    for bar in _played(tune.bars):
        num_notes += max(1, len(bar.notes))
        if num_notes > MAX_NOTES:
            raise AbcError("notes", bar.span[0], tune.text[slice(*bar.span)])
        later = now - bar.start
        bars.append(replace(bar, start=now, notes=tuple(replace(x, start=x.start + later) for x in bar.notes)))
        now += bar.length
    return replace(tune, bars=tuple(bars))


def _played(bars: tuple[Bar, ...]) -> Iterable[Bar]:
    """The bars in the order in which they are played. Each repeat sign sends back once, or once an ending."""
    here, back, turn = 0, 0, 1
    while here < len(bars):
        bar = bars[here]
        if bar.opens and here > back:
            back, turn = here, 1
        here += 1
        if bar.ending and turn not in bar.ending:
            continue
        yield bar
        endings = {number for other in _section(bars, back) for number in other.ending}
        if bar.closes and (turn == 1 or turn + 1 in endings):
            here, turn = back, turn + 1
        elif bar.closes:
            back, turn = here, 1


def _section(bars: tuple[Bar, ...], back: int) -> Iterable[Bar]:
    """The bars from `back` to the next |:."""
    yield bars[back]
    for bar in bars[back + 1 :]:
        if bar.opens:
            return
        yield bar
