"""Experiments: configurations become runs, runs become records, records become tables."""
