"""What was run on the novels beforehand is what the lesson may claim of it."""

import csv
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

import core
from core.race import NOVELS, Contestant, race, validation_slice

PLACE = Path(__file__).parents[2] / "data" / "novels"
CORPUS = core.load_corpus(NOVELS)
CLOCK, STEPS, TIED, INSIDE = (
    json.loads((PLACE / f"{name}.json").read_text(encoding="utf-8")) for name in ("clock", "steps", "tied", "inside")
)
COST = {
    int(row.pop("num_classes")): {code: float(seconds) for code, seconds in row.items()}
    for row in csv.DictReader((PLACE / "cost.csv").open(encoding="utf-8"))
}
LAST = {code: {name: column[-1] for name, column in of_one.items()} for code, of_one in CLOCK["curves"].items()}


def after(run, code, steps):
    """A contestant's loss after so many steps."""
    columns = run["curves"][code]
    return float(np.interp(steps, columns["steps"], columns["loss"]))


def test_the_corpus_is_what_the_readme_says():
    readme = " ".join((PLACE.parent / "README.md").read_text(encoding="utf-8").split())
    assert len(CORPUS.words) == 20_206
    assert f"{len(CORPUS.train):,} pairs of a word and the next to learn from, {len(CORPUS.validation):,} to" in readme
    assert sum(path.stat().st_size for path in PLACE.glob("*") if path.suffix in {".json", ".csv"}) < 1_500_000
    assert NOVELS.stat().st_size < 750_000
    tokens = np.bincount(np.load(NOVELS)["ids"])
    assert (np.diff(tokens.astype(int)) <= 0).all()
    assert {"ahab", "bildad", "peleg"} <= {
        CORPUS.words[id] for id in np.argsort(-CORPUS.next_probs(word("captain")))[:9]
    }
    assert CORPUS.words[int(CORPUS.next_probs(word("white")).argmax())] in {"whale", ","}


def word(name):
    return CORPUS.words.index(name)


def test_the_lines_are_those_of_the_corpus():
    lines = core.reference_losses(CORPUS, validation_slice(CORPUS))
    for run in (CLOCK, STEPS, TIED["tied"], TIED["untied"]):
        assert run["start"]["lines"] == pytest.approx(lines)
    of_all = core.reference_losses(CORPUS, CORPUS.validation)
    assert lines == pytest.approx(of_all, abs=0.03)  # the slice stands for the whole


@pytest.mark.parametrize("run", [CLOCK, STEPS, *TIED.values()], ids=["clock", "steps", "tied", "untied"])
def test_all_curves_are_whole(run):
    assert list(run["curves"]) == run["start"]["contestants"]
    for code, columns in run["curves"].items():
        assert str(Contestant.parse(code)) == code
        assert {len(column) for column in columns.values()} == {21}
        assert columns["loss"][0] == pytest.approx(np.log(20_206), abs=0.02)
        assert all(b >= a for name in ("steps", "seconds") for a, b in itertools.pairwise(columns[name]))


def test_by_the_clock_sampling_wins():
    one_second = {code: np.interp(1, c["seconds"], c["loss"]) for code, c in CLOCK["curves"].items()}
    assert one_second["sampled-loguniform-64"] < LAST["full"]["loss"]  # after one second better than full after ten
    assert LAST["sampled-loguniform-64"]["loss"] < LAST["sampled-uniform-64"]["loss"] - 0.1
    assert LAST["sampled-loguniform-256-nologq"]["loss"] > LAST["sampled-loguniform-256"]["loss"] + 1
    assert CLOCK["mended_loss"]["sampled-loguniform-256-nologq"] < LAST["sampled-loguniform-256"]["loss"] + 0.1
    assert CLOCK["mended_loss"]["negative-64"] < LAST["negative-64"]["loss"] - 1.5
    assert one_second["nce-64"] < one_second["nce-64-zero"] - 3
    assert abs(LAST["nce-64"]["log_z_mean"]) < 0.4 < 9 < LAST["sampled-loguniform-64"]["log_z_mean"]


def test_by_steps_full_and_sampled_are_one_curve():
    for steps in (400, 800, 1200, 1600):
        assert after(STEPS, "sampled-loguniform-256", steps) == pytest.approx(after(STEPS, "full@1", steps), abs=0.05)
    assert after(STEPS, "sampled-loguniform-16", 1600) > after(STEPS, "full@1", 1600) + 0.02
    assert after(STEPS, "sampled-uniform-16", 1600) > after(STEPS, "sampled-loguniform-16", 1600) + 0.1


def test_a_part_of_the_run_by_steps_comes_out_again():
    """The first eighty steps, from the same seed."""
    contestant = Contestant.parse("sampled-loguniform-256")
    *_, last = race([contestant], CORPUS, num_steps=80, num_standings=1)
    assert STEPS["curves"][str(contestant)]["steps"][1] == 80
    assert last.evaluation.loss == pytest.approx(STEPS["curves"][str(contestant)]["loss"][1], abs=2e-3)


def test_inside_shows_who_is_biased_and_who_is_mended():
    models = INSIDE["models"]
    assert list(models) == list(CLOCK["curves"])
    assert INSIDE["head_share"] == pytest.approx((CORPUS.validation[:, 1] < 100).mean(), abs=1e-4)
    for code in ("sampled-loguniform-256-nologq", "negative-64"):
        as_trained, mended = models[code]["as_trained"], models[code]["mended"]
        assert as_trained["head_share"] < 0.1 < INSIDE["head_share"] - 0.1 < mended["head_share"]
        assert mended["loss"] < as_trained["loss"] - 1
    for code, versions in models.items():
        assert ("mended" in versions) == (not Contestant.parse(code).subtract_log_q)
        for version in versions.values():
            assert sum(version["calibration"]["counts"]) == 2_000
    for name, context in INSIDE["contexts"].items():
        truth = CORPUS.next_probs(word(name))
        np.testing.assert_allclose(context["truth"], [truth[word(shown)] for shown in context["words"]], rtol=1e-3)
        for versions in context["probs"].values():
            for probs in versions.values():
                assert len(probs) == len(context["words"])
                assert 0 < sum(probs) <= 1.001


def test_the_cost_of_the_full_softmax_grows_and_that_of_the_others_hardly():
    assert set(COST) >= {1_000, 10_000, 200_000}
    for code in COST[1_000]:
        growth = COST[200_000][code] / COST[1_000][code]
        assert growth > 50 if code == "full" else growth < 6
    assert COST[200_000]["full"] / COST[200_000]["sampled-loguniform-256"] > 50
