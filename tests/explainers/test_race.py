"""Lesson `race`: what it claims of the stored runs, what of the numbers, and a race of the learner's own."""

import json

import numpy as np
import pytest

import core
from core.race import NOVELS, Contestant, events, step_cost, validation_slice
from explainers import LESSONS, figures, race
from explainers.race import FIVE, FULL, GROUPS, NCE, NEGATIVE, NEGATIVE_MANY, NO_LOG_Q, SAMPLED
from explainers.spoken import spoken
from explainers.step import fmt
from explainers.text import words
from tests.explainers.lives import DEFAULT_LIVE, WITHOUT_BOARD

CLOCK, STEPS = (race.stored(name)["curves"] for name in ("clock", "steps"))


def step(key, **choices):
    (found,) = race.explain(DEFAULT_LIVE, only=[key], **choices)
    return found


def done(**choices):
    return {challenge.key for challenge in race.challenges(DEFAULT_LIVE, **choices) if challenge.done}


def lines(figure):
    return {line["text"]: line for line in figure["lines"]}


def row(figure, name):
    return figure["texts"][figure["rows"].index(name)]


# ---- the items ----


def test_item_24_an_untrained_model_stands_at_ln_v_and_that_is_no_fault():
    numbers = step("curves").numbers
    corpus = core.load_corpus(NOVELS)
    assert numbers["ln_v"] == pytest.approx(np.log(corpus.num_classes))
    assert numbers["ln_v"] == pytest.approx(core.sparse_cross_entropy(np.zeros(corpus.num_classes), 0))
    lines_of_those_who_count = core.reference_losses(corpus, validation_slice(corpus))
    assert numbers["unigram"] == pytest.approx(lines_of_those_who_count["unigram"])
    assert numbers["bigram"] == pytest.approx(lines_of_those_who_count["bigram"])
    assert numbers["ln_v"] > numbers["unigram"] > numbers["bigram"]
    for of_one in (*CLOCK.values(), *STEPS.values()):
        assert of_one["loss"][0] == pytest.approx(numbers["ln_v"], abs=0.02)
    for group in GROUPS:
        (chart, _) = step("curves", group=group).figures
        assert [text for text, _ in chart["levels"]] == ["ln V", "unigram", "bigram"]
        for at, faces in chart["right"]["ticks"]:
            assert np.exp(at) == pytest.approx(float(faces))


def test_item_29_what_sampled_softmax_shows_of_itself_is_an_underestimate():
    for code in (c for c in CLOCK if Contestant.parse(c).loss == "sampled"):
        shown = np.array(CLOCK[code]["shown_loss"][2:])  # the first is a mean over the steepest part
        assert (shown < np.array(CLOCK[code]["loss"][2:]) - 0.3).all()
    own, truth, table = step("own-loss").figures
    assert list(lines(own)) == list(lines(truth)) == table["rows"]
    numbers = step("own-loss").numbers
    assert float(numbers["sampled_shown"]) < float(numbers["sampled_loss"]) - 2
    assert abs(CLOCK[FULL]["shown_loss"][-1] - CLOCK[FULL]["loss"][-1]) < 0.2  # only full softmax shows the truth


def test_item_38_a_big_nce_loss_is_no_divergence_and_ranks_mean_nothing():
    zero = CLOCK["nce-64-zero"]
    assert zero["shown_loss"][1] > 100
    assert zero["shown_loss"][-1] < 10  # it went down all the time
    assert CLOCK[NEGATIVE]["shown_loss"][-1] < CLOCK[NEGATIVE_MANY]["shown_loss"][-1]
    assert CLOCK[NEGATIVE]["loss"][-1] > CLOCK[NEGATIVE_MANY]["loss"][-1]  # the smaller number, the worse model
    table = step("own-loss").figures[2]
    by_own, by_truth = ([int(texts[i]) for texts in table["texts"]] for i in (1, 3))
    assert sorted(by_own) == sorted(by_truth) == [1, 2, 3, 4, 5]
    assert table["marks"] == [[i, 3] for i in range(5) if by_own[i] != by_truth[i]]
    smallest = table["rows"][by_own.index(1)]
    assert smallest == table["rows"][by_truth.index(5)] == race.name(NEGATIVE)  # smallest of all, and worst of all
    asked = {question.key: question for question in race.questions(DEFAULT_LIVE)}
    assert FIVE[asked["own-loss"].answer] == NEGATIVE


