"""The methods SM, LN and BN: a backbone and the head that turns a classifier into an embedding."""

from __future__ import annotations

import copy
from dataclasses import asdict
from typing import Any

import keras
import numpy as np
from keras import ops

from hsm.layers import L2Normalize, TemperatureSoftmaxDense
from hsm.models.head import METHODS, HeadOptions, make_normalization
from hsm.models.seeds import initializer_seeds

_DEFAULT_ALPHA = {"SM": 1.0, "LN": 16.0, "BN": 16.0}  # Section 5.2.


@keras.saving.register_keras_serializable(package="hsm")
class EmbeddingModel(keras.Model):
    """Backbone, bottleneck, normalisation and temperature softmax: a method of section 5.2.

    With f = V^T backbone(images) + c the bottleneck's output of k dimensions,

        SM: logits = alpha * (f @ W + b)                                alpha = 1
        LN: logits = alpha * (f / ||f|| @ W_hat + b)                    alpha = 16
        BN: logits = alpha * (BN(f) / sqrt(k) @ W_hat + b), c = 0       alpha = 16

    HLN and HBN are LN and BN trained on with a smaller alpha. The feature that section 5.2
    evaluates is f (SM, LN) or BN(f) / sqrt(k) (BN), and the embedding is the feature at unit
    length.

    The model is built when it is constructed. Its head is float32 under every dtype policy; the
    backbone has its own.

    Attributes:
        backbone: The model from images to pooled features [b, d].
        bottleneck: Dense layer to k dimensions; without bias for BN, whose offset replaces it.
        normalization: `keras.layers.Identity` (SM), `L2Normalize` (LN), `ScalelessBatchNorm` (BN).
        classifier: `TemperatureSoftmaxDense`; its kernel is normalised for LN and BN.
        alpha: The classifier's variable, float32 scalar.

    Args:
        backbone: Keras model from RGB pixel values 0..255, [b, h, w, 3], to features [b, d].
        method: "SM", "LN" or "BN".
        num_classes: The number of training classes; at least 1.
        embedding_dim: The number k of dimensions; at least 1.
        alpha: Initial reciprocal of the temperature; None for the method's own, given above.
        scale_bias: Whether alpha multiplies the classifier's bias; False as the released code.
        options: Further departures from section 5.2; None for none.
        seed: Makes the head's initialisation reproducible; None leaves it random.
        **kwargs: `name` and `dtype` of `keras.Model`.

    Raises:
        ValueError: If `method` is unknown, a number is out of range, an option does not go with the
            method, or the backbone's output is not [b, d].

    Reference:
        Heated-Up Softmax Embedding, sections 3.3, 3.4, 5.1 and 5.2.
    """

    def __init__(
        self,
        backbone: keras.Model,
        method: str = "SM",
        *,
        num_classes: int,
        embedding_dim: int = 64,
        alpha: float | None = None,
        scale_bias: bool = True,
        options: HeadOptions | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(autocast=False, **kwargs)
        _check_arguments(backbone, method, num_classes=num_classes, embedding_dim=embedding_dim)
        self.backbone = backbone
        self.method = method
        self.num_classes = int(num_classes)
        self.embedding_dim = int(embedding_dim)
        self.initial_alpha = _DEFAULT_ALPHA[method] if alpha is None else alpha
        self.scale_bias = scale_bias
        self.options = options or HeadOptions()
        self.options.check(method)
        self.seed = seed
        self._make_head()
        self.build(backbone.input_shape)

    def _make_head(self) -> None:
        """Makes bottleneck, normalisation and classifier."""
        bottleneck_seed, classifier_seed = initializer_seeds(self.seed, "head", 2)
        scaled = keras.initializers.VarianceScaling
        self.bottleneck = keras.layers.Dense(
            self.embedding_dim,
            use_bias=self.method != "BN",
            kernel_initializer=scaled(2.0, "fan_in", "truncated_normal", seed=bottleneck_seed),
            dtype="float32",
            name="bottleneck",
        )
        self.normalization = make_normalization(self.method, self.options)
        self._unit_length = L2Normalize(name="unit_length")
        self.classifier = TemperatureSoftmaxDense(
            self.num_classes,
            self.initial_alpha,
            normalize_kernel=self.method != "SM",
            scale_bias=self.scale_bias,
            learn_alpha=self.options.learn_alpha,
            kernel_initializer=scaled(1.0, "fan_in", "truncated_normal", seed=classifier_seed),
            name="classifier",
        )

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the head's weights; the backbone has its own."""
        self.bottleneck.build(self.backbone.output_shape)
        features = (None, self.embedding_dim)
        for layer in (self.normalization, self.classifier, self._unit_length):
            layer.build(features)

    @property
    def alpha(self) -> keras.Variable:
        """The reciprocal of the temperature, the classifier's variable; assigning keeps it."""
        return self.classifier.alpha

    @alpha.setter
    def alpha(self, value: float) -> None:
        self.classifier.alpha = value

    def call(self, images: Any, training: bool = False) -> Any:
        """Returns the logits, float32 [b, num_classes], of `images` [b, h, w, 3] in 0..255."""
        bottleneck = self._bottleneck(images, training)
        return self.classifier(self.normalization(bottleneck, training=training))

    def features(self, images: Any, training: bool = False) -> Any:
        """Returns the vectors that section 5.2 evaluates, before they get unit length.

        Args:
            images: RGB pixel values 0..255, [b, h, w, 3], of any dtype.
            training: Whether batch normalisation uses the batch's statistics.

        Returns:
            float32 [b, k]: the bottleneck's output (SM, LN) or BN of it over sqrt(k) (BN).
        """
        bottleneck = self._bottleneck(images, training)
        if self.method == "BN":
            return self.normalization(bottleneck, training=training)
        return bottleneck

    def logits(self, features: Any) -> Any:
        """Returns the logits, float32 [b, num_classes], of what `features` returned, [b, k]."""
        if self.method == "BN":
            return self.classifier(features)
        return self.classifier(self.normalization(features))

    def embed(self, images: Any) -> Any:
        """Returns the unit-length embeddings, float32 [b, k], of `images` [b, h, w, 3]."""
        return self._unit_length(self.features(images))

    def _bottleneck(self, images: Any, training: bool) -> Any:
        """Returns f, float32 [b, k]."""
        pooled = self.backbone(ops.cast(images, "float32"), training=training)
        return self.bottleneck(pooled)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments, the backbone serialised."""
        return {
            **super().get_config(),
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "method": self.method,
            "num_classes": self.num_classes,
            "embedding_dim": self.embedding_dim,
            "alpha": self.initial_alpha,
            "scale_bias": self.scale_bias,
            "options": asdict(self.options),
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> EmbeddingModel:
        """Builds the model of `get_config()`; weights are initialised anew."""
        # Keras empties the configuration of a functional model that it deserialises.
        backbone_config = copy.deepcopy(config["backbone"])
        backbone = keras.saving.deserialize_keras_object(backbone_config, custom_objects)
        options = HeadOptions(**config["options"])
        return cls(**{**config, "backbone": backbone, "options": options})


def _check_arguments(
    backbone: keras.Model, method: str, *, num_classes: int, embedding_dim: int
) -> None:
    """Raises ValueError if the arguments of `EmbeddingModel` break its rules."""
    if method not in METHODS:
        raise ValueError(
            "expected one of SM, LN, BN; HLN and HBN are LN and BN trained with a heated schedule. "
            f"Received: method={method!r}"
        )
    for name, value in (("num_classes", num_classes), ("embedding_dim", embedding_dim)):
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
            raise ValueError(
                f"expected {name} to be an integer of at least 1. Received: {name}={value!r}"
            )
    shape = tuple(backbone.output_shape)
    if len(shape) != 2 or shape[-1] is None:
        raise ValueError(
            "expected a backbone with pooled features [b, d] as its output; add a global pooling "
            f"layer or leave out its top. Received: backbone.output_shape={shape}"
        )
