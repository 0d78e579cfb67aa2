"""``{claims}``: what the slides claim, what was published, and what we measured."""

from collections.abc import Iterator
from typing import Any

from sphinx.application import Sphinx

from .markdown import GeneratedDirective, table


class Claims(GeneratedDirective):
    """An overview, then a section for each experiment of the registry."""

    def lines(self) -> Iterator[str]:
        entries = [_entry(experiment) for experiment in _experiments()]
        if not entries:
            yield "No claim has been measured yet."
            return
        yield from table(
            ["claim", "statement", "verdict"],
            [
                [f"[{claims}](#{anchor(e)})", e.statement, verdict]
                for claims, e, verdict, _ in entries
            ],
        )
        for claims, experiment, verdict, result in entries:
            yield from self._section(claims, experiment, verdict, result)

    def _section(self, claims: str, experiment: Any, verdict: str, result: Any) -> Iterator[str]:
        yield from ("", f"({anchor(experiment)})=", f"## {claims}: {experiment.statement}", "")
        from lookclosely.experiments.report import with_minus

        rows = [["slides", ", ".join(experiment.sources)]]
        if experiment.published:
            rows.append(["published", with_minus(experiment.published)])
        if result is None:
            rows.append(["ours", f"not measured yet (`{_command(experiment)}`)"])
        else:
            judged = experiment.judge(result)
            rows.append(["ours", with_minus(judged.ours)])
            rows.append(["verdict", f"**{verdict}**. {with_minus(judged.sentence)}"])
            rows.append(["made with", f"{result.made}; `{_command(experiment)}`"])
        rows.append(["chapter", self._chapter(experiment.chapter)])
        yield from table(["", ""], rows)

    def _chapter(self, chapter: str) -> str:
        """A link to the chapter (``segmentation/unet#heading``), or its name if it is to come."""
        name, _, heading = chapter.removeprefix("chapters/").partition("#")
        if f"chapters/{name}" not in self.env.found_docs:
            return f"{name} (to come)"
        page = f"{{doc}}`/chapters/{name}`"
        return f"{page}, [](/chapters/{name}.md#{heading})" if heading else page


def anchor(experiment: Any) -> str:
    return f"claim-{experiment.claims[0].lower()}-{experiment.name.replace('_', '-')}"


def _experiments() -> list[Any]:
    """The registry, in the order of the claims' numbers."""
    from lookclosely.experiments import REGISTRY

    claims = [experiment for experiment in REGISTRY.values() if experiment.claims]
    return sorted(claims, key=lambda experiment: experiment.claims)


def _entry(experiment: Any) -> tuple[str, Any, str, Any]:
    """Claims, experiment, verdict in a word, and today's full result if there is one."""
    from lookclosely.experiments import load
    from lookclosely.experiments.report import HELD

    claims = ", ".join(experiment.claims)
    try:
        result = load(experiment.name)
    except FileNotFoundError:
        return claims, experiment, "not measured yet", None
    if result.budget != "full" or result.config_hash != experiment.config_hash():
        return claims, experiment, "to be measured again", None
    return claims, experiment, HELD[experiment.judge(result).held], result


def _command(experiment: Any) -> str:
    return f"python -m lookclosely experiments run {experiment.name}"


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("book.site.markdown")
    app.add_directive("claims", Claims)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
