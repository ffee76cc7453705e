"""torchvision's weights of GoogLeNet (`googlenet-*.pth`) as named arrays.

They are Inception V1 with a scale in batch normalisation and with symmetric padding. torchvision
feeds it images normalised by ImageNet's means and deviations, and with pretrained weights its
`transform_input` turns these into (x - 0.5) / 0.5 of pixels 0..1: slim's preprocessing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

# Slim's scopes, and those of the branches -> torchvision's modules.
_MODULES = {
    "Conv2d_1a_7x7": "conv1",
    "Conv2d_2b_1x1": "conv2",
    "Conv2d_2c_3x3": "conv3",
    "Mixed_3b": "inception3a",
    "Mixed_3c": "inception3b",
    "Mixed_4b": "inception4a",
    "Mixed_4c": "inception4b",
    "Mixed_4d": "inception4c",
    "Mixed_4e": "inception4d",
    "Mixed_4f": "inception4e",
    "Mixed_5b": "inception5a",
    "Mixed_5c": "inception5b",
    "Branch_0.Conv2d_0a_1x1": "branch1",
    "Branch_1.Conv2d_0a_1x1": "branch2.0",
    "Branch_1.Conv2d_0b_3x3": "branch2.1",
    "Branch_2.Conv2d_0a_1x1": "branch3.0",
    "Branch_2.Conv2d_0b_3x3": "branch3.1",
    "Branch_2.Conv2d_0a_3x3": "branch3.1",
    "Branch_3.Conv2d_0b_1x1": "branch4.1",
}
# Keras's name of a variable -> torchvision's, below the module.
_VARIABLES = {
    "kernel": "conv.weight",
    "gamma": "bn.weight",
    "beta": "bn.bias",
    "moving_mean": "bn.running_mean",
    "moving_variance": "bn.running_var",
}


def read_state_dict(path: str) -> dict[str, np.ndarray]:
    """Read every tensor; no code in the file is executed.

    Args:
        path: a `.pth` file with a state_dict, as `torch.save` writes it.

    Returns:
        torchvision's name -> float32 array in Keras's layout: the kernel of a convolution
        [height, width, input, output].

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If PyTorch is not installed.
        ValueError: If the file is truncated, of another kind, or holds anything but tensors.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f"expected weights to be a file that exists. Received: weights={path!r}. Check the "
            "path."
        )
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            f"reading {path} needs PyTorch: pip install 'hsm-embedding[torchvision]'"
        ) from error
    state = _load(torch, path)
    if not isinstance(state, Mapping) or not all(map(torch.is_tensor, state.values())):
        raise ValueError(
            f"{path}: expected a state_dict, tensors by their names. Received: {_describe(state)}. "
            "Save model.state_dict() of torchvision's GoogLeNet."
        )
    return {name: _array(tensor) for name, tensor in state.items()}


def variable_name(layer: str, variable: str) -> str:
    """Return a variable's name in the file, such as `inception3a.branch2.1.bn.bias`.

    Args:
        layer: a layer of `hsm.models.InceptionV1`, named by slim's scope with `.` for `/`.
        variable: Keras's name of the variable.
    """
    block, _, branch = layer.removesuffix(".BatchNorm").partition(".")
    modules = [_MODULES.get(scope, scope) for scope in (block, branch) if scope]
    return ".".join([*modules, _VARIABLES.get(variable, variable)])


def _load(torch: Any, path: str) -> Any:
    """Return what `torch.save` wrote, read without executing code."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # PyTorch raises errors of many kinds for damaged bytes.
        reason = str(error).partition("\n")[0].rstrip(".")
        raise ValueError(
            f"{path}: expected a state_dict that torch.save wrote. Received: a file that cannot be "
            f"read: {reason}. It is truncated, of another kind, or holds more than tensors; get it "
            "again, or save model.state_dict()."
        ) from error


def _describe(state: Any) -> str:
    """Return what a file holds instead of a state_dict."""
    if not isinstance(state, Mapping):
        return type(state).__name__
    odd = {name: type(value).__name__ for name, value in state.items()}
    return ", ".join(f"{name}: {kind}" for name, kind in list(odd.items())[:5])


def _array(tensor: Any) -> np.ndarray:
    """Transpose OIHW to HWIO, anything else not at all."""
    array = tensor.detach().float().numpy()
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array
