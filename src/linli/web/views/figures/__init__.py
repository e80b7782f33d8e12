"""Figures of a unit over a month, each leading to the cases behind it."""
