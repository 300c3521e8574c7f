"""The stored models and curves are what they are said to be, and what is shown of them can be made again."""

import numpy as np
import pytest

import core
from core import next_character
from core.next_character import MODELS, Model
from data.tunes import make
from explainers import tunes
from music import parse

VALIDATION = next_character.block(
    np.concatenate([tunes.encode(tune + next_character.END) for tune in tunes.VALIDATION]),
    next_character.VALIDATION_ROWS,
)


def test_tunes_and_vocabulary():
    assert len(tunes.TUNES) == 804
    assert len(tunes.VOCABULARY) == 83
    assert list(tunes.VOCABULARY) == sorted(tunes.VOCABULARY)
    assert set("".join(tunes.HEADERS)) <= set(tunes.VOCABULARY)
    tune = tunes.TUNES[0]
    assert tunes.decode(tunes.encode(tune)) == tune


def test_headers_are_of_the_kinds_and_keys_that_the_models_have_read():
    heads = [tune.split("\nK:")[0] for tune in tunes.TRAINING]
    for kind, metre in tunes.KINDS.items():
        assert sum(f"id:dc-{kind}-" in head and f"\nM:{metre}\n" in head for head in heads) >= 10
    for key in tunes.KEYS:
        assert sum(f"\nK:{key}\n" in tune for tune in tunes.TRAINING) >= 10
    assert len(set(tunes.HEADERS)) == len(tunes.KINDS) * len(tunes.KEYS)
    fields = dict(parse(tunes.header("slipjig", "E Dorian").strip() + "\nE2|").fields)
    assert (fields["M"], fields["K"]) == ("9/8", "E Dorian")
    with pytest.raises(ValueError, match=r"kind must be one of reel, .*got 'tango'"):
        tunes.header("tango", "G Major")
    with pytest.raises(ValueError, match=r"key must be one of G Major, .*got 'H'"):
        tunes.header("reel", "H")


@pytest.mark.parametrize("name", MODELS)
def test_a_stored_model_has_the_loss_of_the_end_of_its_curve(name):
    """The weights are float16 in the file and the curve was made in float32: half the bytes, the same loss."""
    run, model = tunes.runs()[name], tunes.model(name)
    assert model.num_parameters == run.num_parameters
    loss = next_character.validation_loss(model, VALIDATION)
    assert loss == pytest.approx(run.validation_losses[-1], abs=0.001)


def test_the_ladder_goes_down():
    last = {name: run.validation_losses[-1] for name, run in tunes.runs().items()}
    assert np.log(83) > last["bigram"] > last["mlp"] + 0.5 > last["gru"] + 0.5
    assert last["mlp"] > last["lstm"]
    assert min(last["lstm"], last["gru"]) < 1.15


@pytest.mark.parametrize("name", [*MODELS, tunes.UNSHIFTED])
def test_curves_begin_at_ln_83_and_are_complete(name):
    run = tunes.runs()[name]
    assert run.steps[0] == 0
    assert run.steps[-1] == run.num_steps
    assert run.train_losses[0] == pytest.approx(np.log(83), abs=0.03)
    assert run.validation_losses[0] == pytest.approx(np.log(83), abs=0.03)
    assert len(run.steps) == len(run.train_losses) == len(run.validation_losses) == len(run.seconds)
    assert run.seconds == sorted(run.seconds)
    assert "one thread" in run.machine
    assert all(sample.startswith("X:1\n") for sample in run.samples.values())


def test_item_20_without_the_shift_the_stored_curve_falls_to_nothing():
    shifted, unshifted = tunes.runs()["bigram"], tunes.runs()[tunes.UNSHIFTED]
    assert unshifted.validation_losses[-1] < 0.03
    assert shifted.validation_losses[-1] > 2


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_samples_are_there_for_the_steps_that_are_shown(name):
    assert list(tunes.runs()[name].samples) == [0, 50, 200, 600, 1500]


def test_at_least_85_in_100_tunes_are_complete():
    for name in ("lstm", "gru"):
        run = tunes.runs()[name]
        assert run.num_tunes == make.NUM_TUNES == 30
        assert run.num_complete >= 26
        assert run.full_bars > 0.85
    assert tunes.runs()["bigram"].num_complete < 5
    again = make.count(tunes.model("lstm"))
    assert again["num_complete"] >= 26  # another machine rounds otherwise, and then draws other tunes
    assert again["full_bars"] == pytest.approx(tunes.runs()["lstm"].full_bars, abs=0.08)


def test_a_stored_model_goes_on_from_a_header():
    rng = np.random.default_rng(0)
    prompt = tunes.header("jig", "G Major")
    ids = core.generate(tunes.model("lstm"), tunes.encode(prompt), 500, rng, temperature=0.7, stop=tunes.encode("\n\n"))
    assert parse((prompt + tunes.decode(ids)).strip()).complete


def test_a_fresh_training_begins_as_the_stored_one_did():
    """The first two reports; benchmarks/tunes.py makes the whole curve again."""
    for name in ("bigram", "lstm"):
        run = tunes.runs()[name]
        reports = next_character.train(name, tunes.TEXT, seed=run.seed, num_steps=run.num_steps)
        for place in range(2):
            assert next(reports).validation_loss == pytest.approx(run.validation_losses[place], abs=0.02)


@pytest.mark.parametrize("name", [*MODELS, tunes.UNSHIFTED])
def test_the_readme_says_what_was_reached(name):
    run = tunes.runs()[name]
    readme = (tunes.PLACE.parent / "README.md").read_text(encoding="utf-8")
    assert (
        f"| `{name}` | {run.num_parameters:,} | {run.num_steps:,} | {run.validation_losses[-1]:.3f} |"
        f" {run.seconds[-1]:.0f} | {run.num_complete} | {100 * run.full_bars:.0f} % |" in readme
    )


def test_all_files_are_under_500_kb():
    weights = sorted(tunes.PLACE.glob("*.npz"))
    assert {path.stem for path in weights} == set(MODELS)
    assert sum(path.stat().st_size for path in weights) + (tunes.PLACE / "runs.json").stat().st_size < 500_000
    for path in weights:
        with np.load(path, allow_pickle=False) as stored:
            assert all(stored[name].dtype == np.float16 for name in stored.files if name != "name")


def test_half_the_bytes_are_no_worse_than_all_of_them():
    """float16 moves each weight by up to 1 part in 2048; another 1 part in 2048 at random moves the loss as little."""
    model = tunes.model("lstm")
    rng = np.random.default_rng(0)
    moved = {name: array * (1 + rng.uniform(-1, 1, array.shape) / 2048) for name, array in model.parameters.items()}
    nudged = Model("lstm", {name: array.astype(np.float32) for name, array in moved.items()})
    before, after = (next_character.validation_loss(each, VALIDATION) for each in (model, nudged))
    assert before == pytest.approx(after, abs=0.001)
