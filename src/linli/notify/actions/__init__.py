"""What is done to webhooks: set up, rotated, sent, sent again."""
