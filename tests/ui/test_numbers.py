"""What may be typed as a class name, and what travels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainers.presets import DEFAULT, PRESETS
from ui.numbers import LIMIT, MAX_CLASSES, class_names

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
