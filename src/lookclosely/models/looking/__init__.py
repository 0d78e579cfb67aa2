"""Networks of the first part: classify a place, a scale, an object."""
