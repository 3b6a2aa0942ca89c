"""What the author wrote: config in its many spellings, read into one canonical form."""
