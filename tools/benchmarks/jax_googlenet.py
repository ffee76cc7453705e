"""Caffe's GoogLeNet with the method BN in plain JAX: what hsm's step is timed against.

The layers, channels and sizes are those of `hsm.models.GoogLeNet`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from hsm.models.googlenet import _STAGES

Weights = dict[str, Any]
_MEAN = np.array([104.0, 117.0, 123.0], np.float32)
_ALPHA = 16.0


def make_weights(dimensions: int, classes: int, seed: int = 0) -> Weights:
    """Kernels as Keras draws them, and what the head learns."""
    rng = np.random.default_rng(seed)
    body = [(jnp.asarray(_glorot(rng, shape)), jnp.zeros(shape[-1])) for shape in _shapes()]
    return {
        "body": body,
        "bottleneck": jnp.asarray(_glorot(rng, (1024, dimensions))),
        "beta": jnp.zeros(dimensions),
        "kernel": jnp.asarray(_glorot(rng, (dimensions, classes))),
        "bias": jnp.zeros(classes),
    }


def features(weights: Weights, images: jax.Array, dtype: Any) -> jax.Array:
    """Pooled features float32 [b, 1024] of RGB images [b, h, w, 3] in 0..255."""
    layers = iter(weights["body"])
    x = (images.astype(jnp.float32)[..., ::-1] - _MEAN).astype(dtype)
    x = _pool(_conv(x, next(layers), 2))
    x = _conv(_normalized(x), next(layers))
    x = _pool(_normalized(_conv(x, next(layers))))
    for stage, blocks in _STAGES.items():
        for _ in blocks:
            x = _block(x, layers)
        x = x if stage == "pool5" else _pool(x)
    return x.astype(jnp.float32).mean(axis=(1, 2))


def training_step(
    weights: Weights, precision: str
) -> Callable[[np.ndarray, np.ndarray], jax.Array]:
    """Return an update with SGD and momentum; the weights stay on the device; and the loss."""
    dtype = jnp.float32 if precision == "float32" else jnp.bfloat16
    state = (weights, jax.tree.map(jnp.zeros_like, weights))

    @partial(jax.jit, donate_argnums=0)
    def update(state: Any, images: jax.Array, labels: jax.Array) -> Any:
        weights, speeds = state
        loss, gradients = jax.value_and_grad(_loss)(weights, images, labels, dtype)
        speeds = jax.tree.map(lambda v, g: 0.9 * v - 0.004 * g, speeds, gradients)
        return (jax.tree.map(jnp.add, weights, speeds), speeds), loss

    def step(images: np.ndarray, labels: np.ndarray) -> jax.Array:
        nonlocal state
        state, loss = update(state, images, labels)
        return loss

    return step


def _loss(weights: Weights, images: jax.Array, labels: jax.Array, dtype: Any) -> jax.Array:
    x = features(weights, images, dtype) @ weights["bottleneck"]
    x = (x - x.mean(0)) * lax.rsqrt(x.var(0) + 1e-3) + weights["beta"]
    kernel = weights["kernel"] / jnp.linalg.norm(weights["kernel"], axis=0)
    logits = _ALPHA * (x / x.shape[1] ** 0.5 @ kernel + weights["bias"])
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
    return -chosen.mean()


def _shapes() -> Iterator[tuple[int, int, int, int]]:
    """Of the convolutions' kernels, in the order in which `features` takes them."""
    yield from ((7, 7, 3, 64), (1, 1, 64, 64), (3, 3, 64, 192))
    channels = 192
    for one, reduce3, three, reduce5, five, projection in itertools.chain.from_iterable(
        blocks.values() for blocks in _STAGES.values()
    ):
        yield from ((1, 1, channels, one), (1, 1, channels, reduce3), (3, 3, reduce3, three))
        yield from ((1, 1, channels, reduce5), (5, 5, reduce5, five), (1, 1, channels, projection))
        channels = one + three + five + projection


def _block(x: jax.Array, layers: Iterator[Any]) -> jax.Array:
    one = _conv(x, next(layers))
    three = _conv(_conv(x, next(layers)), next(layers))
    five = _conv(_conv(x, next(layers)), next(layers))
    pooled = _conv(_pool(x, stride=1), next(layers))
    return jnp.concatenate([one, three, five, pooled], axis=-1)


def _conv(x: jax.Array, layer: tuple[jax.Array, jax.Array], stride: int = 1) -> jax.Array:
    kernel, bias = (w.astype(x.dtype) for w in layer)
    pad = kernel.shape[0] // 2
    x = lax.conv_general_dilated(
        x, kernel, (stride, stride), [(pad, pad)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    return jax.nn.relu(x + bias)


def _pool(x: jax.Array, stride: int = 2) -> jax.Array:
    """Of 3x3, with Caffe's last window, which may reach over the edge."""
    edges = (1, 1) if stride == 1 else (0, 1 - x.shape[1] % 2)
    pads, window = [(0, 0), edges, edges, (0, 0)], (1, 3, 3, 1)
    return lax.reduce_window(
        x, np.array(-np.inf, x.dtype), lax.max, window, (1, stride, stride, 1), pads
    )


def _normalized(x: jax.Array) -> jax.Array:
    """Local response normalisation over five channels."""
    squares = jnp.pad(jnp.square(x), [(0, 0)] * 3 + [(2, 2)])
    total = sum(squares[..., i : i + x.shape[-1]] for i in range(5))
    root = lax.rsqrt(1 + (1e-4 / 5) * total)
    return x * root * jnp.sqrt(root)


def _glorot(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    area = int(np.prod(shape[:-2]))
    reach = (6 / (area * (shape[-2] + shape[-1]))) ** 0.5
    return rng.uniform(-reach, reach, shape).astype(np.float32)
