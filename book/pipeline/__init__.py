"""From chapters to the site: every chapter is executed once, and the site is built from that.

::

    chapters/*.md  --jupytext-->      a temporary folder        sources.py
                   --nbmake-->        _build/executed/*.ipynb   execute.py, record.py
                   -->                _build/.jupyter_cache     handover.py
                   --Jupyter Book-->  _build/html               site.py

A chapter is executed again only when its fingerprint changes (fingerprint.py).
"""
