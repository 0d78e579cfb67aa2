"""Models, one paper a file, by the part of the book; a file imports the papers that it cites."""
