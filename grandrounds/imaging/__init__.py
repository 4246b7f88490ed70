"""From volumes with masks to facts that questions ask about. Computed, never guessed.

``measuring`` turns voxels into rows (structures, measurements), ``scans`` puts rows together, ``facts``
(one module a task) says what can be asked of a scan and what is right, ``stem`` what the solver is told of
it. Authors word facts; gates and ``verify`` compute them again and compare. So this package imports none of
``authoring``, ``gates``, ``review`` and ``release``.
"""
