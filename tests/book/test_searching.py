"""Searches as readers type them: the page that explains it comes first."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.book

SEGMENTATION, LOOKING = "chapters/segmentation/", "chapters/looking/"
FIRST = {
    "skip connection": SEGMENTATION + "unet",
    "border weights": SEGMENTATION + "unet",
    "U-Net": SEGMENTATION + "unet",
    "nms threshold": "chapters/detection/boxes_and_nms",
    "soft-nms": "chapters/detection/boxes_and_nms",
    "giou": "chapters/detection/boxes_and_nms",
    "miou": SEGMENTATION + "segmentation_metrics",
    "dice": SEGMENTATION + "segmentation_metrics",
    "deconvolution": SEGMENTATION + "transposed_convolution",
    "checkerboard": SEGMENTATION + "transposed_convolution",
    "upconvolution": SEGMENTATION + "transposed_convolution",
    "atrous convolution": SEGMENTATION + "dilated_convolution",
    "aspp": SEGMENTATION + "dilated_convolution",
    "Krahenbuhl": SEGMENTATION + "crf",
    "crf": SEGMENTATION + "crf",
    "bed of nails": SEGMENTATION + "unpooling",
    "cross-correlation": SEGMENTATION + "convolution",
    "receptive field": LOOKING + "sliding_windows",
    "superpixels": LOOKING + "scale_and_context",
    "smooth l1": LOOKING + "localization",
    "fcn": SEGMENTATION + "fcn",
    "assignments": "book/teachers",
}


@pytest.fixture(scope="module")
def page(browser: Browser, root: str) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(root + "search.html")
    page.wait_for_function("() => typeof Search !== 'undefined' && Search.hasIndex()")
    yield page
    page.close()


def found(page: Page, query: str) -> list[str]:
    """Names of the pages that a search lists, best first."""
    page.goto(f"{page.url.partition('?')[0]}?q={quote(query)}")
    page.wait_for_selector("ul.search li a")
    # Until the list stops growing: the theme shows one result after the other.
    page.wait_for_function(
        "() => /found|matching/i.test(document.querySelector('.search-summary')?.innerText)"
    )
    links = page.locator("ul.search li a").evaluate_all("all => all.map(a => a.pathname)")
    return [link.partition("/some/where/")[2].removesuffix(".html") for link in links]


@pytest.mark.parametrize("query", FIRST)
def test_the_right_page_comes_first(page: Page, query: str) -> None:
    assert found(page, query)[0] == FIRST[query]


def test_sizes_are_found_as_they_are_typed(page: Page) -> None:
    assert SEGMENTATION + "transposed_convolution" in found(page, "3x3")
