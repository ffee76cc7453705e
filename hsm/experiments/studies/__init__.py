"""What is measured on a trained run."""