def test_item_40_negative_sampling_and_no_log_q_are_mended_by_the_expected_count():
    told = race.stored("inside")
    for code in (NO_LOG_Q, NEGATIVE_MANY):
        as_trained, mended = (told["models"][code][race.version(code, mend)] for mend in (False, True))
        assert as_trained["head_share"] < 0.1
        assert abs(mended["head_share"] - told["head_share"]) < 0.05
        assert mended["loss"] < as_trained["loss"] - 1.5
        assert mended["loss"] == pytest.approx(told["models"][SAMPLED]["as_trained"]["loss"], abs=0.15)
    for code in (FULL, SAMPLED, NCE):  # who had log q already is left alone
        assert race.version(code, True) == race.version(code, False) == "as_trained"
    bars, table, _ = step("inside", mend=True).figures
    before, table_before, _ = step("inside").figures
    assert bars["columns"][:4] == before["columns"][:4]
    assert bars["columns"][4:] != before["columns"][4:]
    assert row(table, race.name(NCE)) == row(table_before, race.name(NCE))
    assert abs(told["models"][NCE]["as_trained"]["log_z_mean"]) < 0.2 < 9
    assert told["models"][SAMPLED]["as_trained"]["log_z_mean"] > 9
    ece = {
        version: told["models"][NEGATIVE_MANY][version]["calibration"]["error"] for version in ("as_trained", "mended")
    }
    assert ece["mended"] < ece["as_trained"] / 2


def test_item_45_sampling_saves_training_and_not_prediction():
    for classes in map(int, race.vocabularies()):
        full, sampled = (step_cost(Contestant.parse(code), classes) for code in (FULL, SAMPLED))
        assert full.inference == sampled.inference == classes * 64
        assert full.multiply_adds / sampled.multiply_adds == pytest.approx(classes / 65)
    chart, table = step("cost", phase="predict").figures
    drawn = [line["points"] for line in chart["lines"]]
    assert all(points == drawn[0] for points in drawn)
    assert all(texts == table["texts"][0] for texts in table["texts"])
    assert race.ratio(1_000) < 5 < 100 < race.ratio(200_000)
    asked = {question.key: question for question in race.questions(DEFAULT_LIVE)}
    assert asked["cost"].answer == 0


def test_item_46_no_table_of_a_higher_rank_than_dim_plus_one_can_be_made():
    _, log_probs = race.table()
    for dim in (0, 1, 4, 30):
        made = core.log_softmax(core.low_rank(log_probs, dim))
        assert np.linalg.matrix_rank(made, tol=1e-8) <= dim + 1
        numbers = step("bottleneck", dim=dim).numbers
        loss = core.cross_entropy(made, np.exp(log_probs)).mean()
        assert float(numbers["loss"]) == pytest.approx(loss, abs=6e-4)
        assert float(numbers["floor"]) == pytest.approx(core.entropy(np.exp(log_probs)).mean(), abs=6e-4)
    assert np.linalg.matrix_rank(log_probs, tol=1e-8) > 100
    assert race.ranks().errors[-1] == pytest.approx(0, abs=1e-6)
    truth, nearest, _ = step("bottleneck", dim=race.TABLE - 1).figures
    np.testing.assert_allclose(truth["shares"], nearest["shares"], atol=1e-6)
    assert step("bottleneck").figures[1]["shares"] != truth["shares"]


# ---- what the prose says besides ----


def test_by_step_full_and_sampled_softmax_are_one_curve_and_by_second_they_are_not():
    full, sampled = STEPS["full@1"], STEPS["sampled-loguniform-256"]
    assert full["steps"] == sampled["steps"]
    assert np.abs(np.array(full["loss"]) - sampled["loss"]).max() < 0.15
    assert full["loss"][-1] == pytest.approx(sampled["loss"][-1], abs=0.05)
    assert full["seconds"][-1] > 10 * sampled["seconds"][-1]
    assert CLOCK[SAMPLED]["loss"][-1] == min(CLOCK[code]["loss"][-1] for code in FIVE)
    assert race.after_a_second(SAMPLED) < CLOCK[FULL]["loss"][-1]


def test_tied_weights_have_half_the_parameters_and_cost_something_here():
    found = step("tied").numbers
    assert int(found["untied_parameters"]) == 2 * 20_206 * 64 + 20_206
    assert int(found["tied_parameters"]) == 20_206 * 64 + 20_206
    for code in (SAMPLED, NCE):
        tied, untied = (race.stored("tied")[which]["curves"][code]["loss"][-1] for which in ("tied", "untied"))
        assert tied > untied + 0.1


def test_the_corpus_is_the_truth_inside():
    corpus = core.load_corpus(NOVELS)
    for word in race.words():
        found = step("inside", word=word)
        truth = corpus.next_probs(corpus.words.index(word))
        assert found.numbers["top"] == corpus.words[int(truth.argmax())]
        shown = found.figures[0]
        for name, p in zip(shown["names"], shown["columns"][0]["values"], strict=True):
            assert p == pytest.approx(truth[corpus.words.index(name)], rel=1e-3)
        assert all(0 <= p <= column["hi"] for column in shown["columns"] for p in column["values"])


