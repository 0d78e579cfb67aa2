"""Tasks: the data, batches, loss, prediction and scores of one question, for several experiments.

A task knows models, and no experiment. Its splits are fixed: settings are chosen on validation, and
what a claim reports is measured on test.
"""
