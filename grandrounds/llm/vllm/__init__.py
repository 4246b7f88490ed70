"""Answers from a vLLM of our own, without a server: shards of requests through ``run_batch``.

``program`` is the vLLM that is installed somewhere, ``process`` one run of it, ``log`` what its log says of
a failure, ``shard`` one folder with a run's input and output, ``search`` finds the requests that
make vLLM stop, ``client`` puts them together.
"""
