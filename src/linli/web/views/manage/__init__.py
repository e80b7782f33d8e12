"""Administration: lists, rules, calendar, organisations, people and posts."""
