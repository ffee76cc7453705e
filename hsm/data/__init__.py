"""From files on disk to batches of pixels: catalog, sources, image operations, pipeline."""
