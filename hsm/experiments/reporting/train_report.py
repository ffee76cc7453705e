"""What a training on one's own photographs gave, in words, and how it is used."""

from __future__ import annotations

import textwrap
from pathlib import Path

from hsm.data.sources.source import ImageSource
from hsm.experiments.config.run_record import RunRecord
from hsm.progress import width


def scores(record: RunRecord, source: ImageSource, *, is_chosen: bool) -> str:
    """Return the scores, and what they are of: a few lines.

    Args:
        record: of the run.
        source: what it was trained and scored on.
        is_chosen: whether the number of epochs was chosen on the classes that are scored.
    """
    final, first = record.final, min(record.final.recall)
    whose = "classes that trained" if source.tests_training else "held-out classes"
    text = (
        f"R@{first} {100 * final.recall[first]:.2f}: so many in a hundred of {final.num_queries:,} "
        f"images of {final.num_classes:,} {whose} have one of their own class "
        f"{'nearest' if first == 1 else f'among the {first} nearest'}."
    )
    nmi = final.nmi(record.config.nmi)
    if nmi is not None:
        text += f" NMI {100 * nmi:.2f}: how well clusters match the classes, 100 is exactly."
    return "\n".join(map(_filled, [text, *_caution(source, is_chosen)]))


def usage(saved_model: Path, source: ImageSource) -> str:
    """Return three lines of Python that make a vector of a picture with the exported model."""
    images = source.test.images
    picture = Path(images[0]).resolve() if isinstance(images, tuple) else "picture.jpg"
    return "\n".join(
        [
            "import tensorflow as tf",
            f"embed = tf.saved_model.load({str(saved_model.resolve())!r}).signatures['from_bytes']",
            f"vector = embed(encoded=tf.io.read_file({str(picture)!r})[None])['embedding'][0]",
        ]
    )


def _caution(source: ImageSource, is_chosen: bool) -> list[str]:
    if source.tests_training:
        return [
            "These classes were trained on: the scores say that training worked, and nothing about "
            "classes that are new to the network. `validation_classes=N` measures that."
        ]
    if is_chosen:
        return ["The epoch was chosen on these very classes: others will score a little lower."]
    return ["None of these classes was trained on: others that are new should score alike."]


def _filled(text: str) -> str:
    return textwrap.fill(text, width(), subsequent_indent="  ", break_on_hyphens=False)
