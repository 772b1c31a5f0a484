"""Numbers and names in words: rounded for the screen, exact for the memo."""
