"""The reader against abc2midi, by hand, and against everything that is no ABC."""

import gzip
import itertools
import json
import random
import shutil
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from music import AbcError, parse, roll, split
from music.abc import MAX_LENGTH, MAX_NOTES, MAX_TEXT
from tests.music import oracle

TUNES = split(oracle.TUNES.read_text(encoding="utf-8"))
STORED = json.loads(gzip.decompress(oracle.STORED.read_bytes()))
MISTYPED = 491
"""which tune has the letters `fsedf`"""
READ = [(i, parse(tune)) for i, tune in enumerate(TUNES) if i != MISTYPED]


def pitches(text):
    return [note.pitch for note in parse(text).notes]


def lengths(text):
    return [str(note.length * 8) for note in parse("L:1/8\n" + text).notes]


def error(text, **how):
    with pytest.raises(AbcError) as caught:
        parse(text, **how)
    return caught.value.code, caught.value.position, caught.value.found


def test_all_tunes_but_the_mistyped_one_are_read_and_complete():
    assert len(TUNES) == len(STORED["tunes"]) == 804
    code, position, found = error(TUNES[MISTYPED])
    assert (code, found[0], TUNES[MISTYPED][position - 1 : position + 4]) == ("character", "s", "fsedf")
    assert [tune.missing for _, tune in READ if not tune.complete] == []


def test_pitches_starts_and_lengths_are_those_of_abc2midi():
    for i, tune in READ:
        sounds = roll(tune)
        ours = sorted(zip(sounds.starts, sounds.pitches.tolist(), sounds.lengths, strict=True))
        theirs_pitches, steps, theirs_lengths = STORED["tunes"][i]
        theirs = list(zip(itertools.accumulate(steps), theirs_pitches, theirs_lengths, strict=True))
        assert [pitch for _, pitch, _ in ours] == theirs_pitches, i
        for (start, _, length), (ticks, _, lasting) in zip(ours, theirs, strict=True):
            assert abs(start * oracle.TICKS - ticks) <= 2, i
            assert abs(length * oracle.TICKS - lasting) <= 2, i


@pytest.mark.skipif(not shutil.which("abc2midi"), reason="Debian: apt-get install abcmidi")
def test_the_stored_answers_are_those_of_the_program():
    for i in range(0, len(TUNES), 40):
        assert oracle.pack(oracle.heard(TUNES[i])) == STORED["tunes"][i]


def test_how_many_bars_of_real_tunes_are_exactly_full():
    inner = [bar.fit == "full" for _, tune in READ for bar in tune.bars[1:-1]]
    assert 0.87 < sum(inner) / len(inner) < 0.89
    apart = [bar.fit == "full" for _, tune in READ for bar in tune.bars if not bar.edge]
    assert len(apart) > 10_000
    assert sum(apart) / len(apart) > 0.998


def test_every_note_and_bar_knows_its_letters():
    for _, tune in READ:
        for bar in tune.bars:
            assert "|" not in tune.text[slice(*bar.span)]
            for note in bar.notes:
                assert bar.span[0] <= note.span[0] < note.span[1] <= bar.span[1]
                assert tune.text[slice(*note.span)].strip("^_=,'-/0123456789") in set("ABCDEFGabcdefg")
            assert sum(note.length for note in bar.notes) <= bar.length
        assert tune.bars[-1].start + tune.bars[-1].length == tune.length


@pytest.mark.parametrize(
    ("key", "semitones"),
    [
        ("C", [0, 2, 4, 5, 7, 9, 11]),
        ("Dmaj", [1, 2, 4, 6, 7, 9, 11]),
        ("Ador", [0, 2, 4, 6, 7, 9, 11]),
        ("E Minor", [0, 2, 4, 6, 7, 9, 11]),
        ("Bmix", [1, 3, 4, 6, 8, 9, 11]),
        ("Bbm", [0, 1, 3, 5, 6, 8, 10]),
        ("F#", [11, 1, 3, 5, 6, 8, 10]),
        ("G Lydian", [1, 2, 4, 6, 7, 9, 11]),
        ("Dphr ^f", [0, 2, 3, 6, 7, 9, 10]),
        ("Hp", [1, 2, 4, 6, 7, 9, 11]),
        ("none", [0, 2, 4, 5, 7, 9, 11]),
        ("G clef=treble", [0, 2, 4, 6, 7, 9, 11]),
    ],
)
def test_keys(key, semitones):
    assert sorted(pitch % 12 for pitch in pitches(f"K:{key}\nCDEFGAB|")) == sorted(semitones)


def test_pitches_by_hand():
    assert pitches("C,,C,Ccc'c''") == [36, 48, 60, 72, 84, 96]
    assert pitches("^CC=C__D^^D|CD") == [61, 61, 60, 60, 64, 60, 62]
    assert pitches("K:D\n=F f|f") == [65, 77, 78]  # an accidental holds in every octave, to the bar line
    assert pitches("^c-|c c") == [73, 73, 72]  # a tie carries it over the line, to that one note
    assert pitches('"Am"A {gf}!trill!~B !dacapo!(c d)!\n[r:a remark][K:D]f % bd') == [69, 71, 72, 74, 78]


