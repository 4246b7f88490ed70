"""One folder a benchmark; each holds a ``defs.yaml``, the only file a data engineer must edit."""
