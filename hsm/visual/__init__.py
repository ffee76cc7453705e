"""Plots. They need matplotlib, the extra `plots`; only drawing imports it."""
