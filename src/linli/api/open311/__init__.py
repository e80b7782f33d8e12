"""GeoReport v2, the public standard for reporting what is broken and following what becomes of it (docs/open311.md)."""
