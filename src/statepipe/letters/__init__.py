"""Dead letters: what is written down of every record that failed."""
