"""Assignments: build them from their sources, and grade what students hand in.

``checks``       comparisons for the tests of an assignment
``assignments``  ``python -m lookclosely assignments``: student notebook, autograder, solution
``grade``        ``python -m lookclosely grade``: a folder of submissions becomes one CSV
``gradebook``    the CSV: one row a submission
``process``      what runs one submission: its process, its directory, its limits
``submission``   what happens inside that process

Grading runs the students' code. It is isolated from accidents, not from attacks:
``book/teachers.md`` says what that means.
"""
