"""A measured claim as a small table, for a chapter or the claims page."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from .core import Experiment, Result

if TYPE_CHECKING:  # drawing is imported when something is drawn
    from matplotlib.figure import Figure

    from lookclosely.show import Table

# A verdict in words, in the chapters and on the page of claims.
HELD = {"yes": "held", "partly": "held in part", "no": "did not hold"}


def with_minus(text: str) -> str:
    """Text whose negative numbers have a minus sign: "-8.7 to -6.5" as "−8.7 to −6.5".

    Hyphens in words, in ranges and in names (FCN-8s, 3-4) stay.
    """
    return re.sub(r"(?<![\w-])-(?=\d)", "−", text)


def _with_article(device: str) -> str:
    """ "an H200" for "NVIDIA H200", "a Tesla T4"."""
    name = device.removeprefix("NVIDIA ")
    spelt = name[:2].isupper() or name[1:2].isdigit()  # letter by letter: "an aitch"
    return f"{'an' if name[0] in ('AEFHILMNORSX' if spelt else 'AEIOU') else 'a'} {name}"


@dataclass(frozen=True)
class Report:
    """Shows itself in a notebook as HTML, elsewhere as text.

    ``gpu`` is the same experiment measured again on a GPU, if it was. It is shown beside the
    result and counts for nothing: the verdict is of the result.
    """

    experiment: Experiment
    result: Result
    gpu: Result | None = None

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

    def curves(self, metric: str, names: Mapping[str, str] | None = None) -> "Figure":
        """Validation over the steps of training, see ``compared.curves``."""
        from .compared import curves

        return curves(self.result, metric, names)

    def table(
        self,
        metric: str,
        names: Mapping[str, str] | None = None,
        pairs: Sequence[tuple[str, str]] = (),
    ) -> "Table":
        """Every arm at the end of its training, see ``compared.table``."""
        from .compared import table

        return table(self.result, metric, names, pairs)

    def gpu_line(self) -> str:
        """What a GPU gave, in a line, "" where none was asked: "Also on an H200 …"."""
        if self.gpu is None:
            return ""
        count = len(self.gpu.seeds)
        where = f"{_with_article(self.gpu.device)} ({count} seed{'s' * (count != 1)})"
        if self._older():
            return f"On {where}, of an older setting: not compared."
        there, here = (self.experiment.judge(result).held for result in (self.gpu, self.result))
        if there == here:
            return f"Also on {where}: same verdict."
        return f"On {where}: another verdict, {HELD[there]}."

    def gpu_rows(self) -> list[tuple[str, str]]:
        """What folds away behind ``gpu_line``: (heading, text)."""
        if self.gpu is None:
            return []
        torch, config = self.gpu.versions.get("torch", "?"), self.gpu.config_hash
        said = [("Made with", f"torch {torch} on {self.gpu.device}; config {config}")]
        if self._older():
            said.append(("Older setting", "; ".join(self._settings_changed())))
        else:
            verdict = self.experiment.judge(self.gpu)
            said = [
                ("Measured there", verdict.ours),
                ("Verdict there", f"{HELD[verdict.held]}. {verdict.sentence}"),
                *said,
            ]
        return [(head, with_minus(text)) for head, text in said]

    def _older(self) -> bool:
        return self.gpu is not None and self.gpu.config_hash != self.experiment.config_hash()

    def _settings_changed(self) -> list[str]:
        """ "steps 800, today 2400", for each setting that is no longer the GPU result's."""
        then = _flat(self.gpu.config if self.gpu else {})
        now = _flat(json.loads(json.dumps(asdict(self.experiment.full))))  # as a result is read
        keys = [key for key in {**then, **now} if then.get(key) != now.get(key)]
        return [f"{k} {then.get(k, 'not set')}, today {now.get(k, 'not set')}" for k in keys]

    def _repr_html_(self) -> str:
        body = "".join(_html_row(head, escape(text)) for head, text in self.rows())
        if line := self.gpu_line():
            folded = "".join(
                f"<dt>{escape(head)}</dt><dd>{escape(text)}</dd>" for head, text in self.gpu_rows()
            )
            summary = f"<summary>{escape(line)}</summary>"
            body += _html_row("On a GPU", f"<details>{summary}<dl>{folded}</dl></details>")
        return f'<table class="table lc-claim"><tbody>{body}</tbody></table>'

    def __repr__(self) -> str:
        rows = self.rows() + [("On a GPU", line) for line in [self.gpu_line()] if line]
        return "\n".join(f"{head}: {text}" for head, text in rows)


def _flat(config: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Settings within settings with their path: ``training/steps``."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        path = f"{above}{key}"
        flat |= _flat(value, f"{path}/") if isinstance(value, dict) else {path: value}
    return flat


def _html_row(head: str, cell: str) -> str:
    return f'<tr><th scope="row">{escape(head)}</th><td>{cell}</td></tr>'
