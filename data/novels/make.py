"""Make what the lesson on the race reads: the text as ids, and what was run on it beforehand.

    python -m data.novels.make text FOLDER    # novels.npz, from the three texts in that folder

data/README.md says where the texts come from.
"""

import gzip
import sys
from pathlib import Path

from core.corpus import ids_by_frequency, save_text, tokenize

PLACE = Path(__file__).parent
TEXTS = ("moby_dick", "pride_and_prejudice", "sense_and_sensibility")


def text(folder: str) -> None:
    """The three novels one after the other, as ids by frequency."""
    tokens = []
    for name in TEXTS:
        with gzip.open(Path(folder) / f"{name}.txt.gz", "rt", encoding="utf-8") as file:
            tokens += tokenize(file.read())
    words, ids = ids_by_frequency(tokens)
    save_text(PLACE / "novels.npz", words, ids)
    print(f"{len(ids):,} tokens, {len(words):,} different")


if __name__ == "__main__":
    {"text": text}[sys.argv[1]](*sys.argv[2:])
