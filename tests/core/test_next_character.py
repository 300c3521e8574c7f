"""The ladder of models on characters: one loss on the same logits, gradients, training, and going on after a stop."""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import core
from core import next_character
from core.next_character import END, MODELS, PROMPT, TEXT, Model, init, train
from tests import reference

ROOT = Path(__file__).parents[2]
TUNES = TEXT.read_text(encoding="utf-8")
IDS = np.random.default_rng(0).integers(0, 6, (2, 9))
FEW = {"num_steps": 12, "report_every": 4, "batch_size": 8, "window": 24}


def random_model(name, num_classes=6, dtype=np.float32):
    """A model with nothing small or zero in it."""
    rng = np.random.default_rng(1)
    parameters = init(name, num_classes, seed=0).parameters
    return Model(name, {key: rng.normal(0, 0.3, array.shape).astype(dtype) for key, array in parameters.items()})


def told(progress):
    return progress._replace(seconds=0, checkpoint=None)


# Models


@pytest.mark.parametrize("name", MODELS)
def test_logits_have_an_axis_of_classes_more_than_ids(name):
    logits, _ = random_model(name).logits(IDS)
    assert logits.shape == (*IDS.shape, 6)
    assert logits.dtype == np.float32


@pytest.mark.parametrize("name", MODELS)
def test_one_character_at_a_time_is_the_same_as_all_at_once(name):
    model = random_model(name, dtype=np.float64)
    whole, _ = model.logits(IDS)
    state = None
    for step in range(IDS.shape[1]):
        logits, state = model.logits(IDS[:, step : step + 1], state)
        np.testing.assert_allclose(logits[:, 0], whole[:, step], rtol=1e-9)


@pytest.mark.parametrize("name", MODELS)
def test_no_logit_sees_what_comes_later(name):
    model = random_model(name)
    changed = IDS.copy()
    changed[:, 5] = (changed[:, 5] + 1) % 6
    before, after = model.logits(IDS)[0], model.logits(changed)[0]
    np.testing.assert_array_equal(before[:, :5], after[:, :5])
    assert (before[:, 5] != after[:, 5]).any()


def test_what_each_remembers():
    """The bigram its character, the MLP twelve, the recurrent ones all."""
    ids = np.zeros((1, 30), int)
    for name, reach in (("bigram", 1), ("mlp", next_character.CONTEXT), ("lstm", 30), ("gru", 30)):
        model = random_model(name, dtype=np.float64)
        last = model.logits(ids)[0][0, -1]
        for back in (1, 2, 12, 13, 30):
            other = ids.copy()
            other[0, -back] = 3
            assert (model.logits(other)[0][0, -1] != last).any() == (back <= reach), (name, back)


