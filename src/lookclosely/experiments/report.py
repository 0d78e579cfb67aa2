"""A measured claim as a small table, for a chapter or the claims page."""

from dataclasses import dataclass
from html import escape

from .core import Experiment, Result

HELD = {"yes": "held", "partly": "held in part", "no": "did not hold"}


@dataclass(frozen=True)
class Report:
    """Shows itself in a notebook as HTML, elsewhere as text."""

    experiment: Experiment
    result: Result

    def rows(self) -> list[tuple[str, str]]:
        """What the table says: (heading, text)."""
        verdict = self.experiment.judge(self.result)
        claims = ", ".join(self.experiment.claims)
        return [
            (f"Claim {claims}".strip(), self.experiment.statement),
            ("On the slides", "; ".join(self.experiment.sources)),
            ("Published", self.experiment.published or "no figure"),
            ("Measured here", verdict.ours),
            ("It", f"{HELD[verdict.held]}. {verdict.sentence}"),
            ("From", f"{self.result.made}; config {self.result.config_hash}"),
        ]

    def _repr_html_(self) -> str:
        body = "".join(
            f'<tr><th scope="row">{escape(head)}</th><td>{escape(text)}</td></tr>'
            for head, text in self.rows()
        )
        return f'<table class="lc-claim"><tbody>{body}</tbody></table>'

    def __repr__(self) -> str:
        return "\n".join(f"{head}: {text}" for head, text in self.rows())
