"""From photographs to unit vectors with an exported model."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

import keras
import numpy as np
from numpy.typing import NDArray

from hsm.metrics.validation import checked_positive
from hsm.progress import LINE, Progress
from hsm.serving.decoding import Decoded, decode
from hsm.serving.embeddings import Embeddings, Skipped, listed
from hsm.serving.inputs import Images, Item, items
from hsm.serving.model_folder import find_model
from hsm.serving.network import Network, load_network, of_keras_model

OnBadImage = Literal["raise", "skip"]


class Embedder:
    """Embeds images of any size and format, as the evaluation does.

    While the network is at work on a batch, a thread decodes the next one on all cores. Several
    threads may embed at the same time.

    Args:
        directory: a SavedModel that hsm exported; a `.keras` file with an
            `hsm.models.EmbeddingModel`, or with any model from square RGB images, 0..255, of a
            fixed size to features [b, k]; or the folder of a run, see
            `hsm.serving.model_folder.find_model`.
        batch_size: images that the network is given at once.
        show_progress: whether more than one batch is reported on `hsm.progress.LINE`.
        max_pixels: files of images with more are not read; None for what the model allows, which
            counts in any case.

    Attributes:
        embedding_dim: numbers of a vector, k.
        digest: SHA-256, hexadecimal, of weights and image size. Vectors of another digest cannot be
            compared with these.

    Raises:
        FileNotFoundError: if `directory` does not exist.
        ValueError: if it holds no model that can be served, or `batch_size` is below 1.

    Example:
        embedder = hsm.serving.Embedder("results/saved_model")
        vectors = embedder.embed(["bird.jpg", "bird.webp"])
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        batch_size: int = 64,
        show_progress: bool = True,
        max_pixels: int | None = None,
    ) -> None:
        network = load_network(find_model(directory))
        if max_pixels is not None:
            allowed = min(checked_positive(max_pixels, "max_pixels"), network.max_pixels)
            network = replace(network, max_pixels=allowed)
        self._set(network, batch_size, show_progress)

    @classmethod
    def of_model(
        cls, model: keras.Model, *, batch_size: int = 64, show_progress: bool = True
    ) -> Embedder:
        """Return an embedder of a model in memory, such as a `.keras` file may hold."""
        made = cls.__new__(cls)
        made._set(of_keras_model(model), batch_size, show_progress)
        return made

    def _set(self, network: Network, batch_size: int, show_progress: bool) -> None:
        self._network = network
        self._batch_size = checked_positive(batch_size, "batch_size")
        self._show_progress = show_progress
        self.embedding_dim = network.embedding_dim
        self.digest = network.digest

    def embed(self, images: Images, *, on_bad_image: OnBadImage = "raise") -> NDArray[np.float32]:
        """Embed images: one, or several in any mix of kinds, sizes and formats.

        Args:
            images: RGB pixels uint8 [h, w, 3] or [n, h, w, 3], the bytes of a file, its path, or a
                folder, which stands for all pictures in it and below, sorted; or an iterable of
                these.
            on_bad_image: "raise", or "skip" leaves out images that cannot be read, with a warning
                that names them. Which row is which image's then, `embed_named` says.

        Returns:
            float32 [n, k], of unit length, in the order of `images`; n may be 0.

        Raises:
            UnreadableImages: if images cannot be read, naming all of them; the vectors of the
                others are in it.
            ValueError: for what is no image, above all one of floats, or vectors that are not
                finite.
            FileNotFoundError: if a path does not exist.
        """
        embeddings = self.embed_named(images, on_bad_image=on_bad_image)
        if embeddings.skipped:
            skipped = embeddings.skipped
            warnings.warn(f"{len(skipped):,} images skipped: {listed(skipped)}", stacklevel=2)
        return embeddings.vectors

    def embed_named(
        self,
        images: Images,
        *,
        on_bad_image: OnBadImage = "raise",
        progress: Callable[[int], object] | None = None,
    ) -> Embeddings:
        """Embed as `embed`, and name the images, their places, and those that were skipped.

        `progress` is called with a number of images whenever so many more are done, in place of the
        line that the embedder shows.
        """
        if on_bad_image not in ("raise", "skip"):
            raise ValueError(
                f'expected on_bad_image to be "raise" or "skip". Received: {on_bad_image!r}'
            )
        given = items(images)
        vectors, places, skipped = self._embed(given, progress)
        names = tuple(given[place].name for place in places)
        embeddings = Embeddings(vectors, names, places, tuple(skipped))
        if embeddings.skipped and on_bad_image == "raise":
            raise embeddings.unreadable()
        return embeddings

    def _embed(
        self, given: Sequence[Item], progress: Callable[[int], object] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64], list[Skipped]]:
        """Return vectors [m, k] and places [m] of the images that can be read, and the others."""
        vectors = np.empty((len(given), self.embedding_dim), np.float32)
        is_read = np.zeros(len(given), np.bool_)
        skipped = []
        with self._progress(len(given), progress) as advance:
            for first, decoded in self._decoded(given):
                places = first + decoded.places
                if len(places):
                    vectors[places] = self._finite(decoded.pixels, [given[i].name for i in places])
                    is_read[places] = True
                for place, reason in decoded.reasons.items():
                    skipped.append(Skipped(given[first + place].name, first + place, reason))
                advance(len(decoded.places) + len(decoded.reasons))
        return vectors if is_read.all() else vectors[is_read], np.flatnonzero(is_read), skipped

    @contextmanager
    def _progress(
        self, total: int, told: Callable[[int], object] | None
    ) -> Iterator[Callable[[int], object]]:
        """Return what is told how many more images are done; shown where there are many."""
        if told is not None or not self._show_progress or total <= self._batch_size:
            yield told or (lambda count: None)
            return
        try:
            yield Progress("embedding", total).advance
        finally:
            LINE.clear()

    def _decoded(self, given: Sequence[Item]) -> Iterator[tuple[int, Decoded]]:
        """Return every batch, decoded, with the place of its first image; one is decoded ahead."""
        network, step = self._network, self._batch_size

        def read(first: int) -> Decoded:
            return decode(given[first : first + step], network.resize_size, network.max_pixels)

        if len(given) <= step:
            yield from ((0, read(0)) for _ in given[:1])
            return
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(read, 0)
            for first in range(0, len(given), step):
                decoded = waiting.result()
                if first + step < len(given):
                    waiting = pool.submit(read, first + step)
                yield first, decoded

    def _finite(self, pixels: NDArray[np.uint8], names: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.asarray(self._network.embed(pixels))
        bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if bad.size:
            raise ValueError(
                f"expected finite vectors. Received: NaN or infinity for {names[bad[0]]}. The "
                "model's weights are damaged, or its training diverged: export another one."
            )
        return vectors