@pytest.mark.parametrize("name", MODELS)
def test_gradients_by_central_differences(name):
    model = random_model(name, dtype=np.float64)
    inputs, labels = IDS[:, :-1], IDS[:, 1:]
    _, state = model.logits(IDS[:, ::-1])
    loss, grads, _ = model.loss_and_grads(inputs, labels, state)
    logits, _ = model.logits(inputs, state)
    assert loss == pytest.approx(float(core.sparse_cross_entropy(logits, labels, reduction="mean")))
    assert grads.keys() == model.parameters.keys()
    rng = np.random.default_rng(2)
    for key, array in model.parameters.items():
        direction = rng.normal(size=array.shape)  # one slope a parameter, along a random direction

        def along(at, key=key, array=array, direction=direction):
            moved = Model(name, model.parameters | {key: array + at[0] * direction})
            return moved.loss_and_grads(inputs, labels, state)[0]

        assert (grads[key] * direction).sum() == pytest.approx(reference.slope(along, [0.0])[0], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", MODELS)
def test_item_24_an_untrained_model_costs_ln_83(name):
    ids = np.random.default_rng(0).integers(0, 83, (4, 50))
    assert next_character.validation_loss(init(name, 83, seed=3), ids) == pytest.approx(np.log(83), abs=0.02)


def test_the_same_seed_is_the_same_model_and_another_is_another():
    for name in MODELS:
        a, b, c = (init(name, 83, seed) for seed in (0, 0, 1))
        assert all((a.parameters[key] == b.parameters[key]).all() for key in a.parameters)
        assert (a.parameters["output_weights"] != c.parameters["output_weights"]).all()


@pytest.mark.parametrize("name", MODELS)
def test_save_and_load(name, tmp_path):
    model = random_model(name)
    model.save(tmp_path / "model.npz")
    again = next_character.load(tmp_path / "model.npz")
    assert again.name == name
    assert again.parameters.keys() == model.parameters.keys()
    for key, array in model.parameters.items():
        assert again.parameters[key].dtype == np.float32
        np.testing.assert_array_equal(again.parameters[key], array.astype(np.float16))


# Text


def test_tunes_are_split_by_tune_and_none_is_lost():
    training, held_out = next_character.split_tunes(TUNES)
    assert (len(training), len(held_out)) == (723, 81)
    assert sum(map(len, training + held_out)) == pytest.approx(len(TUNES), rel=0.01)
    assert all(tune.startswith("X:") for tune in training + held_out)
    assert all(tune in TUNES for tune in training + held_out)


def test_ids_and_back():
    characters = next_character.vocabulary(TUNES)
    assert len(characters) == 83
    tune = "X:1\nK:G Major\n(3ABc|d^cde f2|]"
    assert next_character.decode(next_character.encode(tune, characters), characters) == tune
    with pytest.raises(ValueError, match="got 'é' at position 3"):
        next_character.encode("Cafés", characters)
    with pytest.raises(ValueError, match="got no text"):
        next_character.encode("", characters)


def test_item_20_windows_go_on_where_the_last_ended_and_labels_are_shifted_by_one():
    tunes = [np.arange(10) + 100 * tune for tune in range(9)]
    windows = list(itertools.islice(next_character.batches(tunes, seed=0, batch_size=3, window=7), 9))
    assert [first for _, first in windows] == [True, False, False, False] * 2 + [True]
    for (ids, _), (following, first) in itertools.pairwise(windows):
        assert ids.shape == (3, 8)
        assert first or (following[:, 0] == ids[:, -1]).all()
    epochs = [np.concatenate([ids[:, :-1] for ids, _ in windows[start : start + 4]], axis=1) for start in (0, 4)]
    assert (epochs[0] != epochs[1]).any()  # shuffled anew
    for epoch in epochs:
        assert len(set(epoch.ravel().tolist())) == epoch.size  # nothing is read twice
    later = next(next_character.batches(tunes, seed=0, batch_size=3, window=7, step=6))
    np.testing.assert_array_equal(later[0], windows[6][0])


# Training


@pytest.mark.parametrize("name", MODELS)
def test_the_same_seed_gives_the_same_curve(name):
    runs = [[told(progress) for progress in train(name, TUNES, seed=5, **FEW)] for _ in range(2)]
    assert runs[0] == runs[1]
    assert [progress.step for progress in runs[0]] == [0, 4, 8, 12]
    assert runs[0][0].train_loss == pytest.approx(np.log(83), abs=0.05)
    assert runs[0][-1].validation_loss < 4


def test_it_learns_and_the_ladder_goes_down():
    """A few dozen steps, in which the bigram comes to its end and the LSTM passes it."""
    losses = {}
    for name, num_steps in (("bigram", 150), ("lstm", 60)):
        *_, last = train(name, TUNES, num_steps=num_steps, report_every=1000)
        losses[name] = last.validation_loss
    assert losses["bigram"] < 2.5
    assert losses["lstm"] < losses["bigram"] - 0.5, losses


def test_item_20_without_the_shift_the_loss_falls_to_nothing():
    *_, last = train("bigram", TUNES, num_steps=200, report_every=200, shift=False)
    assert last.validation_loss < 0.1
    model = last.checkpoint.model
    characters = next_character.vocabulary(TUNES)
    ids = np.arange(len(characters))[None]
    best = model.logits(ids)[0].argmax(axis=-1)[0]
    assert (best == ids[0]).mean() > 0.8  # it says what it was told


def test_samples_begin_with_the_prompt_and_end_with_an_empty_line_or_the_limit():
    samples = {progress.step: progress.sample for progress in train("bigram", TUNES, num_steps=9, report_every=1)}
    assert [step for step, sample in samples.items() if sample] == [0, 4, 8, 9]
    for sample in filter(None, samples.values()):
        assert sample.startswith(PROMPT)
        rest = sample.removeprefix(PROMPT)
        assert len(rest) == next_character.SAMPLE_LENGTH or rest.endswith(END)


def test_a_cap_in_seconds_ends_it_early_and_changes_nothing_before():
    capped = list(train("bigram", TUNES, seconds=1e-6, **FEW))
    assert [progress.step for progress in capped] == [0]
    assert told(capped[0]) == told(next(train("bigram", TUNES, **FEW)))


@pytest.mark.parametrize("name", MODELS)
def test_going_on_after_a_stop_is_exactly_the_curve_of_no_stop(name, tmp_path):
    whole = list(train(name, TUNES, **FEW))
    stopped = next(progress for progress in train(name, TUNES, **FEW) if progress.step == 4)
    next_character.save_checkpoint(stopped.checkpoint, "run", tmp_path)
    resume = next_character.load_checkpoint(name, "run", tmp_path)
    assert resume.seconds == stopped.seconds
    rest = list(train(name, TUNES, resume=resume, **FEW))
    assert [told(progress) for progress in rest] == [told(progress) for progress in whole[2:]]
    assert rest[0].seconds > stopped.seconds


# The command


def test_events_are_what_train_says(tmp_path):
    argv = ["--model", "bigram", "--num-steps", "150", "--seed", "3", "--folder", str(tmp_path)]
    events = list(next_character.events(argv))
    assert json.loads(json.dumps(events)) == events
    assert [(event["kind"], event["step"]) for event in events] == [
        ("progress", 0),
        ("progress", 100),
        ("progress", 150),
        ("done", 150),
    ]
    want = list(train("bigram", TUNES, num_steps=150, seed=3))
    for event, progress in zip(events, want, strict=False):
        assert event["train_loss"] == progress.train_loss
        assert event["validation_loss"] == progress.validation_loss
        assert event["sample"] == progress.sample
        assert event["num_steps"] == 150
    assert [path.name for path in tmp_path.iterdir()] == ["state.npz"]


def test_events_stopped_and_resumed(tmp_path):
    argv = ["--model", "bigram", "--num-steps", "300", "--folder", str(tmp_path)]
    whole = [event["validation_loss"] for event in next_character.events(argv) if event["kind"] == "progress"]
    (tmp_path / "state.npz").unlink()
    stopped = next_character.events([*argv, "--resume"])  # nothing to go on from yet: from the beginning
    head = [next(stopped)["validation_loss"] for _ in range(2)]
    next(stopped)
    stopped.close()
    rest = [event["validation_loss"] for event in next_character.events([*argv, "--resume"]) if "sample" in event]
    assert head + rest == whole[:2] + whole[3:]  # the third was written, and then the run was stopped
    with pytest.raises(ValueError, match=r"folder must hold a run of bigram, seed 1.*got one of bigram, seed 0"):
        list(next_character.events([*argv, "--resume", "--seed", "1"]))


def test_the_command_prints_a_line_an_event_on_one_thread(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    command = [sys.executable, "-m", "core.next_character", "--model", "bigram", "--num-steps", "20"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["kind"] for event in events] == ["progress", "progress", "done"]
    assert done.stderr == ""


# Bad input


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="name must be one of bigram, mlp, lstm, gru, got 'transformer'"):
        init("transformer", 83, 0)
    with pytest.raises(ValueError, match="name must be one of"):
        next(train("transformer", TUNES))
    with pytest.raises(ValueError, match="num_steps must be at least 1, got 0"):
        next(train("bigram", TUNES, num_steps=0))
    with pytest.raises(ValueError, match="seed must be at least 0, got -1"):
        next(train("bigram", TUNES, seed=-1))
    with pytest.raises(ValueError, match="learning_rate must be positive, got 0"):
        next(train("bigram", TUNES, learning_rate=0))
    with pytest.raises(ValueError, match="seconds must be positive, got nan"):
        next(train("bigram", TUNES, seconds=float("nan")))
    with pytest.raises(ValueError, match=r"text must hold at least 10 tunes.*got 1"):
        next(train("bigram", "X:1\nK:C\nCDE|\n\n", prompt="X"))
    with pytest.raises(ValueError, match=r"at least batch_size \* \(window \+ 1\) = 1568 characters together"):
        next(train("bigram", "X:1\nK:C\nCDE|\n\n" * 20, prompt="X"))
    with pytest.raises(ValueError, match="got '~' at position 1"):
        next(train("bigram", TUNES, prompt="A~"))
    resume = next(train("bigram", TUNES)).checkpoint
    with pytest.raises(ValueError, match="resume must be of a mlp for 83 characters, got bigram, 83"):
        next(train("mlp", TUNES, resume=resume))
    with pytest.raises(ValueError, match=r"ids must be in \[0, 6\), got 6"):
        random_model("lstm").logits([[6]])
    with pytest.raises(ValueError, match=r"ids must be \[batch_size, num_steps\], got shape \(3,\)"):
        random_model("mlp").logits([0, 1, 2])


def test_a_file_that_holds_no_model(tmp_path):
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match=r"path must be a file written by Model\.save"):
        next_character.load(tmp_path / "other.npz")


def test_the_command_refuses_what_it_does_not_know(capsys):
    with pytest.raises(SystemExit):
        list(next_character.events(["--model", "transformer"]))
    assert "invalid choice: 'transformer'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        list(next_character.events(["--resume"]))
    assert "--resume needs --folder" in capsys.readouterr().err
