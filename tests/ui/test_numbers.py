"""What may be typed as a class name, and what travels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainers.presets import DEFAULT, PRESETS
from ui.numbers import LIMIT, MAX_CLASSES, class_names, commit

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
    state = {"board": Trigger(sent), "z0": 7.0}
    monkeypatch.setattr("streamlit.session_state", state)
    commit()
    assert state["z0"] == 7.0
    assert "label" not in state or state["label"] == 1.0
    assert 0 <= state.get("seq", 0) <= 3


def test_a_board_that_sends_logits_writes_the_boxes(monkeypatch):
    state = {"board": Trigger(GOOD)}
    monkeypatch.setattr("streamlit.session_state", state)
    commit()
    assert [state[f"z{i}"] for i in range(4)] == GOOD["logits"]
    assert (state["label"], state["seq"]) == (1.0, 3)
    state["board"] = Trigger(GOOD | {"logits": [20_000.0, -1e9, 0.0, 0.0]})
    commit()
    assert (state["z0"], state["z1"]) == (LIMIT, -LIMIT)
