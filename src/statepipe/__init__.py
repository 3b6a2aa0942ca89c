"""State machines over streams of records."""
