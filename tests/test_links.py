"""Links of one release open in the next."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from explainers.text import prose
from tests.links import PAGES, joined, missing, promised, told
from tests.pages.test_pages import opened, said
from tests.pages.test_share import numbers_seen, unseen
from ui.numbers import SHARED

BROKEN = """links that teachers have sent can say this, and the app understands it no more:
  {}
Keep the name, the code or the range. If it has to change, translate the old one where every page begins (open_page in
ui/frame.py), add a link that says it to `links` in tests/links.json, and only then take it out of `pages` there."""
UNWRITTEN = """this is new in addresses:
  {}
`python -m tests.links` writes it down, so that the links of today open in the next release."""
LINKS = promised()["links"]


@pytest.mark.parametrize("slug", PAGES)
def test_everything_that_a_link_could_say_is_still_understood(slug):
    now = told(slug)
    lost = list(missing(promised()["pages"][slug], now))
    assert not lost, BROKEN.format("\n  ".join(lost))
    new = list(missing(now, promised()["pages"][slug]))
    assert not new, UNWRITTEN.format("\n  ".join(new))


def test_there_are_pages_and_links_of_each():
    assert set(promised()["pages"]) == set(PAGES)
    assert {urlsplit(one["link"]).path.strip("/") or "home" for one in LINKS} == set(PAGES)
    assert len(LINKS) >= 12


@pytest.mark.parametrize("one", LINKS, ids=lambda one: one["link"])
def test_a_link_shows_what_it_showed(one):
    """The controls hold its values; of the steps of a lesson those are shown that it says, and no other."""
    parts = urlsplit(one["link"])
    slug = parts.path.strip("/") or "home"
    app = opened(slug, **({"step": ""} | dict(parse_qsl(parts.query))))
    assert not app.exception
    elements = [*app.slider, *app.number_input, *app.text_input, *app.toggle, *app.radio, *app.button_group]
    shown = {element.key: element.value for element in elements} | app.session_state["held"]
    assert {name: shown.get(name) for name in one["controls"]} == one["controls"]
    text = prose(slug, one["lang"])
    assert text.title in said(app)
    headings = [f"### {number} · {text.sections[key].heading}" for number, key in enumerate(text.steps, 1)]
    assert [key for key, line in zip(text.steps, headings, strict=True) if line in said(app)] == one["steps"]
    assert unseen(app) == set(one["unseen"]) - {*SHARED}
    assert not numbers_seen(app) & {*one["unseen"]}


def test_what_counts_as_lost():
    old = {"shift": [-10.0, 10.0], "dtype": ["float32", "float16"], "predict": "toggle"}
    assert not list(missing(old, old | {"new": "toggle"}))
    assert not list(missing(old, old | {"shift": [-20.0, 10.0], "dtype": ["float16", "bfloat16", "float32"]}))
    assert list(missing(old, {"dtype": ["float16"], "predict": "slider"})) == [
        " shift",
        " dtype: float32",
        " predict toggle is now slider",
    ]
    assert list(missing(old, old | {"shift": [-10.0, 5.0]})) == [" shift [-10.0, 10.0] is now [-10.0, 5.0]"]
    assert joined({"a": [0, 1], "b": ["x"]}, {"a": [-1, 0], "b": ["y"], "c": "toggle"}) == {
        "a": [-1, 1],
        "b": ["x", "y"],
        "c": "toggle",
    }
