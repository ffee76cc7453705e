"""torchvision's own GoogLeNet: random weights, its files, and what every module gives.

    python torchvision_oracle.py FOLDER

Runs in a process of its own, because it puts a stub among the modules. Writes FOLDER/zip.pth and
FOLDER/legacy.pth in the two formats of PyTorch, and of every case FOLDER/<case>.npz: `images` (RGB
values 0..255, channels last) and each module's output, channels last, under its name.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

# It registers compiled operators, which are missing where torchvision fits torch only in Python.
sys.modules["torchvision._meta_registrations"] = ModuleType("torchvision._meta_registrations")

from torchvision.models.googlenet import GoogLeNet  # noqa: E402

SHAPES = {"even": (2, 224, 224, 3), "odd": (2, 75, 90, 3), "training": (6, 96, 96, 3)}
KINDS = ("Conv2d", "BatchNorm2d", "BasicConv2d", "MaxPool2d", "Inception", "AdaptiveAvgPool2d")


def randomize(model: torch.nn.Module) -> None:
    """Draws weights that keep activations of the order of 1, and statistics unlike 0 and 1."""
    torch.manual_seed(0)
    for name, tensor in model.state_dict().items():
        if tensor.ndim == 4:
            tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5)
        elif name.endswith(("running_var", "bn.weight")):
            tensor.uniform_(0.5, 1.5)
        elif tensor.is_floating_point():
            tensor.normal_(0, 0.3)


def normalized(images: np.ndarray) -> torch.Tensor:
    """Images as torchvision's users prepare them, by ImageNet's means and deviations."""
    pixels = (images / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    return torch.tensor(pixels.transpose(0, 3, 1, 2), dtype=torch.float32)


def outputs(model: torch.nn.Module, images: np.ndarray) -> dict[str, np.ndarray]:
    """Runs the model and returns what each module gives."""
    arrays = {}

    def hook(name):
        # A copy, because the ReLU after a batch normalisation works in place.
        return lambda module, inputs, output: arrays.update({name: output.detach().clone()})

    modules = [m for m in model.named_modules() if type(m[1]).__name__ in KINDS]
    handles = [module.register_forward_hook(hook(name)) for name, module in modules]
    with torch.no_grad():
        model(normalized(images))
    for handle in handles:
        handle.remove()
    return {name: tensor.permute(0, 2, 3, 1).numpy() for name, tensor in arrays.items()}


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    model = GoogLeNet(num_classes=11, transform_input=True, init_weights=False).eval()
    randomize(model)
    torch.save(model.state_dict(), folder / "zip.pth")
    torch.save(model.state_dict(), folder / "legacy.pth", _use_new_zipfile_serialization=False)
    for case, shape in SHAPES.items():
        images = np.random.default_rng(1).integers(0, 256, shape)
        model.train(case == "training")
        np.savez(folder / f"{case}.npz", images=images, **outputs(model, images))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
