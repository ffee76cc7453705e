"""The parts of a record: epochs, evaluations, data, provenance. Metrics are fractions, 0..1.

A field with a default is younger than the first records, and the default is what it means for a
record that lacks it. Keys that a part does not know, as of a newer version, are kept in `further`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from hsm.records.json_values import LEFT_OUT, JsonObject, Rule

# A mean of thousands of terms may miss its bound by rounding.
_ROUNDING = 1e-9

Fraction = Annotated[
    float, Rule("a fraction, 0 to 1", lambda value: -_ROUNDING <= value <= 1 + _ROUNDING)
]
Count = Annotated[int, Rule("a whole number, 0 or more", lambda value: value >= 0)]
Seconds = Annotated[float, Rule("seconds, 0 or more", lambda value: value >= 0)]
# It starts the names of files, which may have 255 bytes.
LONGEST_NAME = 220


def _is_file_name(text: str) -> bool:
    length = len(text.encode(errors="surrogateescape"))
    return text not in (".", "..") and not {"/", "\0"} & {*text} and 0 < length <= LONGEST_NAME


FileName = Annotated[
    str, Rule(f"a name without slash, of at most {LONGEST_NAME} bytes", _is_file_name)
]


@dataclass(frozen=True, kw_only=True)
class EpochRow(JsonObject):
    """What one epoch of training gave.

    Attributes:
        epoch: its number, from 1.
        alpha: alpha in force; a learned one at the epoch's end; None without a softmax.
        learning_rate: learning rate in force.
        loss: mean loss of its examples.
        accuracy: share of its examples classified rightly; None without a classifier.
        seconds: wall time of its steps.
        images_per_second: examples / seconds.
        further: keys that this version does not know.
    """

    epoch: Count
    alpha: float | None = None
    learning_rate: float
    loss: float
    accuracy: Fraction | None = None
    seconds: Seconds
    images_per_second: float
    further: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class EvaluationRow(JsonObject):
    """How the weights after an epoch scored on the test images.

    Attributes:
        epoch: after which they are; 0 for the pretrained feature.
        recall: K -> Recall@K; empty where only the accuracy was scored.
        nmi_geometric: NMI with the geometric mean of the entropies; None where nothing was
            clustered.
        nmi_arithmetic: the same with the arithmetic mean.
        r_precision: mean share of the R nearest neighbours that are of a query's class, of which R
            others exist; None in records before it was measured.
        map_at_r: mean average precision at R; None as that.
        num_queries: images that were looked up.
        num_gallery: images that were searched; None where queries search each other.
        num_classes: classes of the queries.
        accuracy: share classified rightly; None where the classifier does not know the classes.
        seconds: wall time; None where it is not of its own.
        further: keys that this version does not know.
    """

    epoch: Count
    recall: Mapping[int, Fraction]
    nmi_geometric: Fraction | None
    nmi_arithmetic: Fraction | None
    num_queries: Count
    num_gallery: Count | None
    num_classes: Count
    r_precision: Fraction | None = field(default=None, metadata=LEFT_OUT)
    map_at_r: Fraction | None = field(default=None, metadata=LEFT_OUT)
    accuracy: Fraction | None = field(default=None, metadata=LEFT_OUT)
    seconds: Seconds | None = field(default=None, metadata=LEFT_OUT)
    further: Mapping[str, Any] = field(default_factory=dict)

    def nmi(self, average: str) -> float | None:
        """Return the NMI with the "arithmetic" or "geometric" mean; None without clustering."""
        return self.nmi_arithmetic if average == "arithmetic" else self.nmi_geometric

    @property
    def merit(self) -> float:
        """What the best epoch is chosen by: the accuracy, or the recall at the smallest K."""
        return self.recall[min(self.recall)] if self.accuracy is None else self.accuracy

    def __post_init__(self) -> None:
        """Refuse an evaluation without a score."""
        if self.accuracy is None and not self.recall:
            raise ValueError("expected a recall or an accuracy. Received: neither")


@dataclass(frozen=True, kw_only=True)
class PartCounts(JsonObject):
    """How large a part of the data is.

    Attributes:
        images: its images.
        classes: their classes.
        further: keys that this version does not know.
    """

    images: Count
    classes: Count
    further: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DataFacts(JsonObject):
    """What a run was trained and tested on.

    Attributes:
        name: name of the data set, or the base name of its folder.
        checksum: hexadecimal SHA-256 over images, labels and classes.
        train: the training images.
        test: the test images; the queries where there is a gallery.
        gallery: the images that were searched, where these are not the test images.
        skipped: files left out because they cannot be decoded.
        excluded_singletons: test classes left out because they hold a single image.
        excluded_seen: test classes left out because the training part holds them too.
        left_out: files and folders beside the images, by the reason for which they are left out;
            None in records before version 0.2.
        test_images_that_train: test images that are to the byte the same as a training image.
        turned: images that the EXIF tag of their file turned upright; None in records before
            version 0.2, which took images as they are stored.
        further: keys that this version does not know.
    """

    name: FileName
    checksum: str
    train: PartCounts
    test: PartCounts
    gallery: PartCounts | None = field(default=None, metadata=LEFT_OUT)
    skipped: tuple[str, ...] = ()
    excluded_singletons: tuple[str, ...] = ()
    excluded_seen: tuple[str, ...] = ()
    left_out: Mapping[str, Count] | None = field(default=None, metadata=LEFT_OUT)
    test_images_that_train: Count | None = field(default=None, metadata=LEFT_OUT)
    turned: Count | None = field(default=None, metadata=LEFT_OUT)
    further: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Hardware(JsonObject):
    """What a run was made on.

    Attributes:
        cpu: name of the processor.
        cores: cores that the process might use.
        gpus: names of the GPUs that it used.
        memory_gib: the machine's memory; None where the system does not say.
        further: keys that this version does not know.
    """

    cpu: str
    cores: Count
    gpus: tuple[str, ...] = ()
    memory_gib: float | None
    further: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Provenance(JsonObject):
    """Which code ran, on what, and when.

    Attributes:
        commit: of the checkout that ran; None outside of one.
        dirty: whether the checkout had changes; None outside of one.
        python: its version.
        versions: of packages; None for one that is not installed.
        hardware: the machine.
        environment: what else changes the numbers, such as the number of threads; None in records
            before version 0.2.
        trained_with: what computed the run, part by part, where it was resumed with something else;
            None where one computed all of it.
        weights_sha256: identifies what the backbone started from; None for random weights, and in
            the first records, which name the file only.
        started: ISO 8601 time.
        finished: ISO 8601 time.
        further: keys that this version does not know.
    """

    commit: str | None
    dirty: bool | None
    python: str
    versions: Mapping[str, str | None]
    hardware: Hardware
    environment: Mapping[str, Any] | None = field(default=None, metadata=LEFT_OUT)
    trained_with: tuple[Mapping[str, Any], ...] | None = field(default=None, metadata=LEFT_OUT)
    weights_sha256: str | None = None
    started: str
    finished: str
    further: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Hits(JsonObject):
    """Which queries were hits, as `pack_hits` writes them, by K or "accuracy".

    Attributes:
        final: after the last epoch.
        switch: after the switch epoch; None without one.
        further: keys that this version does not know.
    """

    final: Mapping[str, str]
    switch: Mapping[str, str] | None
    further: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Trial(JsonObject):
    """One trial of the settings of a method, on held-out training classes.

    Attributes:
        method: what was trained; of a heated method also what it heats.
        settings: what was tried, by setting.
        score: MAP@R on the held-out classes, with the weights of the last epoch; None where
            training diverged.
        images: images that the trial trained on, each as often as it was seen.
        further: keys that this version does not know.
    """

    method: str
    settings: Mapping[str, float]
    score: Fraction | None
    images: Count
    further: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Tuning(JsonObject):
    """How the settings of a run were chosen.

    Attributes:
        seed: of the trials.
        epochs: of a trial.
        train_classes: classes that the trials trained on.
        held_out_classes: training classes that they were scored on.
        trials: all of them, those of a method in their order.
        further: keys that this version does not know.
    """

    seed: Count
    epochs: Count
    train_classes: Count
    held_out_classes: Count
    trials: tuple[Trial, ...]
    further: Mapping[str, Any] = field(default_factory=dict)

    @property
    def images(self) -> int:
        """Images that all trials trained on together."""
        return sum(trial.images for trial in self.trials)


def best_evaluation(
    evaluations: Iterable[EvaluationRow], *, after_epoch: int = -1
) -> EvaluationRow:
    """Return the evaluation with the highest accuracy if that was scored, else the highest recall.

    The recall is that at the smallest K; of equals the earliest counts. It is chosen on the test
    images, and is to be called so wherever it is shown.

    Args:
        evaluations: one or more, of one run.
        after_epoch: only later ones count; those of a heated run up to its switch are another
            method's.
    """
    later = (row for row in evaluations if row.epoch > after_epoch)
    return max(later, key=lambda row: (row.merit, -row.epoch))
