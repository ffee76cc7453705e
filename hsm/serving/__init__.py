"""Find what is like a photograph: vectors of a trained run, an index of them, a service."""
