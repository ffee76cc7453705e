"""Parts of tools/load_test.py: the service in a process, its clients, and the table."""
