"""Weight files and saved models, of networks of a few hundred weights."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import h5py  # type: ignore[import-untyped]
import keras
import numpy as np
import tensorflow as tf

from fuzzing.archives import craft_zip, odd_array
from fuzzing.damage import HOSTILE, changed_json, damaged
from fuzzing.form import Format, digest, expect
from hsm.models.keras_file import read_keras_file
from hsm.models.weight_files.caffe_schema import new_net_parameter
from hsm.models.weight_files.slim import variable_name
from hsm.models.weight_files.weights import load_weights

_SIDE = 8


@functools.cache
def _network() -> keras.Model:
    """Return a convolution with batch normalisation, and a dense layer."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((_SIDE, _SIDE, 3))
    x = keras.layers.Conv2D(4, 3, name="Conv2d_1a_7x7")(inputs)
    x = keras.layers.BatchNormalization(scale=False, name="Conv2d_1a_7x7.BatchNorm")(x)
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(x), name="network")


@functools.cache
def _plain_network() -> keras.Model:
    """Return what Caffe's files can hold: kernels and biases."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((_SIDE, _SIDE, 3))
    x = keras.layers.Conv2D(4, 3, name="conv1.7x7")(inputs)
    x = keras.layers.Dense(5, name="classifier")(keras.layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, x, name="plain_network")


def _loaded(network: Callable[[], keras.Model], file: str, folder: Path) -> str:
    """Load the weights of `file` in `folder`, and return a digest of all that were set."""
    model = network()
    for variable in model.variables:
        variable.assign(np.full(variable.shape, 7.0))
    load_weights(model, folder / file)
    return _weights(model)


def _weights(model: keras.Model) -> str:
    arrays = [np.asarray(variable) for variable in model.variables]
    for array in arrays:
        expect(bool(np.isfinite(array).all()), "weights that are not finite")
    return digest(*arrays)


# Caffe


def _build_caffe(folder: Path) -> None:
    net = new_net_parameter()
    net.name = "test"
    chance = np.random.default_rng(0)
    shapes = {"conv1/7x7": [(4, 3, 3, 3), (4,)], "classifier": [(5, 4), (5,)]}
    for name, of_blobs in shapes.items():
        layer = net.layer.add(name=name, type="Convolution" if "/" in name else "InnerProduct")
        for shape in of_blobs:
            blob = layer.blobs.add()
            blob.data.extend(chance.normal(size=shape).astype(np.float32).ravel())
            blob.shape.dim.extend(shape)
    (folder / "net.caffemodel").write_bytes(net.SerializeToString())


def _craft_caffe(folder: Path, chance: Random) -> None:
    path = folder / "net.caffemodel"
    net = new_net_parameter()
    net.ParseFromString(path.read_bytes())
    layer = chance.choice(list(net.layer))
    blob = chance.choice(list(layer.blobs))
    match chance.randrange(9):
        case 0:
            blob.data[chance.randrange(len(blob.data))] = chance.choice((np.nan, np.inf, -np.inf))
        case 1:
            size = chance.choice((-1, 0, 2**40, 2**62, 7))
            blob.shape.dim[chance.randrange(len(blob.shape.dim))] = size
        case 2:
            blob.shape.dim.extend([1] * chance.choice((1, 40, 100)))
        case 3:
            values = [*blob.data[:-1], chance.choice((1e300, 0.5))]
            del blob.data[:]
            blob.double_data.extend(values)
        case 4:
            del blob.data[:]
        case 5:
            layer.name = chance.choice(("", "other", "conv1.7x7"))
        case 6:
            net.layer.add().CopyFrom(layer)
        case 7:
            del layer.blobs[-1]
        case _:
            blob.ClearField("shape")
            blob.num, blob.channels = chance.choice((-1, 2**31 - 1, 4)), -4
    path.write_bytes(net.SerializeToString())


# HDF5


def _build_h5(folder: Path) -> None:
    network = _network()
    keras.utils.set_random_seed(1)
    for variable in network.variables:
        variable.assign(np.random.default_rng(1).uniform(0.1, 1, variable.shape))
    network.save_weights(folder / "net.weights.h5")


def _craft_h5(folder: Path, chance: Random) -> None:
    _craft_h5_file(folder / "net.weights.h5", chance)


def _craft_h5_file(path: Path, chance: Random) -> None:
    with h5py.File(path, "r+") as file:
        datasets: list[h5py.Dataset] = []
        file.visititems(lambda _, item: datasets.append(item) if hasattr(item, "shape") else None)
        item = chance.choice(sorted(datasets, key=lambda dataset: dataset.name))
        parent, name, array = item.parent, item.name.rsplit("/", 1)[1], item[()]
        match chance.randrange(9):
            case 0:
                del parent[name]
                parent.create_dataset(name, (2**20, 2**20), "f4")
            case 1:
                del parent[name]
                parent[name] = h5py.SoftLink(parent.name)
            case 2:
                del parent[name]
                parent[name] = h5py.ExternalLink("/etc/hostname", "/x")
            case 3:
                parent.move(name, chance.choice(("x", "-1", "９", "00", "1.5")))
            case 4:
                parent.create_group("17")
            case 5:
                parent.parent.attrs["name"] = chance.choice((0, np.array([1, 2]), b"\xff", ""))
            case 6:
                del parent[name]
                parent.create_dataset(name, data=[b"x"], dtype=h5py.string_dtype())
            case 7:
                del parent[name]
                blown = np.zeros(chance.choice((array.shape, (2**24,))), "f4")
                parent.create_dataset(name, data=blown, compression="gzip")
            case _:
                del parent[name]
                parent.create_dataset(name, data=_storable(odd_array(array, chance)))


def _storable(array: np.ndarray) -> np.ndarray:
    return array.astype("S") if array.dtype.kind == "U" else array


# TensorFlow's checkpoints


def _slim_arrays() -> dict[str, np.ndarray]:
    chance = np.random.default_rng(2)
    return {
        variable_name(layer.name, variable.name): chance.uniform(0.1, 1, variable.shape).astype(
            np.float32
        )
        for layer in _network().layers
        for variable in layer.weights
    }


def _write_slim(folder: Path, arrays: dict[str, Any], *, in_parts: bool) -> None:
    names, values = list(arrays), list(arrays.values())
    if in_parts:
        tf.raw_ops.SaveV2(
            prefix=str(folder / "net.ckpt"),
            tensor_names=names,
            shape_and_slices=[""] * len(names),
            tensors=values,
        )
    else:
        tf.raw_ops.Save(filename=str(folder / "net.ckpt"), tensor_names=names, data=values)


def _build_slim(folder: Path, *, in_parts: bool) -> None:
    _write_slim(folder, _slim_arrays(), in_parts=in_parts)


def _craft_slim(folder: Path, chance: Random, *, in_parts: bool) -> None:
    arrays: dict[str, Any] = _slim_arrays()
    name = chance.choice(sorted(arrays))
    if chance.randrange(6) == 0:
        del arrays[name]
    else:
        array = odd_array(arrays[name], chance)
        arrays[name] = array.astype("S") if array.dtype.kind == "U" else array
    for path in folder.iterdir():
        path.unlink()
    _write_slim(folder, arrays, in_parts=in_parts)


# Keras's own files


def _build_keras(folder: Path) -> None:
    _build_h5(folder)
    (folder / "net.weights.h5").unlink()
    _network().save(folder / "net.keras")


def _read_keras(folder: Path) -> str:
    return _weights(read_keras_file(str(folder / "net.keras"), (_SIDE, _SIDE, 3)))


def _craft_keras(folder: Path, chance: Random) -> None:
    craft_zip(folder / "net.keras", chance, functools.partial(_edit_keras, folder))


def _edit_keras(folder: Path, name: str, content: bytes, chance: Random) -> bytes:
    if not name.endswith(".h5"):
        return _odd_config(content, chance).encode(errors="surrogatepass")
    if chance.randrange(3) == 0:
        return damaged(content, chance)
    path = folder / "member.h5"
    path.write_bytes(content)
    _craft_h5_file(path, chance)
    content = path.read_bytes()
    path.unlink()
    return content


def _odd_config(content: bytes, chance: Random) -> str:
    """Return a network of layers that lie elsewhere, are huge or run code; or changed JSON."""
    text = content.decode()
    if chance.randrange(3) or "layers" not in text:
        return changed_json(text, chance)
    config = json.loads(text)
    layer = chance.choice(config["config"]["layers"])
    layer[chance.choice(("module", "class_name", "registered_name"))] = chance.choice(
        ("os", "system", "Lambda", "trace", "keras.layers", "TFSMLayer", HOSTILE[-1])
    )
    inner = layer["config"]
    if "filters" in inner:
        inner["filters"] = chance.choice((4, 5, 2**20, 2**31, 10**12))
    return json.dumps(config)


def _slim(name: str, file: str, *, in_parts: bool) -> Format:
    return Format(
        name,
        functools.partial(_build_slim, in_parts=in_parts),
        functools.partial(_loaded, _network, file),
        craft=functools.partial(_craft_slim, in_parts=in_parts),
        sealed="*.data-*" if in_parts else "",
    )


FORMATS = (
    Format(
        ".caffemodel",
        _build_caffe,
        functools.partial(_loaded, _plain_network, "net.caffemodel"),
        craft=_craft_caffe,
    ),
    Format(
        ".weights.h5",
        _build_h5,
        functools.partial(_loaded, _network, "net.weights.h5"),
        craft=_craft_h5,
    ),
    _slim("TensorFlow .ckpt, one file", "net.ckpt", in_parts=False),
    _slim("TensorFlow .index and .data", "net.ckpt.index", in_parts=True),
    Format(".keras", _build_keras, _read_keras, craft=_craft_keras, share=0.1),
)
