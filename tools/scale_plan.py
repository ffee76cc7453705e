"""What a training of many classes takes, worked out on paper: memory, network, hours.

    python tools/scale_plan.py    # the table of docs/guides/devices.md

Nothing here is measured: what a device does in a second, and how large a file is, are assumptions
that `Plan` names.
"""

from __future__ import annotations

from dataclasses import dataclass

_FLOAT = 4  # Bytes of a float32.
# Of the classifier's weights on a device: themselves, their gradient, the optimiser's momentum.
_COPIES = 3
# Of the logits: themselves, the softmax, its gradient.
_LOGITS = 3


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A training of a softmax classifier, the whole of which every device holds.

    Attributes:
        classes: rows of the classifier.
        images: of an epoch.
        dimensions: of an embedding.
        network_weights: of the network below the classifier; GoogLeNet with its embedding.
        machines: with `devices` GPUs each.
        devices: of a machine.
        batch: images that one device takes in a step.
        images_per_second: that one device trains on, without the classifier. Assumed.
        flops_per_second: that one device reaches in the classifier's products. Assumed.
        link: bytes a second that a machine sends to others, and receives; 100 Gbit/s. Assumed.
        file_bytes: of an image of 256x256 pixels in a prepared copy. Assumed.
    """

    classes: int = 1_000_000
    images: int = 100_000_000
    dimensions: int = 128
    network_weights: int = 6_100_000
    machines: int = 8
    devices: int = 8
    batch: int = 64
    images_per_second: float = 1000.0
    flops_per_second: float = 20e12
    link: float = 12.5e9
    file_bytes: int = 40_000

    @property
    def global_batch(self) -> int:
        """Images of a step."""
        return self.machines * self.devices * self.batch

    @property
    def steps(self) -> int:
        """Of an epoch."""
        return -(-self.images // self.global_batch)

    @property
    def classifier_bytes(self) -> int:
        """Of the classifier's weights alone."""
        return self.classes * self.dimensions * _FLOAT

    @property
    def device_bytes(self) -> int:
        """Of a device: classifier and logits, each with what training needs beside it."""
        logits = self.batch * self.classes * _FLOAT
        return _COPIES * self.classifier_bytes + _LOGITS * logits

    @property
    def gradient_bytes(self) -> int:
        """That the devices add up in a step."""
        return self.classifier_bytes + self.network_weights * _FLOAT

    @property
    def network_seconds(self) -> float:
        """Of a step: a ring sends all but one part of the gradient out of a machine twice."""
        return 2 * (self.machines - 1) / self.machines * self.gradient_bytes / self.link

    @property
    def compute_seconds(self) -> float:
        """Of a step: the network, and three products of batch, dimensions and classes."""
        products = 3 * 2 * self.batch * self.dimensions * self.classes
        return self.batch / self.images_per_second + products / self.flops_per_second

    @property
    def epoch_hours(self) -> tuple[float, float]:
        """Of an epoch: if computing hides the network, and if neither hides the other."""
        hidden = max(self.network_seconds, self.compute_seconds)
        shown = self.network_seconds + self.compute_seconds
        return self.steps * hidden / 3600, self.steps * shown / 3600

    @property
    def read_per_machine(self) -> float:
        """Bytes a second that a machine reads, if computing is all that takes time."""
        return self.devices * self.batch * self.file_bytes / self.compute_seconds

    def sharded_bytes(self) -> int:
        """Count for a device that holds its share of the classes and sees all devices' batch."""
        share = -(-self.classes // (self.machines * self.devices))
        return (_COPIES * share * self.dimensions + _LOGITS * share * self.global_batch) * _FLOAT

    def sharded_exchange(self) -> int:
        """Return the bytes that a machine receives in a step then, not the classifier's gradient.

        The embeddings of all devices, their gradients, and for each image the largest logit and the
        sum.
        """
        return self.global_batch * (2 * self.dimensions + 2) * _FLOAT

    def classes_in(self, memory: int) -> int:
        """Return how many classes fit into `memory` bytes of a device beside nothing else."""
        return memory // (self.device_bytes // self.classes)


def table(plan: Plan) -> str:
    """Return the plan as lines of text: what, and how much."""
    least, most = plan.epoch_hours
    rows = [
        ("images in a step", f"{plan.global_batch:,}"),
        ("steps in an epoch", f"{plan.steps:,}"),
        ("the prepared copy", f"{plan.images * plan.file_bytes / 1e12:.1f} TB"),
        ("reading, a machine", f"{plan.read_per_machine / 1e9:.2f} GB a second"),
        ("the classifier's weights", f"{plan.classifier_bytes / 1e9:.2f} GB"),
        ("memory for classifier and logits, a GPU", f"{plan.device_bytes / 1e9:.1f} GB"),
        ("classes that fill 40 GB of a GPU", f"{plan.classes_in(40 * 10**9) / 1e6:.0f} million"),
        ("gradient that is added up in a step", f"{plan.gradient_bytes / 1e9:.2f} GB"),
        ("network, a step", f"{plan.network_seconds * 1e3:.0f} ms"),
        ("computing, a step", f"{plan.compute_seconds * 1e3:.0f} ms"),
        ("an epoch", f"{least:.1f} to {most:.1f} hours"),
        ("a checkpoint, with momentum", f"{2 * plan.gradient_bytes / 1e9:.1f} GB"),
        ("sharded: memory, a GPU", f"{plan.sharded_bytes() / 1e9:.1f} GB"),
        ("sharded: exchanged in a step", f"{plan.sharded_exchange() / 1e6:.0f} MB"),
    ]
    return "\n".join(f"{name:<42}{value}" for name, value in rows)


if __name__ == "__main__":
    print(table(Plan()))
