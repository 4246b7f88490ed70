"""What is known of figures and shared by their authors, gates and releases."""
