"""`make torture`: Linli killed, starved, lied to and raced, and what it kept counted (docs/trust.md)."""
