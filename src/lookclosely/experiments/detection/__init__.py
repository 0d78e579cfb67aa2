"""Claims about boxes and detectors."""
