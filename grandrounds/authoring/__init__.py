"""From evidence to items: what the solver may see, and the authors that write the questions."""
