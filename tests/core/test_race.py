"""The race: what the losses make of the same model, text, start and number of steps; and that the race is fair."""

import json
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import core
from core import race as racing
from core.race import (
    LEARNING_RATES,
    SAMPLERS,
    Contestant,
    curves,
    events,
    race,
    step_cost,
    train_step,
    validation_slice,
)

CORPUS = core.zipf_corpus(1000, 60_000, rng=np.random.default_rng(0))
PAIRS = validation_slice(CORPUS)
NUM_STEPS = 1_000
CODES = (
    "full@1",
    "sampled-loguniform-64",
    "sampled-loguniform-16",
    "sampled-uniform-16",
    "sampled-loguniform-64-nologq",
    "nce-64",
    "nce-64-zero",
    "negative-64",
)


@pytest.fixture(scope="module")
def standings():
    """Everybody's standings after each tenth of the small race; the model is the one at the end in all of them."""
    found = {code: [] for code in CODES}
    for standing in race(
        [Contestant.parse(code) for code in CODES], CORPUS, num_steps=NUM_STEPS, dim=32, num_standings=10
    ):
        found[str(standing.contestant)].append(standing)
    return found


@pytest.fixture(scope="module")
def last(standings):
    return {code: of_one[-1] for code, of_one in standings.items()}


def losses(of_one):
    return np.array([standing.evaluation.loss for standing in of_one])


def mended(standing):
    add = standing.contestant.log_expected_count(CORPUS.counts())
    return core.evaluate(standing.model, PAIRS, add=add)


def test_at_equal_steps_and_rate_full_and_sampled_softmax_draw_the_same_curve(standings, last):
    full, sampled = losses(standings["full@1"]), losses(standings["sampled-loguniform-64"])
    assert last["full@1"].contestant.learning_rate == last["sampled-loguniform-64"].contestant.learning_rate
    assert full[0] - full[-1] > 2
    assert np.abs(full - sampled).max() < 0.04
    assert 0 < losses(standings["sampled-loguniform-16"])[-1] - full[-1] < 0.15  # with few samples, a little is lost


def test_without_log_q_it_ends_biased_and_is_mended_by_the_log_of_the_expected_count(last):
    right, wrong = last["sampled-loguniform-64"], last["sampled-loguniform-64-nologq"]
    assert wrong.evaluation.loss > right.evaluation.loss + 0.7
    assert wrong.evaluation.head_share < 0.3 < 0.6 < right.evaluation.head_share
    assert mended(wrong).loss == pytest.approx(right.evaluation.loss, abs=0.05)
    assert mended(wrong).head_share == pytest.approx(right.evaluation.head_share, abs=0.03)
    assert mended(right).loss > right.evaluation.loss + 0.3  # who subtracted it already must not add it


def test_the_log_of_a_draws_probability_mends_less_than_that_of_the_expected_count(last):
    wrong = last["sampled-loguniform-64-nologq"]
    log_p = np.log(core.LogUniformSampler(1000).probs())
    assert core.evaluate(wrong.model, PAIRS, add=log_p).loss > mended(wrong).loss + 0.02


def test_log_uniform_beats_uniform(standings):
    log_uniform, uniform = losses(standings["sampled-loguniform-16"]), losses(standings["sampled-uniform-16"])
    assert (log_uniform[1:] < uniform[1:] + 0.02).all()
    assert log_uniform[-1] < uniform[-1] - 0.05


def test_nce_normalises_itself_and_softmax_does_not(last):
    assert abs(last["nce-64"].evaluation.log_z_mean) < 0.2
    assert last["nce-64"].evaluation.log_z_std < 0.3
    for code in ("full@1", "sampled-loguniform-64"):
        assert last[code].evaluation.log_z_mean > 6


def test_nce_needs_biases_that_start_at_minus_ln_v(standings):
    started, from_zero = standings["nce-64"], standings["nce-64-zero"]
    assert started[0].evaluation.log_z_mean == pytest.approx(0, abs=0.1)
    assert from_zero[0].evaluation.log_z_mean == pytest.approx(np.log(1000), abs=0.1)
    assert started[0].evaluation.loss == pytest.approx(from_zero[0].evaluation.loss, abs=1e-5)  # no difference to p
    assert (losses(started) + 0.3 < losses(from_zero))[1:6].all()


