"""Mistakes in the assignment of Part 1, ``chapters/looking/assignment.md``."""
