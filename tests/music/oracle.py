"""What abc2midi, the reference reader (Debian: abcmidi), makes of all tunes; stored so that CI needs no abc2midi.

    python -m tests.music.oracle

Repeat signs and the old line ends `!` are taken out first, so that each note is heard once and in the order of
the text. Times are MIDI ticks, 480 a quarter note.
"""

import gzip
import itertools
import json
import re
import subprocess
import tempfile
from pathlib import Path

from music import split

ROOT = Path(__file__).parents[2]
TUNES = ROOT / "data" / "tunes" / "irish.abc"
STORED = Path(__file__).with_name("abc2midi.json.gz")
TICKS = 4 * 480
"""a whole note"""


def plain(tune: str) -> str:
    """The tune without repeats, endings and line ends `!`; without blank lines, which would end it; and with X:1."""
    head, body = re.match(r"((?:[A-Za-z]:.*\n)*)((?s:.*))", tune).groups()
    body = re.sub(r":?\|[:\]]?(\s*\[?[12])?|\[[12]", "|", body.replace("!", ""))
    return re.sub(r"^X:.*", "X:1", head) + re.sub(r"\n\n+", "\n", body).strip("\n") + "\n"


def number(data: bytes, at: int) -> tuple[int, int]:
    """A number of MIDI's variable length, and where the next one begins."""
    value = 0
    while True:
        value = value << 7 | data[at] & 127
        at += 1
        if data[at - 1] < 128:
            return value, at


def notes_of(midi: bytes) -> list[list[int]]:
    """Pitch, start and length in ticks of every note of a MIDI file, by start and then pitch."""
    notes, at = [], 14
    while at < len(midi):
        size = int.from_bytes(midi[at + 4 : at + 8], "big")
        at, end, now, status, sounding = at + 8, at + 8 + size, 0, 0, {}
        while at < end:
            delta, at = number(midi, at)
            now += delta
            if midi[at] & 128:
                status, at = midi[at], at + 1
            if status == 0xFF:  # a remark: its kind, its size
                length, at = number(midi, at + 1)
                at += length
            elif status >> 4 in (8, 9):
                pitch, velocity, at = midi[at], midi[at + 1], at + 2
                if status >> 4 == 9 and velocity:
                    sounding[pitch] = now
                else:
                    start = sounding.pop(pitch)
                    notes.append([pitch, start, now - start])
            else:
                at += 1 if status >> 4 in (12, 13) else 2
        at = end
    return sorted(notes, key=lambda note: (note[1], note[0]))


def heard(tune: str) -> list[list[int]]:
    """What abc2midi makes of a tune."""
    with tempfile.TemporaryDirectory() as folder:
        abc, midi = Path(folder, "tune.abc"), Path(folder, "tune.mid")
        abc.write_text(plain(tune), encoding="utf-8")
        subprocess.run(["abc2midi", abc, "1", "-silent", "-o", midi], check=True, capture_output=True)
        return notes_of(midi.read_bytes())


def pack(notes: list[list[int]]) -> list[list[int]]:
    """Pitches, steps from start to start, and lengths: in this order they take least room."""
    starts = [0, *(start for _, start, _ in notes)]
    return [
        [pitch for pitch, _, _ in notes],
        [after - before for before, after in itertools.pairwise(starts)],
        [length for _, _, length in notes],
    ]


def main():
    """Ask about every tune, and store."""
    version = subprocess.run(["abc2midi", "-ver"], capture_output=True, text=True, check=True).stdout.strip()
    tunes = [pack(heard(tune)) for tune in split(TUNES.read_text(encoding="utf-8"))]
    text = json.dumps({"abc2midi": version, "ticks": TICKS, "tunes": tunes}, separators=(",", ":"))
    STORED.write_bytes(gzip.compress(text.encode(), mtime=0))
    size = f"{sum(len(tune[0]) for tune in tunes)} notes, {STORED.stat().st_size} bytes"
    print(f"{STORED.name}: {len(tunes)} tunes, {size}, {version}")


if __name__ == "__main__":
    main()