def test_negative_sampling_settles_on_p_over_q_and_is_mended_by_log_q(last):
    standing = last["negative-64"]
    repaired = mended(standing)
    assert repaired.loss < standing.evaluation.loss - 1
    assert repaired.loss < core.reference_losses(CORPUS, PAIRS)["bigram"] + 0.2
    contexts = np.arange(20)
    learnt = standing.model.log_probs(contexts)
    truth = CORPUS.teacher.log_probs(contexts)
    log_q = np.log(SAMPLERS["distorted"](CORPUS.counts()).probs())
    p_over_q = core.log_softmax(truth - log_q)
    to_ratio, to_truth = (core.kl_divergence(np.exp(goal), np.exp(learnt)).mean() for goal in (p_over_q, truth))
    assert to_ratio < to_truth / 2


def test_what_they_see_of_themselves_is_no_measure(last):
    """Items 29 and 38: two models that are equally good show 5 and 3, the worst shows the least."""
    full, sampled = last["full@1"], last["sampled-loguniform-64"]
    assert abs(full.evaluation.loss - sampled.evaluation.loss) < 0.05
    assert full.shown_loss - sampled.shown_loss > 1
    assert last["sampled-loguniform-64-nologq"].shown_loss < full.shown_loss - 0.5
    assert last["nce-64"].shown_loss > last["nce-64"].evaluation.loss - 1.5


def test_nobody_is_below_the_truth(last):
    truth = core.reference_losses(CORPUS, PAIRS)["truth"]
    of_each = core.entropy(np.exp(CORPUS.teacher.log_probs(PAIRS[:, 0])))
    noise = of_each.std() / len(PAIRS) ** 0.5 + 2 / len(PAIRS) ** 0.5
    assert truth == pytest.approx(of_each.mean(), abs=3 * noise)  # the floor is the teacher's entropy
    for standing in last.values():
        assert standing.evaluation.loss > truth
    assert last["full@1"].evaluation.loss < core.reference_losses(CORPUS, PAIRS)["unigram"]


def test_the_untrained_model_loses_ln_v(standings):
    for of_one in standings.values():
        assert of_one[0].steps == 0
        assert of_one[0].shown_loss is None
        assert of_one[0].evaluation.loss == pytest.approx(np.log(1000), abs=0.02)


