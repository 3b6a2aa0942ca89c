"""Names under which parts of statepipe are also known."""
