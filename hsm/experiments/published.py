"""What the paper reports: the numbers that this project's results are put beside.

Source: X. Zhang, F. X. Yu, S. Karaman, W. Zhang, S.-F. Chang, "Heated-Up Softmax Embedding",
arXiv 1809.04157, Table 1, the columns SM, LN, BN, HLN and HBN. The paper does not say whether
a number is the last epoch's or the best one's, nor which mean normalises its NMI.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedScore:
    """One method's column of Table 1.

    Attributes:
        nmi: Normalised mutual information, in percent.
        recall: Recall@K in percent, by K.
    """

    nmi: float
    recall: Mapping[int, float]


@dataclass(frozen=True)
class PublishedTable:
    """One data set's block of Table 1.

    Attributes:
        dataset: The data set that the paper used, in words.
        scores: The scores by method.
    """

    dataset: str
    scores: Mapping[str, PublishedScore]


def _block(
    dataset: str, ks: tuple[int, ...], rows: Mapping[str, tuple[float, ...]]
) -> PublishedTable:
    """Reads rows that are printed as NMI first, then the recalls in the order of `ks`."""
    scores = {
        method: PublishedScore(nmi=row[0], recall=dict(zip(ks, row[1:], strict=True)))
        for method, row in rows.items()
    }
    return PublishedTable(dataset=dataset, scores=scores)


CARS196 = _block(
    "the whole of Cars196, not cropped",
    (1, 2, 4),
    {
        "SM": (59.52, 60.76, 73.58, 82.50),
        "LN": (62.40, 68.59, 78.55, 86.18),
        "BN": (65.81, 71.12, 80.62, 87.82),
        "HLN": (66.87, 71.93, 81.68, 88.34),
        "HBN": (68.10, 74.70, 83.90, 89.77),
    },
)

CUB200 = _block(
    "the whole of CUB-200-2011, not cropped",
    (1, 2, 4),
    {
        "SM": (57.19, 44.02, 55.86, 68.18),
        "LN": (59.23, 46.86, 59.79, 71.56),
        "BN": (59.20, 47.27, 59.67, 71.89),
        "HLN": (60.34, 49.68, 61.85, 73.08),
        "HBN": (60.75, 50.68, 62.58, 73.82),
    },
)

PRODUCTS = _block(
    "the whole of Stanford Online Products",
    (1, 10, 100),
    {
        "SM": (88.66, 63.94, 80.07, 90.28),
        "LN": (90.11, 69.51, 84.69, 92.97),
        "BN": (90.45, 71.19, 85.89, 93.75),
        "HLN": (90.39, 70.36, 85.41, 93.70),
        "HBN": (90.61, 72.04, 86.25, 93.80),
    },
)

# A part of a data set stands beside the whole: the caption says so.
_TABLES = {
    "cars196": CARS196,
    "cars196_half": CARS196,
    "cub200": CUB200,
    "cub100": CUB200,
    "products": PRODUCTS,
}


def published_table(dataset: str) -> PublishedTable | None:
    """Returns the paper's block for a data set by the name in its records, or None."""
    return _TABLES.get(dataset)
