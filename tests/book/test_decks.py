"""A deck's short name is a link to the slide map, in text only."""

from book.site.decks import link_decks

KNOWN = {"S000": "Segmentation", "S003": "Convolutions & more"}
LINK = (
    '<a class="reference internal lc-deck" data-tippy-content="Slides: Convolutions &amp; more" '
    'href="map.html#deck-s003">S003</a>'
)


def test_a_deck_in_the_text_is_a_link() -> None:
    assert link_decks("<p>As S003 says, <em>S003</em>.</p>", KNOWN, "map.html") == (
        f"<p>As {LINK} says, <em>{LINK}</em>.</p>"
    )


def test_code_headings_links_attributes_and_unknown_decks_stay() -> None:
    for html in (
        "<h2>S003: layers</h2>",
        '<a href="x">S003</a>',
        "<pre>S003 <span>S003</span></pre>",
        '<img alt="S003">',
        "<p>S009, S0031 and XS003</p>",
    ):
        assert link_decks(html, KNOWN, "map.html") == html


def test_text_after_what_is_skipped_is_linked_again() -> None:
    html = link_decks("<code>S003</code> S003", KNOWN, "map.html")
    assert html == f"<code>S003</code> {LINK}"
