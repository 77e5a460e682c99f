"""What a network is punished for: one loss a file, its equation in the docstring."""
