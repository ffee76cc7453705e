"""What layers, losses and schedule give on one backend of Keras, as JSON: a program of its own.

    KERAS_BACKEND=jax python on_backend.py

Values and gradients are of the inputs and weights that the seeds below say, so that those of two
backends can be compared. What refuses the backend has its sentence in place of them.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import ops

from hsm import layers, losses
from hsm.schedules import HeatUp
from hsm.training import HeatUpCallback

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(6, 8)).astype(np.float32)
IMAGES = RNG.uniform(0, 255, size=(2, 6, 6, 3)).astype(np.float32)
EMBEDDINGS = RNG.normal(size=(12, 6)).astype(np.float32)
DISTANCES = RNG.uniform(0.0, 4.0, size=(12, 6)).astype(np.float32)
LANDMARKS = RNG.integers(0, 2, size=(12, 2, 3))
ATTRIBUTES = RNG.integers(-1, 2, size=(12, 6))
CLASSES = np.array([0, 0, 0, 1, 1, 2, 2, 2, 1, 3, 3, 0])
TRIPLETS = np.array([0, 1, 2, 3, 0, 1, 2, 3, 1, 2, 3, 0])

LAYERS = {
    "BGRPixels": ({}, IMAGES),
    "CeilMaxPooling2D": ({"pool_size": 2}, IMAGES),
    "ExampleDropout": ({"rate": 0.5, "seed": 3}, FEATURES),
    "L2Normalize": ({"axis": 1, "epsilon": 1e-6, "norm_term": False}, FEATURES),
    "LocalResponseNormalization": ({}, IMAGES),
    "Proxies": ({"units": 3}, FEATURES),
    "ScalelessBatchNorm": ({"epsilon": 0.01, "unbiased_variance": True}, FEATURES),
    "TemperatureSoftmaxDense": ({"units": 3, "alpha": 4.0, "learn_alpha": True}, FEATURES),
    "UnbiasedBatchNormalization": ({"momentum": 0.5}, FEATURES),
}
LOSSES = {
    "AttributeCrossEntropy": ({"positive_weight": [2.0] * 6}, ATTRIBUTES, EMBEDDINGS),
    "DeepSpectralClustering": ({}, CLASSES, EMBEDDINGS),
    "FacilityLocation": ({"gamma": 3.0, "rounds": 2}, CLASSES, EMBEDDINGS),
    "HardAwareContrastive": ({"shares": (1.0, 0.6), "cascade": True}, CLASSES, EMBEDDINGS),
    "LandmarkRegression": ({}, LANDMARKS, EMBEDDINGS[:, :4].reshape(12, 2, 2)),
    "LiftedStructure": ({"margin": 2.0}, CLASSES, EMBEDDINGS),
    "ProxyNCA": ({"scale": 3.0, "assignment": "dynamic"}, CLASSES, DISTANCES),
    "TripletMargin": ({"margin": 2.0}, TRIPLETS, EMBEDDINGS),
    "TripletRatio": ({"global_weight": 0.5}, TRIPLETS, EMBEDDINGS),
    "TripletSemiHard": ({"margin": 2.0}, CLASSES, EMBEDDINGS),
}


def value_and_gradient(function, point):
    """A scalar function of an array: its value, and its gradient at `point`, in NumPy."""
    backend = keras.config.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        inputs = tf.constant(point)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            value = function(inputs)
        gradient = tape.gradient(value, inputs)
    elif backend == "jax":
        import jax

        value, gradient = jax.value_and_grad(function)(point)
    else:
        inputs = ops.convert_to_tensor(point).requires_grad_()
        value = function(inputs)
        value.backward()
        gradient = inputs.grad
    return ops.convert_to_numpy(value), ops.convert_to_numpy(gradient)


def layer_result(name):
    """Outputs in inference and in training, the gradient, and whether a saved model is the same."""
    arguments, inputs = LAYERS[name]
    layer = getattr(layers, name)(**arguments, name="layer")
    config = json.loads(json.dumps(layer.get_config()))
    model = keras.Sequential([keras.Input(inputs.shape[1:]), layer])
    rng = np.random.default_rng(2)
    for variable in layer.variables:
        variable.assign(rng.uniform(0.5, 2.0, variable.shape))
    output = ops.convert_to_numpy(layer(inputs))
    value, gradient = value_and_gradient(lambda x: ops.mean(layer(x) ** 2), inputs)
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model.keras")
        loaded = keras.models.load_model(Path(folder) / "model.keras")
    return {
        "output": output.tolist(),
        "value": float(value),
        "gradient": gradient.tolist(),
        "training": ops.convert_to_numpy(layer(inputs, training=True)).tolist()
        if "training" in layer._call_signature.parameters
        else None,
        "same_after_saving": bool(np.array_equal(ops.convert_to_numpy(loaded(inputs)), output)),
        "same_config": json.loads(json.dumps(layer.get_config())) == config,
    }


def loss_result(name):
    """Value and gradient, whether the configuration round-trips, and the losses of a training."""
    arguments, labels, outputs = LOSSES[name]
    loss = getattr(losses, name)(**arguments)
    again = keras.losses.deserialize(json.loads(json.dumps(keras.losses.serialize(loss))))
    value, gradient = value_and_gradient(lambda x: loss(labels, x), outputs)
    return {
        "value": float(value),
        "gradient": gradient.tolist(),
        "same_config": again.get_config() == loss.get_config(),
        "history": loss_history(loss, labels, outputs.shape[1:]),
    }


def loss_history(loss, labels, shape):
    """The losses of some epochs of `model.fit` on a linear map."""
    first = keras.layers.Dense(int(np.prod(shape)), use_bias=False)
    model = keras.Sequential([keras.Input((8,)), first, keras.layers.Reshape(shape)])
    # Every backend draws its own.
    first.kernel.assign(np.random.default_rng(3).normal(0.0, 0.1, first.kernel.shape))
    model.compile(keras.optimizers.Adam(0.01), loss=loss, jit_compile=False)
    kind = labels if labels.ndim == 1 else np.arange(12) % 4
    x = 2.0 * np.eye(8)[kind] + 0.3 * np.random.default_rng(2).normal(size=(12, 8))
    history = model.fit(x, labels, batch_size=12, shuffle=False, epochs=10, verbose=0)
    return history.history["loss"]


def heated():
    """Alpha, rate and loss of every epoch of a network that heats up in `model.fit`."""
    keras.utils.set_random_seed(0)
    images = keras.Input((8,))
    unit = layers.L2Normalize()(keras.layers.Dense(8)(images))
    model = keras.Model(images, layers.TemperatureSoftmaxDense(4)(unit))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss, jit_compile=False)
    x = 2.0 * np.eye(8)[CLASSES] + 0.3 * np.random.default_rng(2).normal(size=(12, 8))
    schedule = HeatUp(epochs=4, heated_epochs=2, learning_rate=0.1)
    fitted = model.fit(x, CLASSES, epochs=6, verbose=0, callbacks=[HeatUpCallback(schedule)])
    return fitted.history


def result_or_refusal(result, name):
    """What `result` gives, or the sentence with which the backend is refused."""
    try:
        return result(name)
    except RuntimeError as error:
        return {"refused": str(error)}


if __name__ == "__main__":
    found = {
        "layers": {name: result_or_refusal(layer_result, name) for name in LAYERS},
        "losses": {name: result_or_refusal(loss_result, name) for name in LOSSES},
        "heated": heated(),
        "backend": keras.config.backend(),
    }
    json.dump(found, sys.stdout)
