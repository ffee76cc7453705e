"""What tools/measure_rounding.py is made of."""
