"""Sessions without a stack: started, found by name, and ended from code."""
