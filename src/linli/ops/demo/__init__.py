"""The demonstration county: invented texts, names and pictures, always the same for the same seed."""