def test_all_take_as_many_steps_and_each_is_measured_as_often(standings):
    for of_one in standings.values():
        assert [standing.steps for standing in of_one] == list(range(0, NUM_STEPS + 1, NUM_STEPS // 10))
        assert np.all(np.diff([standing.seconds for standing in of_one]) > 0)


@pytest.mark.parametrize("tied", [False, True])
def test_a_seed_makes_the_race_and_company_changes_nothing(tied):
    def run(codes, seed):
        found = {}
        contestants = [Contestant.parse(code) for code in codes]
        for standing in race(contestants, CORPUS, num_steps=20, dim=8, seed=seed, tied=tied, num_standings=4):
            found.setdefault(str(standing.contestant), []).append((standing.shown_loss, *standing.evaluation))
        return found

    codes = ["full", "sampled-unigram-8", "nce-8", "negative-5"]
    once = run(codes, 3)
    assert run(codes, 3) == once
    assert run(["nce-8"], 3)["nce-8"] == once["nce-8"]
    assert run(["nce-8"], 4)["nce-8"] != once["nce-8"]


def test_by_the_clock_each_gets_the_same_share():
    contestants = [Contestant.parse(code) for code in ("full", "sampled-loguniform-8")]
    found = {}
    for standing in race(contestants, CORPUS, seconds=0.4, dim=8, num_standings=10):
        found.setdefault(str(standing.contestant), []).append(standing)
    for of_one in found.values():
        assert len(of_one) == 11
        assert of_one[-1].steps > 0
        overshoot = max(b.seconds - a.seconds for a, b in pairwise(of_one))
        assert 0.4 <= of_one[-1].seconds <= 0.4 + overshoot


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("code", ["full@1", "sampled-loguniform-900@1"])
def test_a_step_is_adagrad_on_the_full_gradient(code, tied):
    """By loops over a model so small that each gradient can be had by differences; the sample is of nearly all."""
    contestant = Contestant.parse(code)
    start = core.start_model(6, 3, tied=tied, rng=np.random.default_rng(1))
    wide = core.BilinearModel(*(array.astype(np.float64) for array in start))
    if tied:
        wide = wide._replace(weights=wide.embedding)
    pairs = np.array([[0, 1], [0, 2], [3, 3], [5, 1]])
    squares = core.BilinearModel(*(np.full_like(array, 0.1) for array in wide))
    if tied:
        squares = squares._replace(weights=squares.embedding)
    expected = {}
    for name in {"embedding", "biases"} | (set() if tied else {"weights"}):
        array = getattr(wide, name)
        grad = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            kept = array[place]
            sides = []
            for shift in (1e-6, -1e-6):
                array[place] = kept + shift
                sides.append(core.sparse_cross_entropy(wide.logits(pairs[:, 0]), pairs[:, 1]).mean())
            array[place] = kept
            grad[place] = (sides[0] - sides[1]) / 2e-6
        expected[name] = array - grad / np.sqrt(0.1 + grad**2)
    sampler = None
    if contestant.loss == "sampled":
        contestant = Contestant("sampled", 1.0, 6, "uniform")  # all six, so that nothing is left to chance
        sampler = core.UniformSampler(6)
    train_step(wide, squares, contestant, sampler, pairs, np.random.default_rng(0))
    for name, want in expected.items():
        np.testing.assert_allclose(getattr(wide, name), want, atol=1e-8, err_msg=name)


codes = st.one_of(
    st.just("full"),
    st.builds(
        "sampled-{}-{}{}".format,
        st.sampled_from(["loguniform", "uniform", "unigram"]),
        st.integers(1, 999_999),
        st.sampled_from(["", "-nologq"]),
    ),
    st.builds("nce-{}{}".format, st.integers(1, 999_999), st.sampled_from(["", "-zero"])),
    st.builds("negative-{}".format, st.integers(1, 999_999)),
)


@given(codes, st.sampled_from(["", "@0.25", "@7", "@0.001", "@12.5"]))
def test_a_code_is_read_and_written(code, rate):
    contestant = Contestant.parse(code + rate)
    assert str(contestant) == code + rate
    assert contestant == Contestant.parse(str(contestant))
    assert contestant.learning_rate == (float(rate[1:]) if rate else LEARNING_RATES[contestant.loss])


def test_the_usual_rate_need_not_be_said():
    assert Contestant.parse("full@4") == Contestant.parse("full")


@pytest.mark.parametrize(
    "code",
    [
        *("", "Full", " full", "full\n", "full-64", "full@0", "full@", "full@-1", "full@nan", "full@1e9"),
        *("sampled-64", "sampled-loguniform-64-zero", "sampled-zipf-4", "sampled-loguniform-9999999"),
        *("nce", "nce-0", "nce-٣", "nce-uniform-64", "nce-64-nologq", "negative-5-zero"),
    ],
)
def test_what_is_no_code_is_refused(code):
    with pytest.raises(ValueError, match="a contestant must be full"):
        Contestant.parse(code)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"contestants": []}, "at least one"),
        ({"contestants": ["full", "full@4"]}, "none twice"),
        ({}, "one of num_steps and seconds"),
        ({"num_steps": 5, "seconds": 1.0}, "one of num_steps and seconds"),
        ({"num_steps": 0}, "num_steps must"),
        ({"seconds": -1.0}, "seconds must be positive"),
        ({"num_steps": 5, "dim": 0}, "dim must"),
        ({"num_steps": 5, "batch_size": 10**6}, "batch_size must be at most 54000"),
        ({"num_steps": 5, "contestants": ["nce-1001"]}, "num_sampled must be at most 1000"),
    ],
)
def test_what_is_no_race_is_refused(wrong, said):
    contestants = [Contestant.parse(code) for code in wrong.pop("contestants", ["full"])]
    with pytest.raises(ValueError, match=said):
        list(race(contestants, CORPUS, **wrong))


def test_the_full_softmax_has_no_log_q():
    with pytest.raises(ValueError, match="must be one that draws a sample"):
        Contestant.parse("full").log_expected_count(CORPUS.counts())


