"""Count how many tunes hold together at three temperatures: `python data/tunes/count.py` writes counts.json.

Each is what the lesson shows for the same header, temperature and seed; so a test can make some of them again.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from explainers import listening, tunes

NUM_TUNES = 30


def main():
    """For each temperature, and for the tunes held out: whether each is complete, its full bars, and its bars."""
    counts = {
        name: [listening.counted(listening.written(listening.nth(n, temperature))) for n in range(NUM_TUNES)]
        for name, temperature in listening.TEMPERATURES.items()
    }
    counts["real"] = [listening.counted(tune) for tune in tunes.VALIDATION]
    lines = [f' "{name}": {json.dumps(rows)}' for name, rows in counts.items()]
    (tunes.PLACE / "counts.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    for name, rows in counts.items():
        complete, full, bars = map(sum, zip(*rows, strict=True))
        print(name, f"{complete} of {len(rows)} complete, {full} of {bars} bars full")


if __name__ == "__main__":
    main()
