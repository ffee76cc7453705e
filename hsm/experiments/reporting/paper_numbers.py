"""What the paper reports: the numbers that this project's results are put beside.

Source: X. Zhang, F. X. Yu, S. Karaman, W. Zhang, S.-F. Chang, "Heated-Up Softmax Embedding",
arXiv 1809.04157, Tables 1 to 4; every number is in percent. The paper does not say whether a number
is the last epoch's or the best one's, nor which mean normalises its NMI. The columns that it
numbers [1] to [8] are other authors' methods, whose numbers it quotes from their papers;
where one of these is known to have another number, both are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hsm.data.catalog import CLASSIFICATION, ZERO_SHOT

_OURS = ("SM", "LN", "BN", "HLN", "HBN")


@dataclass(frozen=True)
class Correction:
    """Where a quoted number is not that of the paper it is quoted from.

    Attributes:
        scores: percent by measure, of the measures that differ.
        source: whose number it is, and where it was read, as words.
    """

    scores: Mapping[str, float]
    source: str


@dataclass(frozen=True)
class PublishedTable:
    """One data set's block of a table.

    Attributes:
        source: the table, for example "Table 1".
        dataset: the data set that the paper used, in words.
        scores: by row, percent by measure ("NMI", "R@1", "accuracy").
        quoted: by row, percent by measure of the methods that the paper quotes.
        corrections: by row of `quoted`, the measures that the row's own paper has otherwise.
    """

    source: str
    dataset: str
    scores: Mapping[str, Mapping[str, float]]
    quoted: Mapping[str, Mapping[str, float]]
    corrections: Mapping[str, Correction] = field(default_factory=dict)


# Section 5.3's numbering.
_TRIPLET = "[1] triplet, semi-hard"
_LIFTED = "[2] lifted structure"
_CLUSTERING = "[3] structured clustering"
_SPECTRAL = "[4] deep spectral clustering"
_SMART = "[5] smart mining"
_PROXY = "[6] Proxy-NCA"
_FASHION = "[7] FashionNet"
_CASCADED = "[8] hard-aware cascade"

# The originals were not at hand: where a number of theirs was read instead.
_REPRINTED = "as Harwood et al. 2017 print it in their own table"

_TABLE1 = ("NMI", "R@1", "R@2", "R@4")
_TABLE1_PRODUCTS = ("NMI", "R@1", "R@10", "R@100")
_TABLE2 = ("R@1", "R@10", "R@20", "R@30")


def _rows(
    names: tuple[str, ...], rows: Mapping[str, tuple[float, ...]]
) -> dict[str, dict[str, float]]:
    """Read rows whose numbers stand in the order of `names`; one may be shorter."""
    return {name: dict(zip(names, row, strict=False)) for name, row in rows.items()}


CARS196 = PublishedTable(
    "Table 1",
    "the whole of Cars196, not cropped",
    _rows(
        _TABLE1,
        {
            "SM": (59.52, 60.76, 73.58, 82.50),
            "LN": (62.40, 68.59, 78.55, 86.18),
            "BN": (65.81, 71.12, 80.62, 87.82),
            "HLN": (66.87, 71.93, 81.68, 88.34),
            "HBN": (68.10, 74.70, 83.90, 89.77),
        },
    ),
    _rows(
        _TABLE1,
        {
            _TRIPLET: (53.35, 51.54, 63.78, 73.52),
            _LIFTED: (56.88, 52.98, 66.70, 76.01),
            _CLUSTERING: (54.44, 58.11, 70.64, 80.27),
            _SPECTRAL: (61.12, 67.54, 77.77, 85.74),
            _SMART: (59.50, 64.65, 76.20, 84.23),
            _PROXY: (64.90, 73.22, 82.42, 86.36),
        },
    ),
    {
        _LIFTED: Correction({"R@2": 65.70}, f"the re-run of Song et al. 2017, {_REPRINTED}"),
        _CLUSTERING: Correction({"NMI": 59.04}, f"Song et al. 2017, {_REPRINTED}"),
    },
)

CUB200 = PublishedTable(
    "Table 1",
    "the whole of CUB-200-2011, not cropped",
    _rows(
        _TABLE1,
        {
            "SM": (57.19, 44.02, 55.86, 68.18),
            "LN": (59.23, 46.86, 59.79, 71.56),
            "BN": (59.20, 47.27, 59.67, 71.89),
            "HLN": (60.34, 49.68, 61.85, 73.08),
            "HBN": (60.75, 50.68, 62.58, 73.82),
        },
    ),
    _rows(
        _TABLE1,
        {
            _TRIPLET: (55.38, 42.59, 55.03, 66.44),
            _LIFTED: (56.50, 43.57, 56.55, 68.59),
            _CLUSTERING: (59.23, 48.18, 61.44, 71.83),
            _SPECTRAL: (56.87, 50.08, 62.24, 73.38),
            _SMART: (59.90, 49.78, 62.34, 74.05),
            _PROXY: (59.53, 49.21, 61.90, 67.90),
        },
    ),
)

# [5] reports nothing here, and [6] no R@100; its R@10 is missing, too.
PRODUCTS = PublishedTable(
    "Table 1",
    "the whole of Stanford Online Products",
    _rows(
        _TABLE1_PRODUCTS,
        {
            "SM": (88.66, 63.94, 80.07, 90.28),
            "LN": (90.11, 69.51, 84.69, 92.97),
            "BN": (90.45, 71.19, 85.89, 93.75),
            "HLN": (90.39, 70.36, 85.41, 93.70),
            "HBN": (90.61, 72.04, 86.25, 93.80),
        },
    ),
    _rows(
        _TABLE1_PRODUCTS,
        {
            _TRIPLET: (89.46, 66.67, 82.39, 91.85),
            _LIFTED: (88.65, 62.46, 80.81, 91.93),
            _CLUSTERING: (89.48, 67.02, 83.65, 93.23),
            _SPECTRAL: (88.70, 64.52, 82.53, 92.35),
            _PROXY: (90.60, 73.70),
        },
    ),
    {
        _PROXY: Correction(
            {"R@1": 73.73},
            "Movshovitz-Attias et al. 2017, as dichotomies/proxy-nca quotes it",
        )
    },
)

INSHOP = PublishedTable(
    "Table 2",
    "In-shop Clothes Retrieval, queries against the gallery",
    _rows(
        _TABLE2,
        {
            "SM": (78.6, 93.7, 95.4, 96.3),
            "LN": (79.6, 94.2, 96.0, 96.8),
            "BN": (80.7, 94.4, 96.1, 96.9),
            "HLN": (80.5, 94.2, 96.1, 96.7),
            "HBN": (81.1, 94.2, 95.9, 96.9),
        },
    ),
    _rows(_TABLE2, {_FASHION: (53.0, 73.0, 76.0, 77.0), _CASCADED: (62.1, 84.9, 91.2, 92.3)}),
    {
        _CASCADED: Correction(
            {"R@20": 89.0, "R@30": 91.2},
            "Yuan et al. 2017, as the tables of bnu-wangxun/Deep_Metric quote it; here the numbers "
            "stand one column too early",
        )
    },
)


def _accuracies(dataset: str, *percents: float) -> PublishedTable:
    scores = {name: {"accuracy": percent} for name, percent in zip(_OURS, percents, strict=True)}
    return PublishedTable("Table 4", f"the predefined split of {dataset}", scores, {})


CARS196_ACCURACY = _accuracies("Cars196", 83.6, 84.8, 85.5, 87.0, 87.0)
CUB200_ACCURACY = _accuracies("CUB-200-2011", 68.7, 69.1, 68.8, 75.4, 70.9)

# Table 3, on Cars196: R@1 by dimensions and column.
_COLUMNS = ("SM", "α = 4", "α = 8", "α = 16", "α = 32", "α = 64", "HBN")
CARS196_DIMENSIONS: Mapping[int, Mapping[str, float]] = {
    64: dict(zip(_COLUMNS, (60.8, 67.4, 68.7, 71.1, 69.5, 62.5, 74.0), strict=True)),
    128: dict(zip(_COLUMNS, (65.2, 71.6, 71.0, 74.2, 73.0, 66.6, 77.5), strict=True)),
    256: dict(zip(_COLUMNS, (67.3, 72.2, 69.7, 78.0, 75.2, 70.1, 80.1), strict=True)),
}

# A part of a data set stands beside the whole: the caption says so.
_PARTS = {"cars196_half": "cars196", "cub100": "cub200"}
_UNSEEN = {"cars196": CARS196, "cub200": CUB200, "products": PRODUCTS, "inshop": INSHOP}
_SEEN = {"cars196": CARS196_ACCURACY, "cub200": CUB200_ACCURACY}


def published_table(dataset: str, split: str = ZERO_SHOT) -> PublishedTable | None:
    """Return the paper's block for a data set by the name in its records, or None.

    Args:
        dataset: the name.
        split: of `hsm.data.catalog.SPLITS`; the one for classification has Table 4.
    """
    tables = _SEEN if split == CLASSIFICATION else _UNSEEN
    return tables.get(_PARTS.get(dataset, dataset))


def correction_notes(table: PublishedTable) -> tuple[str, ...]:
    """Return a sentence for each row whose own paper has another number than is quoted."""
    return tuple(
        f"{name}: {', '.join(_both(table.quoted[name], correction))} by {correction.source}."
        for name, correction in table.corrections.items()
    )


def _both(quoted: Mapping[str, float], correction: Correction) -> list[str]:
    return [
        f"{measure} is quoted as {quoted[measure]:.2f}, and {score:.2f}"
        for measure, score in correction.scores.items()
    ]


def is_part(dataset: str) -> bool:
    """Return whether a data set is only a part of what the paper used."""
    return dataset in _PARTS


def published_dimensions(dataset: str) -> Mapping[int, Mapping[str, float]] | None:
    """Return Table 3, R@1 in percent by dimensions and column, or None for other data sets."""
    return CARS196_DIMENSIONS if _PARTS.get(dataset, dataset) == "cars196" else None