def test_costs_are_counted(last):
    """Item 45: sampling saves in training, not in use."""
    full, sampled = (step_cost(Contestant.parse(c), 200_000, dim=512) for c in ("full", "sampled-loguniform-1000"))
    assert full.inference == sampled.inference == 102_400_000
    assert full.multiply_adds == 3 * 128 * 102_400_000
    assert sampled.multiply_adds == 3 * 128 * 1001 * 512
    assert full.multiply_adds / sampled.multiply_adds == pytest.approx(199.8, abs=0.1)
    assert step_cost(Contestant.parse("full"), 1000, dim=32).parameters == sum(a.size for a in last["full@1"].model)
    tied = core.start_model(1000, 32, tied=True, rng=np.random.default_rng(0))
    assert step_cost(Contestant.parse("full"), 1000, dim=32, tied=True).parameters == tied.weights.size + 1000


OPTIONS = ["--corpus", "small.npz", "--num-steps", "40", "--dim", "8", "--contestants", "negative-5,full"]


@pytest.fixture
def small_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ids = np.minimum(np.random.default_rng(0).geometric(0.05, 20_000) - 1, 99)
    core.save_text("small.npz", [f"w{id}" for id in range(100)], ids)


def test_events_are_json_and_tell_the_race(small_text, tmp_path):
    told = list(events([*OPTIONS, "--folder", "models", "--tied"]))
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert [event["event"] for event in told] == ["start"] + ["standing"] * 82 + ["end"]
    start, end = told[0], told[-1]
    assert start["contestants"] == ["negative-5", "full"]
    assert start["tied"]
    assert start["num_classes"] == 100
    assert start["lines"]["uniform"] == np.log(100)
    final = {one["contestant"]: one for one in end["final"]}
    assert final["full"]["mended_loss"] is None
    corpus = core.load_corpus("small.npz")
    model = core.load_model(tmp_path / "models" / "negative-5.npz")
    assert model.tied
    contestant = Contestant.parse("negative-5")
    again = core.evaluate(model, validation_slice(corpus), add=contestant.log_expected_count(corpus.counts()))
    assert again.loss == pytest.approx(final["negative-5"]["mended_loss"], abs=0.005)


def test_curves_are_the_events_in_columns(small_text):
    told = list(events(OPTIONS))
    found = curves(told)
    assert found["start"] == told[0]
    assert list(found["curves"]) == ["negative-5", "full"]
    assert found["curves"]["full"]["steps"] == list(range(41))
    assert found["curves"]["full"]["shown_loss"][0] is None
    assert {len(column) for column in found["curves"]["full"].values()} == {41}
    assert found["curves"]["full"]["loss"][-1] == pytest.approx(told[-1]["final"][1]["loss"], abs=5e-5)
    assert set(found["mended_loss"]) == {"negative-5"}
    assert curves(told[:4])["curves"]["full"]["steps"] == [0]  # as far as it has come


def test_the_command_prints_lines_of_json_and_writes_the_curves(small_text, tmp_path):
    root = racing.NOVELS.parents[2]
    command = [sys.executable, "-W", "error", "-m", "core.race", *OPTIONS, "--json", "--write", "run.json"]
    done = subprocess.run(command, env={"PYTHONPATH": str(root)}, capture_output=True, text=True, check=True)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["event"] for event in (told[0], told[-1])] == ["start", "end"]
    assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["start"] == told[0]
    assert not done.stderr


def test_the_command_prints_a_table(small_text, capsys):
    racing.main(OPTIONS)
    printed = capsys.readouterr().out
    assert printed.count("negative-5") == 42
    assert "with log Q added" in printed.splitlines()[-2]


def test_the_command_says_what_is_wrong(capsys):
    for argv, said in (
        (["--contestants", "adam"], "a contestant must be full"),
        (["--seed", "-1"], "--seed must not be negative"),
        (["--seconds", "1", "--num-steps", "1"], "not allowed with"),
    ):
        with pytest.raises(SystemExit):
            list(events(argv))
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--contestants", "full,full"], "none twice"),
        (["--num-steps", "0"], "num_steps must be"),
        (["--contestants", "nce-101"], "num_sampled must be at most 100"),
        (["--corpus", "none.npz"], "none.npz"),
    ],
)
def test_the_command_fails_with_one_line(small_text, options, said):
    with pytest.raises(SystemExit, match=f"python -m core.race: error: .*{said}"):
        racing.main([*OPTIONS, *options])
