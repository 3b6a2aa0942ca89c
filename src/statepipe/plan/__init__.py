"""What must happen to a record: the plan, its analysis, and the interpreter that defines it."""
