"""The pages, one module each, with a ``router`` that the app includes."""
