"""What the addresses of the app can say, beside what they could say before: links of one release open in the next.

`tests/links.json` holds what was ever promised, and `python -m tests.links` adds what is new; it takes nothing away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from explainers import LESSONS
from tests.pages.test_pages import bound, opened
from ui import numbers, share

FILE = Path(__file__).with_suffix(".json")
PAGES = ("home", *LESSONS, "practice")


def promised() -> dict[str, Any]:
    """The parameters of every page as links of earlier releases use them, and some of those links."""
    loaded: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return loaded


def told(slug: str) -> dict[str, Any]:
    """What the address of a page can say now: its parameters, its steps, and what it can hide."""
    app, pages = opened(slug, lang="en", predict="false"), []
    parameters = {name: values(element) for name, element in bound(app).items()}
    parameters |= {name: [float(end) for end in ends] for name, ends in numbers.LIMITS.items()}
    parameters |= {"classes": "text_input", "predict": "toggle"}
    with patch.object(share, "panel", pages.append):
        app.button("link").click().run()
    (page,) = pages
    hide = [share.CONTROLS, *share.EVERYWHERE, *page.controls]
    return {"parameters": parameters, "only": list(page.steps), "hide": hide}


def values(element: Any) -> Any:
    """What a control can hold: both ends, its codes, or the kind of thing."""
    proto = element.proto
    if element.type in ("slider", "number_input"):
        return [proto.min, proto.max]
    if element.type == "button_group":
        return [option.content for option in proto.options]
    return list(proto.options) if element.type == "radio" else element.type


def missing(old: Any, new: Any, at: str = "") -> Iterator[str]:
    """What `old` could say and `new` cannot: names, codes, or a stretch of a range."""
    if isinstance(old, dict):
        for name, what in old.items():
            if name not in new:
                yield f"{at} {name}"
            else:
                yield from missing(what, new[name], f"{at} {name}")
    elif isinstance(old, list) and old and not isinstance(old[0], str):
        if not (isinstance(new, list) and new[0] <= old[0] and old[1] <= new[1]):
            yield f"{at} {old} is now {new}"
    elif isinstance(old, list):
        yield from (f"{at}: {code}" for code in old if code not in new)
    elif old != new:
        yield f"{at} {old} is now {new}"


def joined(old: Any, new: Any) -> Any:
    """Everything that either can say."""
    if isinstance(old, dict):
        return {name: joined(old.get(name, new.get(name)), new.get(name, old.get(name))) for name in {**old, **new}}
    if isinstance(old, list) and old and not isinstance(old[0], str):
        return [min(old[0], new[0]), max(old[1], new[1])]
    return [*old, *(code for code in new if code not in old)] if isinstance(old, list) else old


if __name__ == "__main__":
    known = promised()
    known["pages"] = joined(known["pages"], {slug: told(slug) for slug in PAGES})
    lists = re.compile(r"\[\s+([^\[\]{}]*?)\s+\]")
    text = lists.sub(lambda found: f"[{' '.join(found[1].split())}]", json.dumps(known, ensure_ascii=False, indent=1))
    FILE.write_text(f"{text}\n", encoding="utf-8")
