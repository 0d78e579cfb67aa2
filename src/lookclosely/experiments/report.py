"""A measured claim as a small table, for a chapter or the claims page."""

import re
from dataclasses import dataclass
from html import escape

from .core import Experiment, Result

# A verdict in words, in the chapters and on the page of claims.
HELD = {"yes": "held", "partly": "held in part", "no": "did not hold"}


def with_minus(text: str) -> str:
    """Text whose negative numbers have a minus sign: "-8.7 to -6.5" as "−8.7 to −6.5".

    Hyphens in words, in ranges and in names (FCN-8s, 3-4) stay.
    """
    return re.sub(r"(?<![\w-])-(?=\d)", "−", text)


@dataclass(frozen=True)
class Report:
    """Shows itself in a notebook as HTML, elsewhere as text."""

    experiment: Experiment
    result: Result

    def rows(self) -> list[tuple[str, str]]:
        """What the table says: (heading, text)."""
        verdict = self.experiment.judge(self.result)
        claims = ", ".join(self.experiment.claims)
        said = [
            (f"Claim {claims}".strip(), self.experiment.statement),
            ("On the slides", "; ".join(self.experiment.sources)),
            ("Published", self.experiment.published or "no figure"),
            ("Measured here", verdict.ours),
            ("Verdict", f"{HELD[verdict.held]}. {verdict.sentence}"),
            ("Made with", f"{self.result.made}; config {self.result.config_hash}"),
        ]
        return [(head, with_minus(text)) for head, text in said]

    def _repr_html_(self) -> str:
        body = "".join(
            f'<tr><th scope="row">{escape(head)}</th><td>{escape(text)}</td></tr>'
            for head, text in self.rows()
        )
        return f'<table class="table lc-claim"><tbody>{body}</tbody></table>'

    def __repr__(self) -> str:
        return "\n".join(f"{head}: {text}" for head, text in self.rows())
