"""Foreign weight files as named arrays, and into models."""
