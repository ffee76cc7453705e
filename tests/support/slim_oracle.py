"""TF-slim's own Inception V1: random weights, its checkpoints, and what every operation gives.

    python slim_oracle.py FOLDER

Runs in a process of its own, because slim builds graphs of TensorFlow 1. Writes
`inception_v1.ckpt` in both formats of checkpoints, into FOLDER/v1/ and FOLDER/v2/, and of every
case FOLDER/<case>.npz: `images` (RGB values 0..255), and each operation's output under its name
without the outer scopes; `moving/...` are the averages after one update.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

# tf-slim looks for it where tf_keras had it before 2.16.
sys.modules["tf_keras.legacy_tf_layers"] = importlib.import_module("tf_keras.src.legacy_tf_layers")

from tf_slim.layers import layers as slim_layers  # noqa: E402
from tf_slim.nets import inception_v1 as slim  # noqa: E402

v1 = tf.compat.v1
SHAPES = {"even": (2, 224, 224, 3), "odd": (2, 75, 90, 3), "training": (6, 96, 96, 3)}
OPERATIONS = {"Conv2D", "FusedBatchNormV3", "Relu", "MaxPool", "ConcatV2", "AvgPool"}


def build(case: str) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Builds one graph; returns its input and its operations' outputs."""
    pixels = v1.placeholder(tf.float32, SHAPES[case])
    inputs = (pixels / 255 - 0.5) * 2
    training = case == "training"
    with slim.arg_scope(slim.inception_v1_arg_scope()):
        if case == "even":
            slim.inception_v1(inputs, num_classes=11, is_training=training)
        else:
            with slim.arg_scope([slim_layers.batch_norm], is_training=training):
                slim.inception_v1_base(inputs)
    operations = v1.get_default_graph().get_operations()
    chosen = [o for o in operations if o.type in OPERATIONS and o.name.startswith("InceptionV1/")]
    return pixels, {o.name.split("InceptionV1/")[-1]: o.outputs[0] for o in chosen}


def randomize(session: tf.compat.v1.Session) -> None:
    """Draws weights that keep activations of the order of 1, and statistics unlike 0 and 1."""
    rng = np.random.default_rng(0)
    for variable in v1.global_variables():
        shape, name = variable.shape.as_list(), variable.op.name
        if name.endswith("weights"):
            value = rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)
        elif name.endswith("moving_variance"):
            value = rng.uniform(0.5, 2, shape)
        else:
            value = rng.normal(0, 0.3, shape)
        session.run(variable.initializer, {variable.initial_value: value})


def save(session: tf.compat.v1.Session, folder: Path) -> None:
    """Writes the checkpoint in both formats."""
    for version in ("v1", "v2"):
        (folder / version).mkdir()
        saver = v1.train.Saver(write_version=getattr(v1.train.SaverDef, version.upper()))
        saver.save(session, str(folder / version / "inception_v1.ckpt"), write_meta_graph=False)


def main(folder: Path) -> None:
    for case, shape in SHAPES.items():
        with tf.Graph().as_default(), v1.Session() as session:
            pixels, outputs = build(case)
            if case == "even":
                randomize(session)
                save(session, folder)
            else:
                v1.train.Saver().restore(session, str(folder / "v2" / "inception_v1.ckpt"))
            images = np.random.default_rng(1).integers(0, 256, shape)
            updates = v1.get_collection(v1.GraphKeys.UPDATE_OPS)
            arrays, _ = session.run([outputs, updates], {pixels: images})
            moving = {f"moving/{v.op.name}": v for v in v1.get_collection("moving_vars")}
            np.savez(folder / f"{case}.npz", images=images, **arrays, **session.run(moving))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
