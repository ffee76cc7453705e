"""What a network keeps and costs in every format that it is exported to."""
