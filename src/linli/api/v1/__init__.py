"""The JSON API: everything the desk can do, for programs."""
