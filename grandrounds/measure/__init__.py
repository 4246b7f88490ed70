"""Measures from label maps and landmarks: pure functions, each with units, limits and a source.

Conventions are those of ``grandrounds.volumes.geometry``: arrays are indexed [i, j, k] and an affine takes
voxel centres to world millimetres in RAS (x grows to the patient's right, y to the front, z upwards). Every
function works for any axis order and flip, canonical or not: directions come from the affine. Boxes are
half-open in voxel indices of the array they were measured on (``grandrounds.measure.axes``). 2D masks
(radiographs) are indexed [row, column] with a spacing in that order (``grandrounds.measure.chest``).
"""
