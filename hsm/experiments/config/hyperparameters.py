"""Every number and choice of a run that is not its data set, method or seed, with its rules.

The defaults are section 5.1's; `hsm.experiments.config.recipes` says where each number comes from.
"""

from __future__ import annotations

from dataclasses import dataclass

from hsm.models.backbone_specs import check_backbone

OPTIMIZERS = ("sgd", "adam")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
PROFILES = ("paper", "official")
HEATINGS = ("switch", "gradual")
NMI_AVERAGES = ("arithmetic", "geometric")

_CHOICES = {
    "optimizer": OPTIMIZERS,
    "precision": PRECISIONS,
    "profile": PROFILES,
    "heating": HEATINGS,
    "nmi": NMI_AVERAGES,
}
_AT_LEAST_ONE = (
    "image_size",
    "embedding_dim",
    "batch_size",
    "epochs",
    "eval_every",
    "kmeans_starts",
    "test_batch_size",
)
# A schedule may have as many phases, and lists them all.
_MOST_EPOCHS = 100_000


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """What a recipe consists of.

    Attributes:
        profile: one of `PROFILES`, whose recipe the run started from: the paper's text, or the
            code that its authors released.

        backbone: name of the network, see `hsm.models.build_backbone`; of a `.keras` file, which
            brings its weights, the base name.
        weights: base name of the file of pretrained weights, or "imagenet" for those that Keras
            fetches; None starts from random ones, or the `.keras` file's.
        image_size: height and width of the crops in pixels; images are resized to 256/224 of it.
        random_crops: training images are cropped at random places; else all at the centre.
        crop_last_place: training crops may lie at the greatest offset, 32 of 0..32.
        embedding_dim: k, the width of the embedding.
        scale_bias: alpha multiplies the classifier's bias, too (eq. 1).
        learned_alpha: alpha starts at 1 and is trained with the weights; for LN and BN.
        norm_term: LN's gradient has the factor 1 / ||f|| (eq. 11).
        unbiased_variance: batch norms average the unbiased variance, as TensorFlow 1 does.

        batch_size: examples a step.
        label_smoothing: share of a label that is spread evenly over all classes.
        optimizer: one of `OPTIMIZERS`.
        momentum: momentum of SGD.
        raw_momentum: the rate stands outside of SGD's momentum, as in TensorFlow 1.
        adam_epsilon: epsilon of Adam.
        precision: one of `PRECISIONS`.
        xla: training steps are compiled with XLA.
        warm_up: before training, an epoch moves the averages of batch norms and nothing else.
        class_mean_init: the classifier starts from the training classes' mean features.
        limit: images a split, class-balanced, for trying things out; None takes all.

        alpha: alpha before the switch (eq. 1); SM has 1 whatever stands here.
        learning_rate: rate before the switch, and throughout for SM, LN and BN.
        epochs: epochs before the switch.
        heated_epochs: epochs after it; SM, LN and BN train as many further epochs unheated.
        heating: how HLN and HBN heat up, one of `HEATINGS`: strategies (ii) and (i) of section 3.4.
        heated_alpha: alpha after the switch.
        heated_learning_rate: rate after the switch; None is a tenth of `learning_rate`.
        gradual_every: epochs between two steps of gradual heating.
        gradual_alpha_divisor: what such a step divides alpha by.
        gradual_rate_factor: what it multiplies the rate with.

        eval_every: epochs between evaluations; switch and end are always evaluated.
        test_batch_size: images embedded at once.
        test_epsilon: added to a feature's squared length before it is divided by its root, on the
            scale of the released code's features.
        ks: the K of Recall@K.
        kmeans_starts: starts of k-means, of which the best counts.
        nmi: the mean of the entropies in the NMI that tables show, one of `NMI_AVERAGES`.
    """

    profile: str = "paper"

    backbone: str = "googlenet"
    weights: str | None = None
    image_size: int = 224
    random_crops: bool = True
    crop_last_place: bool = True
    embedding_dim: int = 64
    scale_bias: bool = True
    learned_alpha: bool = False
    norm_term: bool = True
    unbiased_variance: bool = False

    batch_size: int = 32
    label_smoothing: float = 0.0
    optimizer: str = "sgd"
    momentum: float = 0.9
    raw_momentum: bool = False
    adam_epsilon: float = 1e-7
    precision: str = "float32"
    xla: bool = False
    warm_up: bool = False
    class_mean_init: bool = False
    limit: int | None = None

    alpha: float = 16.0
    learning_rate: float = 0.004
    epochs: int = 40
    heated_epochs: int = 10
    heating: str = "switch"
    heated_alpha: float = 4.0
    heated_learning_rate: float | None = None
    gradual_every: int = 10
    gradual_alpha_divisor: float = 1.41
    gradual_rate_factor: float = 0.562

    eval_every: int = 5
    test_batch_size: int = 100
    test_epsilon: float = 0.0
    ks: tuple[int, ...] = (1, 2, 4, 8)
    kmeans_starts: int = 10
    nmi: str = "arithmetic"

    def __post_init__(self) -> None:
        """Raises ValueError if a value breaks its rule; alphas and rates are the schedule's."""
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name} must be one of {', '.join(allowed)}. Received: "
                    f"{name}={getattr(self, name)!r}"
                )
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be 1 or more. Received: {name}={getattr(self, name)}"
                )
        if self.epochs + self.heated_epochs > _MOST_EPOCHS:
            raise ValueError(
                f"epochs and heated_epochs must be {_MOST_EPOCHS} or fewer together. Received: "
                f"epochs={self.epochs}, heated_epochs={self.heated_epochs}"
            )
        check_backbone(self.backbone, self.weights, self.precision)
        if not self.ks or min(self.ks) < 1:
            raise ValueError(f"ks must be positive numbers. Received: ks={self.ks}")
        if not 0.0 <= self.label_smoothing < 1.0:
            raise ValueError(
                "label_smoothing must be 0 or more and less than 1. "
                f"Received: label_smoothing={self.label_smoothing}"
            )
        if not 0.0 <= self.test_epsilon < float("inf"):
            raise ValueError(
                "test_epsilon must be finite and 0 or more. "
                f"Received: test_epsilon={self.test_epsilon}"
            )
