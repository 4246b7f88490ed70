"""How data flows: each module binds library functions to tables. No logic of its own."""
