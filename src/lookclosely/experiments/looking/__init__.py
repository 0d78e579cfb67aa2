"""Claims of the first part: what is asked of an image, and how much of it must be seen."""
