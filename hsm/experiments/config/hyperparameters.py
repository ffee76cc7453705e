"""Every number and choice of a run that is not its data set, method or seed, with its rules.

The defaults are the profile "paper" on the paper's photographs, each with its source; what stands
in no source is this project's choice and is called so. `hsm.experiments.config.recipes` has the
other recipes, as changes to these.
"""

from __future__ import annotations

from dataclasses import dataclass

from hsm.experiments.config.settings import check, documented, setting
from hsm.models import backbone_specs

PROFILES = ("paper", "official")
_OUR_CHOICE = "Our choice."
_NOT_IN_THE_TEXT = "Not in the text."
_STRATEGY_I = "Strategy (i) has no numbers in the text: the released code's option."
# A schedule may have as many phases, and lists them all.
_MOST_EPOCHS = 100_000


@documented
@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """What a recipe consists of, and what is given beside it: `weights` and `limit`.

    The names of records are hashed from what is not a default: a new setting must have the default
    that leaves runs as they were.

    Raises:
        ValueError: if a value breaks its rule; alphas and rates are the schedule's.
    """

    profile: str = setting(
        "paper",
        "Whose recipe: the text of the paper, or the code that its authors released (official).",
        source=_OUR_CHOICE,
        choices=PROFILES,
    )

    backbone: str = setting(
        "googlenet",
        f"The network: {backbone_specs.names()}.",
        source="Section 5.1: GoogLeNet V1, pretrained on ILSVRC 2012.",
    )
    weights: str | None = setting(
        None,
        'Base name of the file of pretrained weights, or "imagenet" for those that Keras fetches; '
        "None starts from random ones, or the .keras file's.",
    )
    image_size: int = setting(
        224,
        "Side of the square crops in pixels; images are resized to 256/224 of it.",
        source="Section 5.1: crops of 224 from images resized to 256.",
        at_least=1,
    )
    random_crops: bool = setting(
        True,
        "Crop training images at random places, else at the centre.",
        source='Section 5.1: "randomly crop".',
    )
    crop_last_place: bool = setting(
        True,
        "Let training crops lie at the greatest offset, too: 0 to 32 of 256 - 224, not 0 to 31.",
        source='Section 5.1: "randomly"; all 33 places are our reading.',
    )
    embedding_dim: int = setting(64, "Width k of the embedding.", source="Section 5.1.", at_least=1)
    scale_bias: bool = setting(
        True,
        "Multiply the classifier's bias by alpha, too (eq. 1).",
        source="Equation 1: alpha multiplies z, of which the bias is a part.",
    )
    learned_alpha: bool = setting(
        False,
        "Train alpha with the weights, from 1, instead of setting it; for LN and BN.",
        source="Section 5.2: alpha is given.",
    )
    norm_term: bool = setting(
        True,
        "Keep the factor 1 / ||f|| in the gradient (eq. 11); LN and HLN can leave it out (end of "
        "section 3.3).",
        source='Section 3.3: "we use Eq. (12) to calculate the gradient".',
    )
    hdc_cascade: bool = setting(
        False,
        "Let each head of hdc rank only the pairs that the head before it kept, else all.",
        source="The released code of Yuan et al. (2017), behind their numbers: all.",
    )
    hdc_last_rate: float = setting(
        10.0,
        "Times learning_rate, what the kernels of hdc's last layers learn with; their biases twice "
        "that.",
        source="The released code of Yuan et al. (2017), which fine-tunes a pretrained network.",
        at_least=0.0,
    )
    unbiased_variance: bool = setting(
        False,
        "Average the unbiased variance in batch normalisation, as TensorFlow 1 does.",
        source="Not in the text: Keras' biased one.",
    )
    synchronized_batch_norm: bool = setting(
        False,
        "Take batch normalisation's statistics of the batch of all devices, not of each device's "
        "part; several devices then train as one does. Without unbiased_variance.",
        source="Not in the text: one device.",
    )

    batch_size: int = setting(32, "Images a step.", source="Section 5.1.", at_least=1)
    keep_last_batch: bool = setting(
        True,
        "Train on the last batch of an epoch where it is smaller, too; else its images, others in "
        "every epoch, are left out. Batches that a method draws by class are always whole.",
        source=_NOT_IN_THE_TEXT,
    )
    label_smoothing: float = setting(
        0.0,
        "Share of every label that is spread evenly over all classes; 0.1 in the released code's "
        "baseline, with SM.",
        source="Equation 2: the label's distribution is a Dirac delta.",
        at_least=0.0,
        below=1.0,
    )
    loss_setting: float | None = setting(
        None,
        "The number of a compared system's loss: the margin of triplet, lifted, smart_mining, hdc "
        "and fashionnet, clustering's gamma, proxy_nca's scale; by default the loss's own.",
        source="hsm.losses gives the sources.",
        at_least=0.0,
    )
    optimizer: str = setting(
        "sgd",
        "What updates the weights: sgd, with momentum, or adam.",
        source="Section 5.1, for Cars196, CUB200 and In-shop.",
        choices=("sgd", "adam"),
    )
    momentum: float = setting(0.9, "Momentum of sgd.", source="Section 5.1.", at_least=0.0)
    raw_momentum: bool = setting(
        False,
        "Keep the learning rate out of sgd's momentum, as TensorFlow 1 does: gradients from before "
        "the switch then count with the new rate.",
        source="Not in the text: Keras' SGD.",
    )
    adam_epsilon: float = setting(
        1e-7,
        "Epsilon of adam; 0.01 where optimizer=adam replaces a recipe's sgd. With one as small as "
        "Keras' 1e-7 the first steps can destroy pretrained weights.",
        source="Keras' default, without effect: recipes with adam have their own.",
        at_least=0.0,
    )
    precision: str = setting(
        "float32",
        "Arithmetic of the backbone. mixed_bfloat16 is about twice as fast on processors with "
        "AVX-512 BF16 or AMX. Where a processor only emulates it, nothing is trained unless "
        "that is allowed.",
        source=_OUR_CHOICE,
        choices=("float32", "mixed_bfloat16", "mixed_float16"),
    )
    xla: bool = setting(
        False,
        "Compile training steps with XLA, which takes a while at the start.",
        source=_OUR_CHOICE,
    )
    warm_up: bool = setting(
        False,
        "Before training, move the averages of batch normalisation over an epoch of central crops, "
        "and nothing else.",
        source=_NOT_IN_THE_TEXT,
    )
    class_mean_init: bool = setting(
        False,
        "Before training, set the classifier's weights to the training classes' mean features.",
        source=_NOT_IN_THE_TEXT,
    )
    limit: int | None = setting(
        None, "Images a split, class-balanced, for trying things out; None takes all."
    )

    alpha: float = setting(
        16.0,
        "Reciprocal of the temperature before the switch (eq. 1); SM has 1 whatever is given.",
        source="Section 5.1.",
    )
    learning_rate: float = setting(
        0.004,
        "Learning rate before the switch, and throughout for SM, LN and BN.",
        source="Section 5.1.",
    )
    epochs: int = setting(
        40,
        "Epochs before the switch.",
        source='Section 5.1 says "within 50" in all; 40 + 10 is our choice.',
        at_least=1,
    )
    heated_epochs: int = setting(
        10,
        "Epochs after the switch; SM, LN and BN train as many further ones unheated.",
        source="Our choice, see epochs.",
        at_least=0,
    )
    heating: str = setting(
        "switch",
        "How HLN and HBN heat up: at a switch, or gradually from the start (section 3.4, "
        "strategies ii and i).",
        source="Section 3.4: strategy (ii).",
        choices=("switch", "gradual"),
    )
    heated_alpha: float = setting(
        4.0, "Reciprocal of the temperature after the switch.", source="Section 5.1."
    )
    heated_learning_rate: float | None = setting(
        None,
        "Learning rate after the switch; where none is given, a tenth of learning_rate.",
        source="Section 5.1: a tenth of the rate.",
    )
    gradual_every: int = setting(
        10,
        "Epochs between two steps of gradual heating.",
        source=_STRATEGY_I,
        at_least=1,
    )
    gradual_alpha_divisor: float = setting(
        1.41, "What such a step divides alpha by.", source=_STRATEGY_I
    )
    gradual_rate_factor: float = setting(
        0.562, "What such a step multiplies the learning rate with.", source=_STRATEGY_I
    )
    decay_every: int | None = setting(
        None,
        "Epochs between two steps of the learning rate of a compared system; none where none is "
        "given.",
        source=_OUR_CHOICE,
        at_least=1,
    )
    decay_factor: float = setting(
        1.0,
        "What such a step multiplies the rate with; together with decay_every.",
        source=_OUR_CHOICE,
        at_least=0.0,
    )

    eval_every: int = setting(
        5,
        "Epochs between evaluations; the switch and the end are always evaluated.",
        source="Our choice: the last epoch is what tables show.",
        at_least=1,
    )
    test_batch_size: int = setting(
        100,
        "Images embedded at once to be scored.",
        source="Our choice; it decides no result.",
        at_least=1,
    )
    test_epsilon: float = setting(
        0.0,
        "Added to a tested feature's squared length before it is divided by its root, on the scale "
        "of the released code's features.",
        source="Section 5.2: l2-normalized.",
        at_least=0.0,
    )
    ks: tuple[int, ...] = setting(
        (1, 2, 4, 8),
        "The K of Recall@K.",
        source="Table 1 has 1, 2 and 4 for Cars196 and CUB200.",
    )
    kmeans_starts: int = setting(
        10,
        "Starts of k-means, of which the best counts.",
        source="Not in the text: as the released code.",
        at_least=1,
    )
    nmi: str = setting(
        "arithmetic",
        "Mean of the entropies in the NMI that tables show.",
        source="Section 5.2 cites Schütze et al. (2008), whose mean this is.",
        choices=("arithmetic", "geometric"),
    )

    def __post_init__(self) -> None:
        check(self)
        if self.epochs + self.heated_epochs > _MOST_EPOCHS:
            raise ValueError(
                f"expected epochs and heated_epochs to be {_MOST_EPOCHS} or fewer together. "
                f"Received: epochs={self.epochs}, heated_epochs={self.heated_epochs}"
            )
        if self.synchronized_batch_norm and self.unbiased_variance:
            raise ValueError(
                "expected synchronized_batch_norm or unbiased_variance, not both: the unbiased "
                "variance counts the images of one device. Received: both are true"
            )
        if (self.decay_every is None) != (self.decay_factor == 1.0) or self.decay_factor > 1.0:
            raise ValueError(
                "decay_every and decay_factor go together: expected a number of epochs and a "
                f"factor below 1. Received: decay_every={self.decay_every}, "
                f"decay_factor={self.decay_factor:g}"
            )
        backbone_specs.check_backbone(self.backbone, self.weights, self.precision)
        if not self.ks or min(self.ks) < 1:
            raise ValueError(f"expected ks to be positive numbers. Received: ks={self.ks}")
