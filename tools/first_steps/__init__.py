"""What tools/measure_first_steps.py writes, as a table."""
