"""Claims about labelling every pixel."""
