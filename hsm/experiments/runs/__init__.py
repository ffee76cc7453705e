"""A configuration becomes objects, a trained model and a record."""
