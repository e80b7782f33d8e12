"""Verbs about personal information: what was read is noted, what people ask is answered, what is due goes."""
