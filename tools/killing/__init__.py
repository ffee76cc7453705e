"""Parts of tools/kill_test.py: small commands, children that are killed, and what is compared."""
