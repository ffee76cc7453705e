"""A backbone of one's own: `--import=my_backbone --backbone=two_convolutions`."""

from hsm.models.backbone_specs import BackboneSpec, register_backbone


def build(input_shape, *, dtype=None, seed=None):
    """From RGB pixel values 0..255 to 32 pooled features."""
    import keras

    images = keras.Input(input_shape)
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, dtype=dtype)(images)
    for index, filters in enumerate((16, 32)):
        initializer = keras.initializers.HeNormal(seed=None if seed is None else seed + index)
        x = keras.layers.Conv2D(
            filters, 3, strides=2, activation="relu", kernel_initializer=initializer, dtype=dtype
        )(x)
    x = keras.layers.GlobalAveragePooling2D(dtype="float32")(x)
    return keras.Model(images, x)


register_backbone(BackboneSpec(name="two_convolutions", build=build))
