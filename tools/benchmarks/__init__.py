"""What `tools/benchmark.py` times: each case in a process of its own, in turns with its peers."""
