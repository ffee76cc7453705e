"""Damaged and hostile files for every reader of hsm; tools/fuzz.py is the command."""
