"""Everything that speaks to the network: one guarded way out, and what goes through it."""
