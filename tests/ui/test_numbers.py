"""What may be typed as a class name, and what travels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainers.presets import DEFAULT, PRESETS
from ui.numbers import LIMIT, MAX_CLASSES, SHARED, arrive, class_names, commit, depart, held, live, put, undo

MARKUP = set('<>$\\{}[]()*_`~|#@:&^%=/"\n\r\t\0')


@given(st.text(max_size=300))
def test_whatever_is_typed_gives_few_short_different_names_without_markup(typed):
    names = class_names(typed)
    assert len(names) == len(set(names)) <= MAX_CLASSES
    for name in names:
        assert 0 < len(name) <= 16
        assert name == name.strip()
        assert "," not in name
        assert not MARKUP & set(name)


@given(st.text(max_size=300))
def test_names_that_were_read_are_read_again_as_they_are(typed):
    names = class_names(typed)
    assert class_names(", ".join(names)) == names


@pytest.mark.parametrize("markup", sorted(MARKUP - set("\n\r\t\0")))
def test_each_sign_of_markup_is_dropped(markup):
    assert class_names(f"a{markup}b{markup}") == ("ab",)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_examples_can_be_typed_by_a_learner(preset, lang):
    chosen = PRESETS[preset].named(lang)
    assert class_names(", ".join(chosen.names)) == chosen.names
    assert len(chosen.names) == len(chosen.logits)
    assert 0 <= chosen.label < len(chosen.names)
    assert max(map(abs, chosen.logits)) <= LIMIT
    assert chosen.temperature > 0


def test_the_default_is_the_first_example():
    assert next(iter(PRESETS.values())) == DEFAULT


class Trigger:
    def __init__(self, commit):
        self.commit = commit


GOOD = {"logits": [1.5, -2, 3.0, 0.0], "label": 1, "seq": 3}


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "x",
        [],
        {},
        GOOD | {"logits": "1,2"},
        GOOD | {"logits": [float("nan")] * 4, "label": -1, "seq": -1},
        GOOD | {"logits": [10**400, 1, 1, 1], "label": 10**400, "seq": 10**400},
        GOOD | {"logits": [float("inf")] * 4, "label": 1.5, "seq": 1.5},
        GOOD | {"logits": [0.0] * 11, "label": "1", "seq": "1"},
        GOOD | {"logits": [[1.0]], "label": [1], "seq": None},
        GOOD | {"logits": [None, 1, 2, 3], "label": {}, "seq": True},
    ],
)
def test_a_board_that_sends_nonsense_changes_nothing(monkeypatch, sent):
    state = {"board": Trigger(sent), "held": SHARED | {"z0": 7.0}}
    monkeypatch.setattr("streamlit.session_state", state)
    commit()
    assert held()["z0"] == 7.0
    assert held()["label"] in (SHARED["label"], 1)
    assert 0 <= state.get("seq", 0) <= 3


def test_a_board_that_sends_logits_moves_the_numbers(monkeypatch):
    state = {"board": Trigger(GOOD)}
    monkeypatch.setattr("streamlit.session_state", state)
    commit()
    assert live().logits.tolist() == GOOD["logits"]
    assert (live().label, state["seq"]) == (1, 3)
    state["board"] = Trigger(GOOD | {"logits": [20_000.0, -1e9, 0.0, 0.0]})
    commit()
    assert live().logits[:2].tolist() == [LIMIT, -LIMIT]


class Address(dict):
    """Streamlit's query parameters, as far as the numbers use them."""


@pytest.fixture
def visit(monkeypatch):
    """A session and its address; `visit(slug, **query)` runs a page, as Streamlit does after a link, a hand or Back."""
    address = Address()
    monkeypatch.setattr("streamlit.session_state", {})
    monkeypatch.setattr("streamlit.query_params", address)

    def run(slug, **query):
        address.clear()
        address.update(query)
        arrive(slug)
        depart()
        return dict(address)

    return run


def test_a_link_is_the_numbers_and_says_them_as_short_as_can_be(visit):
    assert visit("softmax", z0="2.50", label="3.0", t="1", z9="5", lang="zh") == {
        "z0": "2.5",
        "label": "3",
        "lang": "zh",
    }
    assert (live().logits[0], live().label, live().temperature) == (2.5, 3, 1.0)


@pytest.mark.parametrize("text", ["nan", "inf", "-1e9", "9" * 400, "", "x", "\x00", "１２e"])
def test_what_no_control_can_hold_is_the_default(visit, text):
    assert visit("softmax", **dict.fromkeys(["z0", "label", "t", "seed"], text)) == {}
    assert held() == SHARED


def test_numbers_travel_without_being_in_the_link(visit):
    visit("softmax", z0="5")
    assert visit("nce") == {"z0": "5"}
    assert visit("race", z1="7") == {"z1": "7"}  # this link brings its own
    assert live().logits[0] == SHARED["z0"]


def test_back_brings_the_numbers_of_the_older_address(visit):
    first = visit("softmax", z0="5")
    put({"z0": 6.0})
    assert visit("softmax", **first) == {"z0": "6"}  # the browser had not heard of it yet
    assert visit("softmax", **first) == {"z0": "5"}
    assert visit("softmax") == {}
    assert held() == SHARED


def test_the_first_change_can_be_taken_back_but_not_the_link(visit):
    visit("softmax", z0="5")
    undo()
    assert live().logits[0] == 5
    put({"z0": 6.0})
    undo()
    assert live().logits[0] == 5
    assert visit("nce") == {"z0": "5"}


def test_what_a_hand_changes_is_cleaned(visit):
    visit("softmax")
    put({"z0": float("nan"), "z1": None, "label": 10**400, "t": -1, "classes": "a" * 9999})
    assert held() == SHARED | {"classes": "a" * 200}
