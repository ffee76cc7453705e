"""The networks of `keras.applications` as backbones, each with its own preprocessing inside."""

from __future__ import annotations

import contextlib
import difflib
import inspect
import os
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import keras

_NETWORKS = tuple(name for name in dir(keras.applications) if name[0].isupper())


def build_application(
    name: str,
    input_shape: tuple[int, int, int],
    *,
    weights: str | None = None,
    dtype: str | None = None,
) -> keras.Model:
    """Build a network of `keras.applications` without its top.

    Its own `preprocess_input` comes first, in float32, and the average over all places last, in
    float32 too. The global seed of `keras.utils.set_random_seed` decides random weights.

    Args:
        name: a function of `keras.applications`, such as "ResNet50".
        input_shape: (height, width, 3) of the images; each network has a least size of its own.
        weights: none: random; "imagenet": Keras takes them from its folder, `~/.keras/models`, or
            fetches and checks them; or a weights file of the network without its top.
        dtype: Keras dtype policy of the network; None for the global one.

    Returns:
        A model from float32 [batch, height, width, 3], RGB values 0..255, to float32 [batch, d].

    Raises:
        ValueError: There is no network `name`, it refuses the size or the file, or the file cannot
            be read.
        FileNotFoundError: There is no file `weights`, or ImageNet's weights cannot be fetched.
    """
    application = _application(name)
    _check_file(weights)
    images = keras.Input(input_shape, dtype="float32", name="images")
    # Read first: as long as it was not set, it is what floatx says.
    policy: Any = dtype or keras.config.dtype_policy()
    with _defaults():
        pixels = inspect.getmodule(application).preprocess_input(images)  # type: ignore[union-attr]
        with _dtype_policy(policy):
            body = _body(application, input_shape, weights)
    pool = keras.layers.GlobalAveragePooling2D(
        data_format="channels_last", dtype="float32", name="pool"
    )
    return keras.Model(images, pool(body(pixels)), name=f"keras_{body.name}")


def _application(name: str) -> Callable[..., keras.Model]:
    """Return the function that builds a network."""
    if name in _NETWORKS:
        return getattr(keras.applications, name)
    lower = {network.lower(): network for network in _NETWORKS}
    near = [lower[match] for match in difflib.get_close_matches(name.lower(), lower, n=5)]
    raise ValueError(
        "expected the name of a network of keras.applications after keras:, "
        f"{'near it' if near else 'all of them'}: {', '.join(near or _NETWORKS)}. Received: "
        f"name={name!r}"
    )


def _check_file(weights: str | None) -> None:
    """Refuse a file that is not there, which Keras calls a wrong argument."""
    if weights not in (None, "imagenet") and not os.path.isfile(str(weights)):
        raise FileNotFoundError(
            'expected weights to be "imagenet" or a file that exists. Received: '
            f"weights={weights!r}. Check the path."
        )


def _body(
    application: Callable[..., keras.Model], input_shape: tuple[int, int, int], weights: str | None
) -> keras.Model:
    """Return the network without top and pooling."""
    name = application.__name__
    try:
        with warnings.catch_warnings():
            # Of layers that a file lacks Keras only warns, and leaves them random.
            warnings.filterwarnings("error", "Skipping nested container", UserWarning)
            return application(include_top=False, weights=weights, input_shape=input_shape)
    except (ValueError, UserWarning) as error:
        given = "" if weights is None else f" and weights={weights!r}"
        reason = str(error).partition("\n\n")[0]
        raise ValueError(
            f"expected arguments that keras:{name} takes. Received: "
            f"input_shape={input_shape}{given}, and {reason}"
        ) from error
    except Exception as error:
        # Keras raises Exception itself where it cannot fetch a file, and any error on a bad file.
        if weights is None:
            raise
        raise _unusable(name, weights, error) from error


def _unusable(name: str, weights: str, error: Exception) -> Exception:
    """Return what to do without a connection, or with a file that was cut off."""
    if weights == "imagenet":
        return FileNotFoundError(
            f"expected the ImageNet weights of keras:{name} in Keras's folder, ~/.keras/models or "
            f"$KERAS_HOME/models. Received: none, or a part, and they cannot be fetched: {error}. "
            "Fetch the .h5 file elsewhere and put it there, or pass its path as `weights`."
        )
    return ValueError(
        f"{weights}: expected weights of keras:{name} without its top. Received: a file that "
        f"cannot be read: {error}. It is truncated or of another kind; get it again."
    )


@contextlib.contextmanager
def _dtype_policy(policy: Any) -> Iterator[None]:
    """Set the global policy for a while: keras.applications has no argument for it."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextlib.contextmanager
def _defaults() -> Iterator[None]:
    """Set Keras's data format and type of pixels for a while: there are no arguments for them."""
    data_format, floatx = keras.config.image_data_format(), keras.config.floatx()
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    try:
        yield
    finally:
        keras.config.set_image_data_format(data_format)
        keras.config.set_floatx(floatx)