def test_lengths_by_hand():
    assert lengths("A A2 A/ A// A/4 A3/2 A3/") == ["1", "2", "1/2", "1/4", "1/4", "3/2", "3/2"]
    assert lengths("A>B A<B A>>B") == ["3/2", "1/2", "1/2", "3/2", "7/4", "1/4"]
    assert lengths("(3ABc (2AB (3:2:2AB c") == ["2/3"] * 3 + ["3/2"] * 2 + ["2/3"] * 2 + ["1"]
    assert lengths("M:6/8\n(5ABcde") == ["3/5"] * 5
    assert lengths("[CE2G]2 c") == ["2", "4", "2", "1"]
    assert [str(note.start) for note in parse("L:1/4\nz A [CE] B|c").notes] == ["1/4", "1/2", "1/2", "3/4", "1"]
    assert parse("M:2/4\nA").notes[0].length == Fraction(1, 16)
    assert parse("M:3/4\nA").notes[0].length == Fraction(1, 8)


def test_bars_that_fit_and_that_do_not():
    tune = parse("X:1\nM:3/4\nL:1/4\nK:C\nA|ABc|AB|ABcd|AB:|A|ABc")
    assert [bar.fit for bar in tune.bars] == ["pickup", "full", "short", "long", "pickup", "pickup", "full"]
    assert tune.missing == ("end",)
    assert [bar.fit for bar in parse("AB|A|").bars] == ["full", "full"]  # free metre
    assert [bar.meter for bar in parse("M:C\nA|[M:3/8]A|").bars] == [1, Fraction(3, 8)]


def test_what_is_missing():
    whole = "X:1\nT:Of four\nM:C\nK:C\nA8|A8|A8|A8|]\n"
    assert parse(whole).complete
    assert parse(whole).title == "Of four"
    for gone, missing in {"X:1\n": "X", "M:C\n": "M", "K:C\n": "K", "A8|A8|": "bars", "|]": "end"}.items():
        assert parse(whole.replace(gone, "", 1)).missing == (missing,)
    assert parse(whole.replace("X:1", "X:one")).missing == ("X",)
    assert parse(whole.replace("X:1\nT:Of four", "T:Of four\nX:1")).missing == ("order",)
    assert parse("").missing == ("X", "M", "K", "bars", "end")


@pytest.mark.parametrize(
    ("written", "played"),
    [
        ("A|:B|c:|d|", "ABcBcd"),
        ("A|B:|c|d:|", "ABABcdcd"),
        ("|:A|1B:|2c|]d|", "ABAcd"),
        ("|:A|[1B:|[2c:|d|", "ABAcd"),
        ("|:A|1,2B:|3c||", "ABABAc"),
        ("|:A::B:|", "AABB"),
        ("|:A|B:|\n|:c:|", "ABABcc"),
        ("A:|", "AA"),
    ],
)
def test_repeats(written, played):
    tune = parse("L:1/4\n" + written, expand=True)
    assert "".join(tune.text[note.span[0]] for note in tune.notes) == played
    assert [note.start * 4 for note in tune.notes] == list(range(len(played)))


def test_tempo():
    assert parse("Q:1/4=120\n").tempo == parse("Q:120\n").tempo == parse('Q:"Slow" 1/8=240\n').tempo == 120
    assert parse("Q:3/8=80\n").tempo == 120
    assert parse("A").tempo is None


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        ("L:1/82x\n", "unit", 0),
        ("K:C\nM:3/0\n", "meter", 4),
        ("K:H\n", "key", 0),
        ("K:B#\n", "key", 0),
        ("Q:99999999\n", "tempo", 0),
        ("AB @", "character", 3),
        ("AB [CE", "unclosed", 3),
        ('A"m', "unclosed", 1),
        ("A{g", "unclosed", 1),
        ("A A0", "length", 2),
        ("A/3", "length", 0),
        ("A" + "9" * 5000, "length", 0),
        (f"L:1/1\nA{MAX_LENGTH + 1}", "length", 6),
        ("c'''''''", "pitch", 0),
        (">A", "broken", 0),
        ("A>|B", "broken", 1),
        ("(1A", "tuplet", 0),
        ("(3:0:3ABc", "tuplet", 0),
        ("X:1\nA|\nX:2\n", "second", 7),
        ("V:1\nA|\nV:2\nB|", "voices", 7),
        ("A " * MAX_TEXT, "text", MAX_TEXT),
        ("A" * (MAX_NOTES + 1), "notes", MAX_NOTES),
        ("[@]", "character", 0),
    ],
)
def test_errors_say_what_and_where(text, code, position):
    assert error(text)[:2] == (code, position)


def test_repeats_are_bounded():
    assert error("A" * (MAX_NOTES - 1) + ":|", expand=True)[0] == "notes"


def holds(text):
    """It is read, or raises AbcError, before which all can be read."""
    try:
        tune = parse(text, expand=True)
    except AbcError as caught:
        tune = parse(text[: caught.position])
    assert roll(tune).bar_lines[-1] == float(tune.length)
    assert tune.complete == (not tune.missing)


@settings(max_examples=300)
@given(st.text(st.sampled_from("ABcdz^_=,'/0123456789|:[]()<>{}\"!-~ \nXMLKQV%\\&²٣"), max_size=60))
def test_no_other_error_ever_leaves(text):
    holds(text)


@given(st.text(max_size=40), st.sampled_from("XTMLKQV"))
def test_no_other_error_leaves_a_field(value, letter):
    holds(f"{letter}:{value}\nABc|")


def test_no_other_error_leaves_real_tunes_that_were_damaged():
    rng = random.Random(0)
    for tune in TUNES[::4]:
        letters = list(tune)
        for _ in range(rng.randint(1, 8)):
            at = rng.randrange(len(letters))
            letters[at] = rng.choice(["", letters[at] * 2, rng.choice('|:[](3<>/9^-"{Kz@')])
        holds("".join(letters))
