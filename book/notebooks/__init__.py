"""Every chapter as a notebook for Colab, written in the same build as its page: a Sphinx extension.

::

    resolved page  --blocks, inline, math, tables-->  plain Markdown
    executed cells --convert-->                       code without outputs
    install                                           the first cell, and the notebook's metadata
"""

from .convert import setup

__all__ = ["setup"]
