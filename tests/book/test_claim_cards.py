"""The page of claims: short words, few numbers, a plot with a dot for each seed."""

import re

import pytest
from bs4 import BeautifulSoup

from book.site.claim_cards import Card, finding, glance, tally
from book.site.claim_plot import number, spoken, strips
from book.site.claims import Claim, claims

CLAIMS = claims()
each_claim = pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.experiment.name)


@each_claim
def test_a_claim_is_said_in_six_words_and_its_statement_in_25(claim: Claim) -> None:
    assert 1 <= len(claim.experiment.short.split()) <= 6
    assert len(claim.experiment.statement.split()) <= 25


@each_claim
def test_a_card_shows_what_was_measured_for_each_seed(claim: Claim) -> None:
    card = Card(claim, "a chapter")
    soup = BeautifulSoup(card.html(), "html.parser")
    assert 2 <= len(card.rows) <= 3
    dots = len(soup.select(".lc-plot circle"))
    assert dots == len(card.rows) * len(claim.report.result.seeds)
    heads = [dt.text for dt in soup.select("dt")]
    assert heads[:2] == ["published", "ours"]
    unfolded = soup.select_one(".lc-found")
    assert unfolded is None or len(unfolded.text.split()) <= 25
    ours = soup.select("dd")[1].text
    values = [number(sum(v) / len(v)) for _, v in card.rows]
    assert ours.endswith(", ".join(f"{label} {x}" for (label, _), x in zip(card.rows, values)))


def test_no_two_cards_have_one_anchor() -> None:
    anchors = [claim.anchor for claim in CLAIMS]
    assert len(set(anchors)) == len(anchors) > 15


def test_the_tally_counts_the_verdicts() -> None:
    soup = BeautifulSoup(tally(CLAIMS), "html.parser")
    counts = {i["value"]: int(i.parent.b.text) for i in soup.select("input")}  # type: ignore
    assert counts["all"] == len(CLAIMS) == counts["held"] + counts["part"] + counts["not"]
    assert counts["held"] == sum(claim.verdict == "yes" for claim in CLAIMS)
    marks = re.findall(r'data-verdict="(\w+)"', glance(CLAIMS))
    assert marks.count("part") == counts["part"]


def test_a_finding_is_short_or_folded() -> None:
    assert finding("It gains 0.1 to 0.2. And more: 0.3, 0.4, 0.5.") == "It gains 0.1 to 0.2."
    assert finding("Gains 0.1, 0.2, 0.3 and 0.4.") == ""
    assert finding("word " * 26) == ""


def test_numbers_are_written_as_a_reader_wants_them() -> None:
    said = {0.5351: "0.535", 23.2: "23.2", 186.6: "187", 4.6e-17: "5e−17", -0.25: "−0.250"}
    assert {value: number(value) for value in said} == said


def test_a_plot_has_one_scale_for_all_its_rows() -> None:
    svg = strips("mIoU", [("all", [0.0, 1.0]), ("none", [0.5, 0.5])])
    places = [float(x) for x in re.findall(r'cx="([\d.]+)"', svg)]
    assert places == [6.0, 210.0, 108.0, 108.0]
    assert spoken("mIoU", [("all", [0.0, 1.0])]) == "mIoU: all 0.500"
    assert "A dot for each of 2 seeds" in svg