def test_the_seconds_to_the_same_loss_are_steps_of_the_stored_run_at_the_cost_of_that_many_words():
    goal = CLOCK[FULL]["loss"][-1]
    assert race.steps_to(FULL, goal) == pytest.approx(CLOCK[FULL]["steps"][-1], rel=0.2)
    assert race.steps_to(SAMPLED, goal) < CLOCK[SAMPLED]["steps"][-1] / 5
    assert np.isnan(race.steps_to(NEGATIVE, goal))
    assert np.isnan(race.steps_to(FULL, 100.0))  # it began below that
    big = step("cost", classes="200000")
    assert row(big.figures[1], race.name(NEGATIVE))[-1] == "–"
    assert float(big.numbers["full_seconds"]) > 20 * float(big.numbers["sampled_seconds"])


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("over", race.OVER)
def test_each_group_is_drawn_with_a_line_for_each_and_none_is_clipped(group, over):
    for key in ("curves", "own-loss"):
        for figure in step(key, group=group, over=over).figures:
            if figure["kind"] == "curve":
                assert len(lines(figure)) == len(GROUPS[group])
                assert len({line["role"] for line in figure["lines"]}) == len(GROUPS[group])
                points = [point for line in figure["lines"] for point in line["points"] if point]
                for at, axis in enumerate("xy"):
                    assert min(p[at] for p in points) >= figure[axis]["lo"]
                    assert max(p[at] for p in points) <= figure[axis]["hi"] + 1e-4


def test_names_are_distinct_and_the_lanes_are_enough():
    codes = race.everyone()
    assert codes[:5] == FIVE
    assert set(codes) == set(CLOCK)
    assert len({race.name(code) for code in codes}) == len(codes)
    assert max(map(len, GROUPS.values())) <= race.RUNNERS[1] == len(figures.LANES)


# ---- challenges ----


def test_each_challenge_can_be_done_and_not_by_half():
    assert not done()
    assert done(group="equal") == done(over="steps") == set()
    assert done(group="equal", over="steps") == {"equal"}
    assert done(mend=True) == {"mend"}
    assert [classes for classes in race.vocabularies() if done(classes=classes)] == ["50000", "100000", "200000"]
    enough = int(step("bottleneck").numbers["enough"])
    assert done(dim=enough) == {"rank"}
    assert not done(dim=enough - 1)
    assert 4 < enough < race.TABLE - 1


# ---- a race of the learner's own ----


@pytest.mark.parametrize(
    ("codes", "runs"),
    [
        ((), FIVE),
        ((SAMPLED,), FIVE),
        ((FULL, NCE), (FULL, NCE)),
        (race.everyone(), race.everyone()[:6]),
    ],
    ids=["none", "one", "two", "all"],
)
def test_two_to_six_run(codes, runs):
    module, argv = race.command(codes, 7.0, 3)
    start = next(iter(module.events(argv)))
    assert tuple(start["contestants"]) == runs
    assert (start["seconds"], start["seed"], start["corpus"]) == (7.0, 3, "novels")
    shown, table = race.lanes(argv, [])
    assert (list(lines(shown)), table["names"]) == ([race.name(code) for code in runs],) * 2
    assert shown["x"]["hi"] == 7.0
    json.dumps([shown, table], allow_nan=False)
    assert spoken(table, words("en")).count("L –") == len(runs)


def test_the_lanes_follow_a_race_to_its_end(tmp_path):
    corpus = core.zipf_corpus(300, 20_000, rng=np.random.default_rng(0))
    core.save_text(tmp_path / "small.npz", corpus.words, corpus.train[:, 1])
    _, argv = race.command((SAMPLED, NEGATIVE), 0.05, 0)
    told, shares = [], []
    for event in events([*argv, "--corpus", str(tmp_path / "small.npz")]):
        told.append(event)
        shares.append(race.done(told))
    assert shares[0] == 0
    assert shares[-1] == 1
    assert (np.diff(shares) >= 0).all()
    chart, table = race.lanes(argv, told)
    last = {event["contestant"]: event for event in told if event["event"] == "standing"}
    for i, code in enumerate((SAMPLED, NEGATIVE)):
        seconds, steps, loss, mended = (column["texts"][i] for column in table["columns"])
        assert mended == ("–" if code == SAMPLED else f"{told[-1]['final'][i]['mended_loss']:.2f}")
        assert (seconds, steps) == (f"{last[code]['seconds']:.1f}", str(last[code]["steps"]))
        assert float(loss) == pytest.approx(last[code]["loss"], abs=0.006)
        assert lines(chart)[race.name(code)]["points"][-1][1] == pytest.approx(last[code]["loss"], abs=1e-3)
    assert race.done(told[:1]) == race.done([]) == 0


def test_it_comes_after_nce_and_needs_no_board():
    assert LESSONS[LESSONS.index("race") - 1] == "nce"
    assert "race" in WITHOUT_BOARD
    assert "sequence" not in WITHOUT_BOARD
    assert race.explain(DEFAULT_LIVE, only=["tied"]) == [race.explain(DEFAULT_LIVE)[-1]]
    assert fmt(float(step("race").numbers["full_steps"])) == step("race").numbers["full_steps"]
