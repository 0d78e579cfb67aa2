"""Hand the executed chapters to Jupyter Book, through the cache that it reads."""

import shutil

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

from .paths import Book


def hand_over(book: Book, names: list[str]) -> None:
    """Fill the cache anew with today's executed notebooks, and nothing else.

    Jupyter Book finds a notebook there by its code cells and kernel, and does not execute it.
    """
    shutil.rmtree(book.jupyter_cache, ignore_errors=True)
    cache = get_cache(book.jupyter_cache)
    for name in names:
        notebook = nbformat.read(book.executed(name), 4)
        bundle = CacheBundleIn(notebook, str(book.source(name)))
        cache.cache_notebook_bundle(bundle, overwrite=True, check_validity=False)


def count(book: Book) -> int:
    """Number of notebooks in the cache."""
    return len(get_cache(book.jupyter_cache).list_cache_records())
