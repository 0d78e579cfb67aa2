"""Mistakes in the assignment of Part 2, ``chapters/segmentation/assignment.md``."""
