"""A contrastive loss as a method of its own: `--import=my_method --methods=contrastive`."""

from hsm.data.sampling import balanced
from hsm.experiments.config import METHODS, Method
from hsm.models.head import Head

MARGIN = 0.5


def contrastive(labels, embeddings):
    """Squared distance of a pair of one class; of two classes, what it lacks of the margin."""
    import tensorflow as tf

    labels = tf.reshape(labels, [-1])
    squared = tf.reduce_sum((embeddings[:, None] - embeddings[None]) ** 2, axis=-1)
    same = tf.cast(labels[:, None] == labels[None], tf.float32)
    apart = tf.maximum(MARGIN - squared, 0.0)
    return same * squared + (1.0 - same) * apart


def objective(config):
    """What a step minimises: the mean over all pairs of a batch."""
    from hsm.training import OutputObjective

    return OutputObjective(contrastive)


def sampler(labels, config, epoch):
    """Four images from each class of a batch."""
    return balanced(
        labels,
        classes=max(2, min(config.batch_size // 4, len(set(labels)))),
        images=4,
        seed=config.seed,
        epoch=epoch,
    )


METHODS.register(
    Method(
        name="contrastive",
        head=Head(normalization="l2", classifier="none"),
        objective=objective,
        sampler=sampler,
        place=5,
        compare_with="HBN",
    )
)
