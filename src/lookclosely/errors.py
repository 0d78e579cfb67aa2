"""The errors that a reader may want to catch by name."""


class MissingData(FileNotFoundError):
    """A data file is neither here nor to be had; its message says how to get it."""


class DamagedData(ValueError):
    """A data file was found, but its contents are not the published ones."""
