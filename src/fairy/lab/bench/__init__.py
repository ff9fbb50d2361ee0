"""`fairy lab bench`: speed and memory on the machine at hand, beside what a user would take instead.

Nothing here imports PyAV, except for the two cases that need video files.
"""
