"""Administration of mediation: committees, members and rooms; fields and kinds of dispute; Word templates."""
