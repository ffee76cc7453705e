"""The cascade's loss against sorted lists, and its choice against pytorch-metric-learning's."""

from __future__ import annotations

import numpy as np
import pytest
from support.loss_gradients import check_against, value_and_gradient

from hsm.losses import HardAwareContrastive

LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3])


def heads(seed, images=11, size=3):
    x = np.random.default_rng(seed).normal(size=(3, images, size))
    return x / np.linalg.norm(x, axis=2, keepdims=True)


def side_by_side(heads):
    return np.concatenate(list(heads), axis=1)


def loops(x, shares, *, margin=1.0, weight=10.0, cascade=False):
    everything = [(i, j) for i in range(len(x)) for j in range(i + 1, len(x))]
    candidates, total = everything, 0.0
    for head, share in zip(np.split(x, len(shares), axis=1), shares, strict=True):
        positive, negative = [], []
        for i, j in candidates:
            squared = np.sum((head[i] - head[j]) ** 2)
            if LABELS[i] != LABELS[j]:
                negative.append((weight * max(0.0, margin - squared), i, j))
            elif squared > 0:
                positive.append((squared, i, j))
        kept = []
        for side in (positive, negative):
            # Stable: of equal losses the earlier pair counts as harder.
            side.sort(key=lambda pair: -pair[0])
            kept += side[: int(np.float32(share) * np.float32(len(side)))]
        values = [loss for loss, *_ in kept if loss > 0]
        total += np.mean(values) if values else 0.0
        candidates = sorted((i, j) for _, i, j in kept) if cascade else everything
    return total


@pytest.mark.parametrize("cascade", [False, True])
@pytest.mark.parametrize("shares", [(1.0, 0.5, 0.2), (0.7, 0.7, 0.7)])
@pytest.mark.parametrize("margin", [1.0, 4.0])
def test_it_is_the_sum_of_the_heads_means(margin, shares, cascade):
    loss = HardAwareContrastive(shares, margin=margin, cascade=cascade)
    check_against(
        lambda x: loops(x, shares, margin=margin, cascade=cascade),
        loss,
        LABELS,
        side_by_side(heads(0)),
    )


def test_the_cascade_keeps_what_pytorch_metric_learnings_miner_keeps():
    # pytorch-metric-learning 2.9.0, torch 2.13.0, labels = torch.arange(16) // 4: for each head
    # miner = HDCMiner(filter_percentage=share), after the first head with set_idx_externally(kept,
    # labels), kept = miner(head, labels), and of the kept pairs the mean of ||.||^2 and
    # 10 relu(4 - ||.||^2); the sum over heads. Ordered pairs kept: 48 + 192, 24 + 96, 12 + 48.
    x = heads(4, images=16, size=5).astype(np.float32)
    loss = HardAwareContrastive((1.0, 0.5, 0.5), margin=4.0, cascade=True)
    value = loss(np.arange(16) // 4, side_by_side(x)).numpy()
    assert value == pytest.approx(62.18508720397949, rel=1e-5)


def test_a_list_of_heads_is_the_same_as_heads_side_by_side():
    x = heads(1).astype(np.float32)
    loss = HardAwareContrastive()
    assert loss(LABELS, list(x)).numpy() == loss(LABELS, side_by_side(x)).numpy()


def test_heads_of_several_widths_are_told_by_them():
    x = heads(1).astype(np.float32)
    uneven = [x[0][:, :2], x[1], x[2][:, :3]]
    shares, widths = (1.0, 0.5, 0.2), tuple(head.shape[1] for head in uneven)
    value = HardAwareContrastive(shares, widths=widths)(LABELS, np.hstack(uneven)).numpy()
    padded = [np.pad(head, ((0, 0), (0, x.shape[2] - head.shape[1]))) for head in uneven]
    assert value == pytest.approx(HardAwareContrastive(shares)(LABELS, padded).numpy(), rel=1e-6)
    assert value == HardAwareContrastive(shares, widths=widths)(LABELS, uneven).numpy()
    with pytest.raises(ValueError, match=r"3 heads side by side, \(2, .*wide. Received: shape"):
        HardAwareContrastive(shares, widths=widths)(LABELS, np.hstack(uneven)[:, 1:])


def test_a_head_that_keeps_nothing_counts_nothing():
    # Two positive and one negative pair: a fifth of them, rounded down, is none.
    labels, x = np.array([0, 0, 0]), heads(2, images=3).astype(np.float32)
    value, gradient = value_and_gradient(HardAwareContrastive(), labels, side_by_side(x))
    assert np.isfinite(value)
    np.testing.assert_array_equal(gradient[:, 6:], 0.0)
    assert np.any(gradient[:, :3])


def test_heads_that_are_not_as_many_as_shares_are_refused():
    with pytest.raises(ValueError, match=r"expected 3 heads of one dimension, .* Received: shapes"):
        HardAwareContrastive()(LABELS, list(heads(0)[:2]))
    with pytest.raises(ValueError, match=r"of 3 heads side by side, .* Received: shape=\(11, 8\)"):
        HardAwareContrastive()(LABELS, side_by_side(heads(0))[:, :8])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shares": ()}, "expected shares to be more than 0 and at most 1, one for each head"),
        ({"shares": (1.0, 0.0)}, "expected shares to be more than 0 .* Received: shares="),
        ({"widths": (4, 4)}, "expected widths to be at least 1, one for each of the shares"),
        ({"margin": 0.0}, "expected margin to be positive and finite. Received: margin=0.0"),
        ({"negative_weight": -1.0}, "expected negative_weight to be positive and finite"),
    ],
)
def test_an_argument_out_of_range_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        HardAwareContrastive(**arguments)
