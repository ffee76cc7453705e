"""Caffe networks and weight files for tests, and what OpenCV computes with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from hsm.models.weight_files.caffe_schema import new_net_parameter

# Table 1 of Szegedy et al., "Going Deeper with Convolutions": 1x1, 3x3 reduce, 3x3, 5x5 reduce,
# 5x5, pool proj.
INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
_V1_TYPES = {"Convolution": 4, "InnerProduct": 14}


class Network:
    """A Caffe network under construction: its prototxt, and random weights that suit it."""

    def __init__(self, height: int, width: int, channels: int = 3) -> None:
        self.prototxt = (
            'layer { name: "data" type: "Input" top: "data" input_param { shape '
            f"{{ dim: 1 dim: {channels} dim: {height} dim: {width} }} }} }}\n"
        )
        self.channels = {"data": channels}
        self.weights: dict[str, list[np.ndarray]] = {}
        self.types: dict[str, str] = {}
        self._rng = np.random.default_rng(0)

    def add(self, name: str, kind: str, bottoms: Sequence[str], options: str = "", top="") -> str:
        """Adds one layer and returns its top; it keeps the channels of its first bottom."""
        bottom = " ".join(f'bottom: "{b}"' for b in bottoms)
        top = top or name
        layer = f'layer {{ name: "{name}" type: "{kind}" {bottom} top: "{top}" {options} }}\n'
        self.prototxt += layer
        self.channels[top] = self.channels[bottoms[0]]
        self.types[name] = kind
        return top

    def pool(self, name: str, bottom: str, options: str) -> str:
        return self.add(name, "Pooling", [bottom], f"pooling_param {{ {options} }}")

    def lrn(self, name: str, bottom: str) -> str:
        options = "lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 }"
        return self.add(name, "LRN", [bottom], options)

    def conv(self, name: str, bottom: str, filters: int, size: int, stride: int = 1) -> str:
        """Adds a convolution that keeps the size but for its stride, and a ReLU in place."""
        inputs = self.channels[bottom]
        self.add(
            name,
            "Convolution",
            [bottom],
            f"convolution_param {{ num_output: {filters} kernel_size: {size} "
            f"pad: {size // 2} stride: {stride} }}",
        )
        self.channels[name] = filters
        scale = np.sqrt(2 / (inputs * size * size))
        self._random(name, (filters, inputs, size, size), scale)
        block, branch = name.split("/")
        self.add(f"{block}/relu_{branch.removesuffix('_s2')}", "ReLU", [name], top=name)
        return name

    def inner_product(self, name: str, bottom: str, units: int) -> str:
        inputs = self.channels[bottom]
        # Small, lest activations of hundreds saturate the softmax.
        self._random(name, (units, inputs), 0.01 * np.sqrt(1 / inputs))
        options = f"inner_product_param {{ num_output: {units} }}"
        return self.add(name, "InnerProduct", [bottom], options)

    def opencv(self) -> cv2.dnn.Net:
        """OpenCV's network, nothing fused, so that every layer can be asked for."""
        content = caffemodel(self.weights, types=self.types)
        net = cv2.dnn.readNetFromCaffe(
            np.frombuffer(self.prototxt.encode(), np.uint8), np.frombuffer(content, np.uint8)
        )
        net.enableFusion(False)
        return net

    def _random(self, name: str, shape: tuple[int, ...], scale: float) -> None:
        bias = self._rng.normal(0, 0.1, shape[0])
        kernel = self._rng.normal(0, scale, shape)
        self.weights[name] = [kernel.astype(np.float32), bias.astype(np.float32)]


def googlenet(height: int, width: int) -> Network:
    """GoogLeNet with random weights, written down from the paper; its last pooling is global."""
    halve = "pool: MAX kernel_size: 3 stride: 2"
    net = Network(height, width)
    x = net.conv("conv1/7x7_s2", "data", 64, 7, stride=2)
    x = net.lrn("pool1/norm1", net.pool("pool1/3x3_s2", x, halve))
    x = net.conv("conv2/3x3", net.conv("conv2/3x3_reduce", x, 64, 1), 192, 3)
    x = net.pool("pool2/3x3_s2", net.lrn("conv2/norm2", x), halve)
    for block, filters in INCEPTIONS.items():
        if block in ("4a", "5a"):
            x = net.pool("pool3/3x3_s2" if block == "4a" else "pool4/3x3_s2", x, halve)
        x = _inception(net, f"inception_{block}", x, filters)
    x = net.pool("pool5/7x7_s1", x, "pool: AVE global_pooling: true")
    x = net.add("pool5/drop_7x7_s1", "Dropout", [x], top=x)
    net.add("prob", "Softmax", [net.inner_product("loss3/classifier", x, 1000)])
    return net


def _inception(net: Network, name: str, bottom: str, filters: Sequence[int]) -> str:
    one, reduce3, three, reduce5, five, projection = filters
    pool = net.pool(f"{name}/pool", bottom, "pool: MAX kernel_size: 3 stride: 1 pad: 1")
    branches = [
        net.conv(f"{name}/1x1", bottom, one, 1),
        net.conv(f"{name}/3x3", net.conv(f"{name}/3x3_reduce", bottom, reduce3, 1), three, 3),
        net.conv(f"{name}/5x5", net.conv(f"{name}/5x5_reduce", bottom, reduce5, 1), five, 5),
        net.conv(f"{name}/pool_proj", pool, projection, 1),
    ]
    output = net.add(f"{name}/output", "Concat", branches)
    net.channels[output] = one + three + five + projection
    return output


def caffemodel(
    weights: Mapping[str, Sequence[np.ndarray]],
    *,
    types: Mapping[str, str] | None = None,
    legacy_layers: bool = False,
    legacy_shapes: bool = False,
    double: bool = False,
) -> bytes:
    """The bytes of a .caffemodel, in the older or newer form of messages, shapes and numbers."""
    net = new_net_parameter()
    net.name = "test"
    for name, arrays in weights.items():
        kind = (types or {}).get(name) or ("Convolution" if arrays[0].ndim == 4 else "InnerProduct")
        if legacy_layers:
            layer = net.layers.add(name=name, type=_V1_TYPES[kind])
        else:
            layer = net.layer.add(name=name, type=kind)
        for array in arrays:
            blob = layer.blobs.add()
            (blob.double_data if double else blob.data).extend(array.ravel())
            if legacy_shapes:
                four = (1,) * (4 - array.ndim) + array.shape
                blob.num, blob.channels, blob.height, blob.width = four
            else:
                blob.shape.dim.extend(array.shape)
    return net.SerializeToString()


def opencv_outputs(net: cv2.dnn.Net, blob: np.ndarray) -> dict[str, np.ndarray]:
    """Every layer's output by its name, channels last, for `blob` [b, channels, h, w]."""
    net.setInput(blob)
    names = list(net.getLayerNames())
    outputs = net.forward(names)
    return {name: np.moveaxis(output, 1, -1) for name, output in zip(names, outputs, strict=True)}
