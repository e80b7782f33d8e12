"""`linli bench`: how fast Linli is, beside what PostgreSQL itself can do with the same rows."""
