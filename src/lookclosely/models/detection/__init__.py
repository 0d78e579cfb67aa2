"""Networks that find objects, one paper a file."""
