"""Smart mining: the controller against its closed form, and what a checkpoint must keep."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hsm.data.triplet_mining import mined_triplets, random_triplets, triplet_order
from hsm.training.memory import restore_memory
from hsm.training.smart_mining import SmartMining, next_kappa
from hsm.training.step import Totals

LABELS = np.repeat(np.arange(5), 6)


class Embedding:
    """The embeddings of now, and how often they were asked for."""

    def __init__(self, seed=0):
        self.seed, self.asked = seed, 0

    def __call__(self):
        self.asked += 1
        return np.random.default_rng(self.seed).normal(size=(30, 4)).astype(np.float32)


def mining(embed=None):
    return SmartMining(LABELS, embed or Embedding(), batch_size=9, seed=2)


def totals(active, examples=27):
    return Totals(0.0, active, examples, 0, 3, 3.0)


def mined(embed, epoch, kappa):
    start = random_triplets(LABELS, batch_size=9, seed=2, epoch=epoch)
    found = mined_triplets(embed(), LABELS, start, kappa=kappa, neighbours=200, seed=(2, epoch))
    return triplet_order(found, 9).indices.tolist()


def test_the_controller_is_numpys_line_at_the_target():
    history = [(0.2, 16.0), (0.35, 9.0), (0.5, 4.0), (0.9, 2.0)]
    a, b = np.polyfit(*np.transpose(history), 1)
    assert next_kappa(history) == pytest.approx(a * 0.625 + b)


@pytest.mark.parametrize(
    ("history", "kappa"),
    [
        ([], 16.0),
        ([(0.2, 16.0)], 8.0),
        ([(0.8, 16.0)], 32.0),
        ([(0.2, 16.0), (0.2, 8.0)], 4.0),  # No line.
        ([(0.2, 8.0), (0.7, 16.0)], 32.0),  # A line that rises.
        ([(0.2, 16.0), (0.25, 8.0)], 1.0),  # One that leads below 1.
        ([(0.99, 32.0), (0.98, 40.0)], 64.0),
    ],
)
def test_what_it_does_where_the_line_says_too_little(history, kappa):
    assert next_kappa(history) == kappa


def test_two_random_epochs_and_then_those_of_the_weights_of_now():
    embed = Embedding()
    miner = mining(embed)
    for epoch in (1, 2):
        start = random_triplets(LABELS, batch_size=9, seed=2, epoch=epoch)
        assert miner.order(epoch).indices.tolist() == triplet_order(start, 9).indices.tolist()
        miner.learn(epoch, totals(3))
    assert embed.asked == 0
    assert miner.history == ()
    first = miner.order(3).indices.tolist()
    assert first == mined(Embedding(), 3, 16.0)
    embed.seed = 1
    # An epoch that is under way keeps what it was begun with.
    assert miner.order(3).indices.tolist() == first
    assert embed.asked == 1
    miner.learn(3, totals(3))
    assert miner.history == ((pytest.approx(1 / 3), 16.0),)
    assert miner.order(4).indices.tolist() == mined(Embedding(1), 4, 8.0)


def test_a_state_holds_all_that_the_rest_follows_from():
    miner = mining()
    miner.order(3)
    miner.learn(3, totals(2))
    expected = miner.order(4).indices.tolist()
    state = json.loads(json.dumps(miner.state()))
    embed = Embedding(7)
    other = mining(embed)
    other.order(3)
    other.restore(state)
    asked = embed.asked
    assert other.order(4).indices.tolist() == expected
    assert embed.asked == asked
    assert other.history == miner.history
    other.restore(None)
    assert other.history == ()
    assert other.order(1).indices.tolist() == mining().order(1).indices.tolist()


@pytest.mark.parametrize(
    "change",
    [
        {"history": [[0.5]]},
        {"history": 3},
        {"mined": {"epoch": 3}},
        {"mined": {"epoch": 3, "triplets": [[0, 1, 6]]}},
        {"mined": {"epoch": 3, "triplets": [[0, 1, 30]] * 9}},
        {"mined": {"epoch": 3, "triplets": [[0, 1, "x"]] * 9}},
    ],
)
def test_another_state_is_refused(change):
    with pytest.raises(ValueError, match="expected the history and the triplets of smart mining"):
        mining().restore({"history": [], "mined": None, **change})


def test_a_checkpoint_of_another_state_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"c.npz to say how its batches go on.*delete it"):
        restore_memory(tmp_path / "c.npz", {"memory": {"history": 3}}, mining())
