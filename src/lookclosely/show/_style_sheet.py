"""The style of all drawings and tables, for a page that shows many."""

from . import _table_html
from ._network import _style


def style_sheet() -> str:
    """CSS that stands in each drawing and table, where a notebook shows it alone.

    A site puts it once on its pages, and drops the elements ``<style class="lc-style">``.
    """
    return _style.page_style() + "\n" + _table_html.style() + "\n"
