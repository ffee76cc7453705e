"""The methods SM, LN and BN: a backbone and the head that turns a classifier into an embedding."""

from __future__ import annotations

import copy
from dataclasses import asdict
from typing import Any

import keras
import numpy as np
from keras import ops

from hsm.layers import L2Normalize, Proxies, TemperatureSoftmaxDense
from hsm.models.head import HEADS, Head, HeadOptions
from hsm.models.head_layers import (
    make_bottleneck,
    make_normalization,
    tapped,
    variance_scaling,
)
from hsm.models.seeds import initializer_seeds


@keras.saving.register_keras_serializable(package="hsm")
class EmbeddingModel(keras.Model):
    """Backbone, bottleneck, normalisation and temperature softmax: a method of section 5.2.

    With f = V^T backbone(images) + c the bottleneck's output of k dimensions,

        SM: logits = alpha * (f @ W + b)                                alpha = 1
        LN: logits = alpha * (f / ||f|| @ W_hat + b)                    alpha = 16
        BN: logits = alpha * (BN(f) / sqrt(k) @ W_hat + b), c = 0       alpha = 16

    HLN and HBN are LN and BN trained on with a smaller alpha. The feature that section 5.2
    evaluates is f (SM, LN) or BN(f) / sqrt(k) (BN), and the embedding is the feature at unit
    length. A `Head` makes other methods: with proxies instead of the softmax's classifier, or
    without a classifier, whose output are the normalised features.

    The model is built when it is constructed. Its head is float32 under every dtype policy; the
    backbone has its own.

    Attributes:
        backbone: the model from images to pooled features [b, d].
        bottleneck: dense layer to k dimensions; without bias for BN, whose offset replaces it.
        normalization: `keras.layers.Identity` (SM), `L2Normalize` (LN), `ScalelessBatchNorm` (BN).
        classifier: `TemperatureSoftmaxDense`, its kernel normalised for LN and BN; `Proxies`; or
            `keras.layers.Identity`.
        alpha: the classifier's variable, float32 scalar; None if it has none.

    Args:
        backbone: Keras model from RGB pixel values 0..255, [b, h, w, 3], to features [b, d].
        method: "SM", "LN" or "BN"; or the `Head` of another method.
        num_classes: the number of training classes; at least 1.
        embedding_dim: the number k of dimensions; at least 1.
        alpha: initial reciprocal of the temperature; None for the method's own, given above.
        scale_bias: whether alpha multiplies the classifier's bias; False as the released code.
        options: further departures from section 5.2; None for none.
        seed: makes the head's initialisation reproducible; None leaves it random.
        **kwargs: `name` and `dtype` of `keras.Model`.

    Raises:
        ValueError: If `method` is unknown, a number is out of range, an option does not go with the
            method, or the backbone's output is not [b, d].

    Reference:
        Heated-Up Softmax Embedding, sections 3.3, 3.4, 5.1 and 5.2.
    """

    def __init__(  # noqa: PLR0913
        self,
        backbone: keras.Model,
        method: str | Head = "SM",
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
        self.head = method if isinstance(method, Head) else HEADS[method]
        self.initial_alpha = self.head.default_alpha if alpha is None else alpha
        self.scale_bias = scale_bias
        self.options = options or HeadOptions()
        self.options.check(self.head, method)
        self.seed = seed
        self._make_head()
        self.build(backbone.input_shape)

    def _make_head(self) -> None:
        """Make bottleneck, normalisation and classifier."""
        bottleneck_seed, classifier_seed = initializer_seeds(self.seed, "head", 2)
        reader = tapped(self.backbone, self.head)
        # A method, because Keras would keep a model as a second owner of the backbone's layers.
        self._read, self._read_shape = reader.__call__, reader.output_shape
        self.bottleneck = make_bottleneck(
            self.head, self.options, self.embedding_dim, bottleneck_seed
        )
        self.normalization = make_normalization(self.head, self.options, self.embedding_dim)
        self._unit_length = L2Normalize(name="unit_length")
        self.classifier = self._make_classifier(variance_scaling(1.0, classifier_seed))

    def _make_classifier(self, initializer: keras.Initializer) -> keras.layers.Layer:
        if self.head.classifier == "none":
            return keras.layers.Identity(dtype="float32", name="classifier")
        if self.head.classifier == "proxies":
            return Proxies(self.num_classes, initializer=initializer, name="proxies")
        return TemperatureSoftmaxDense(
            self.num_classes,
            self.initial_alpha,
            normalize_kernel=self.head.normalize_kernel,
            scale_bias=self.scale_bias,
            learn_alpha=self.options.learn_alpha,
            kernel_initializer=initializer,
            name="classifier",
        )

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the head's weights; the backbone has its own."""
        self.bottleneck.build(self._read_shape)
        features = (None, self.embedding_dim)
        for layer in (self.normalization, self.classifier, self._unit_length):
            layer.build(features)

    @property
    def alpha(self) -> keras.Variable | None:
        """The reciprocal of the temperature, the classifier's variable; assigning keeps it.

        None if the classifier is no softmax.
        """
        return getattr(self.classifier, "alpha", None)

    @alpha.setter
    def alpha(self, value: float) -> None:
        self.classifier.alpha = value

    def call(self, images: Any, training: bool = False) -> Any:
        """Return what the loss sees of `images` [b, h, w, 3], RGB values 0..255.

        Returns:
            float32: logits [b, num_classes]; squared distances to the proxies [b, num_classes]; or,
            without a classifier, the normalised features [b, k].
        """
        bottleneck = self._bottleneck(images, training)
        return self.classifier(self.normalization(bottleneck, training=training))

    def features(self, images: Any, training: bool = False) -> Any:
        """Return the vectors that section 5.2 evaluates, before they get unit length.

        Args:
            images: RGB pixel values 0..255, [b, h, w, 3], of any dtype.
            training: whether batch normalisation uses the batch's statistics.

        Returns:
            float32 [b, k]: the bottleneck's output (SM, LN) or BN of it over sqrt(k) (BN).
        """
        bottleneck = self._bottleneck(images, training)
        if self.head.feature_after_normalization:
            return self.normalization(bottleneck, training=training)
        return bottleneck

    def logits(self, features: Any) -> Any:
        """Return what `call` does, float32, of what `features` returned, [b, k]."""
        if self.head.feature_after_normalization:
            return self.classifier(features)
        return self.classifier(self.normalization(features))

    def embed(self, images: Any) -> Any:
        """Return the unit-length embeddings, float32 [b, k], of `images` [b, h, w, 3]."""
        return self._unit_length(self.features(images))

    def read(self, images: Any, training: bool = False) -> Any:
        """Return what the bottleneck reads of `images`: the pooled feature, or maps too."""
        return self._read(ops.cast(images, "float32"), training=training)

    def _bottleneck(self, images: Any, training: bool) -> Any:
        """Return f, float32 [b, k]."""
        return self.bottleneck(self.read(images, training=training), training=training)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, the backbone serialised."""
        return {
            **super().get_config(),
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "method": asdict(self.method) if isinstance(self.method, Head) else self.method,
            "num_classes": self.num_classes,
            "embedding_dim": self.embedding_dim,
            "alpha": self.initial_alpha,
            "scale_bias": self.scale_bias,
            "options": asdict(self.options),
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> EmbeddingModel:
        """Build the model of `get_config()`; weights are initialised anew."""
        # Keras empties the configuration of a functional model that it deserialises.
        backbone_config = copy.deepcopy(config["backbone"])
        backbone = keras.saving.deserialize_keras_object(backbone_config, custom_objects)
        method, options = config["method"], HeadOptions(**config["options"])
        method = Head(**method) if isinstance(method, dict) else method
        return cls(**{**config, "backbone": backbone, "method": method, "options": options})


def _check_arguments(
    backbone: keras.Model, method: str | Head, *, num_classes: int, embedding_dim: int
) -> None:
    """Raise ValueError if the arguments of `EmbeddingModel` break its rules."""
    if not isinstance(method, Head) and method not in HEADS:
        raise ValueError(
            f"expected one of {', '.join(HEADS)}, or a Head; HLN and HBN are LN and BN trained "
            f"with a heated schedule. Received: method={method!r}"
        )
    for name, value in (("num_classes", num_classes), ("embedding_dim", embedding_dim)):
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
            raise ValueError(
                f"expected {name} to be an integer of at least 1. Received: {name}={value!r}"
            )
    shape = tuple(backbone.output_shape)
    if len(shape) != 2 or shape[-1] is None:
        raise ValueError(
            "expected a backbone with pooled features [b, d] as its output. Received: "
            f"backbone.output_shape={shape}. Add a global pooling layer, or leave out its top."
        )
