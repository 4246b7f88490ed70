"""Videos: exact times, cuts, frames worth asking about, words, key points, and clips made of them.

Only modules of this package know PyAV and OpenCV.
"""
