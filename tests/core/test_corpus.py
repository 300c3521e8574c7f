"""Texts and made-up corpora as pairs of ids."""

import numpy as np
import pytest

import core
from core.corpus import PRIOR


def test_words_and_marks_and_nothing_else():
    text = "MR. Darcy's 3 hats--\"worn\", Mrs. Bennet: don't (you) _see_; yes! no?\nHamr. Été"
    assert core.tokenize(text) == [
        *(
            "mr",
            "darcy's",
            "hats",
            "worn",
            ",",
            "mrs",
            "bennet",
            ":",
            "don't",
            "you",
            "see",
            ";",
            "yes",
            "!",
            "no",
            "?",
        ),
        *("hamr", ".", "t"),
    ]
    assert core.tokenize("") == []


def test_ids_are_ranks():
    words, ids = core.ids_by_frequency(core.tokenize("the sea, the whale, the sea; a"))
    assert words == ["the", "sea", ",", "whale", ";", "a"]
    assert [words[id] for id in ids] == core.tokenize("the sea, the whale, the sea; a")
    assert (np.diff(np.bincount(ids)) <= 0).all()


def test_the_tenth_block_is_held_out_and_no_pair_is_lost():
    ids = np.arange(12_345) % 777
    corpus = core.text_corpus([str(id) for id in range(777)], ids)
    position = np.arange(1, len(ids))
    held_out = position // 500 % 10 == 9
    np.testing.assert_array_equal(corpus.validation[:, 1], ids[1:][held_out])
    np.testing.assert_array_equal(corpus.train[:, 0], ids[:-1][~held_out])
    assert len(corpus.train) + len(corpus.validation) == len(ids) - 1
    assert corpus.counts().sum() == len(corpus.train) + 777


def test_what_follows_a_word_is_counted_in_the_part_to_learn_from():
    corpus = core.text_corpus(["a", "b", "c"], np.tile([0, 1, 0, 2, 0, 1], 1000))
    np.testing.assert_allclose(corpus.next_probs(1), [1, 0, 0])
    of_a = corpus.train[corpus.train[:, 0] == 0, 1]
    np.testing.assert_allclose(corpus.next_probs(0), [np.mean(of_a == id) for id in range(3)])
    with pytest.raises(ValueError, match="previous must"):
        core.text_corpus(["a", "b"], np.zeros(5000, int)).next_probs(1)
    with pytest.raises(ValueError, match="previous"):
        corpus.next_probs(3)


def test_reference_losses_by_loops():
    corpus = core.zipf_corpus(30, 2000, 4, rng=np.random.default_rng(1))
    pairs = corpus.validation[:50]
    counts = [1 + sum(label == id for _, label in corpus.train) for id in range(30)]
    unigram = np.array(counts) / sum(counts)
    bigram, truth = [], []
    for previous, label in pairs:
        together = sum((one == [previous, label]).all() for one in corpus.train)
        alone = sum(one[0] == previous for one in corpus.train)
        bigram.append(-np.log((together + PRIOR * unigram[label]) / (alone + PRIOR)))
        truth.append(-corpus.teacher.log_probs(previous)[label])
    found = core.reference_losses(corpus, pairs)
    assert found["uniform"] == np.log(30)
    assert found["unigram"] == pytest.approx(-np.log(unigram[pairs[:, 1]]).mean())
    assert found["bigram"] == pytest.approx(np.mean(bigram))
    assert found["truth"] == pytest.approx(np.mean(truth))


def test_head_log_probs_are_distributions_that_know_the_pairs():
    corpus = core.zipf_corpus(300, 20_000, rng=np.random.default_rng(0))
    table = corpus.head_log_probs(50)
    np.testing.assert_allclose(np.exp(table).sum(axis=1), 1)
    pairs = corpus.train[(corpus.train < 50).all(axis=1)]
    together = np.bincount(pairs[pairs[:, 0] == 3, 1], minlength=50)
    counts = corpus.counts()[:50]
    want = together + PRIOR * counts / counts.sum()
    np.testing.assert_allclose(np.exp(table[3]), want / want.sum())
    with pytest.raises(ValueError, match="size must be at most 300"):
        corpus.head_log_probs(301)


def test_a_made_up_corpus_is_its_teachers():
    corpus = core.zipf_corpus(200, 60_000, rng=np.random.default_rng(0))
    again = core.zipf_corpus(200, 60_000, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(corpus.train, again.train)
    pairs = np.concatenate([corpus.train, corpus.validation])
    assert (np.diff(np.bincount(pairs[:, 1], minlength=200)) <= 0).all()  # ids are ranks
    previous = int(np.bincount(pairs[:, 0]).argmax())
    following = pairs[pairs[:, 0] == previous, 1]
    expected = len(following) * np.exp(corpus.teacher.log_probs(previous))
    often = expected > 20
    counted = np.bincount(following, minlength=200)
    assert often.sum() > 10
    assert np.sum((counted[often] - expected[often]) ** 2 / expected[often]) < 2 * often.sum()
    assert len(corpus.validation) == 6_000


def test_a_file_gives_back_what_was_saved(tmp_path):
    ids = np.random.default_rng(0).integers(0, 3, 6000)
    core.save_text(tmp_path / "text.npz", ["é", "b", "c'd"], ids)
    corpus = core.load_corpus(tmp_path / "text.npz")
    assert list(corpus.words) == ["é", "b", "c'd"]
    np.testing.assert_array_equal(corpus.train, core.text_corpus(["é", "b", "c'd"], ids).train)
    assert corpus.teacher is None


def test_what_is_no_text_is_refused(tmp_path):
    with pytest.raises(ValueError, match="more than 4500 tokens"):
        core.text_corpus(["a"], np.zeros(4500, int))
    with pytest.raises(ValueError, match="ids"):
        core.text_corpus(["a"], np.ones(5000, int))
    with pytest.raises(ValueError, match="words must be at most 65536"):
        core.save_text(tmp_path / "text.npz", [""] * 65_537, [0])
    with pytest.raises(FileNotFoundError):
        core.load_corpus(tmp_path / "none.npz")
    with pytest.raises(ValueError, match="rng must be a generator"):
        core.zipf_corpus(rng=0)
