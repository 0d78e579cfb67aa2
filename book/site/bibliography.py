"""The bibliography under the names by which the text cites: "Tan and Le, 2019"."""

from collections import Counter
from collections.abc import Iterable, Iterator
from string import ascii_lowercase
from typing import Any

from pybtex.database import Entry
from pybtex.plugin import register_plugin
from pybtex.richtext import Text
from pybtex.style.formatting.unsrt import Style as Unsrt
from pybtex.style.labels import BaseLabelStyle
from sphinx.application import Sphinx


class AuthorYearLabels(BaseLabelStyle):
    """Labels as the reference style ``author_year`` cites, with a, b, … where two are the same."""

    def format_labels(self, sorted_entries: Iterable[Entry]) -> Iterator[str]:
        labels = [label(entry) for entry in sorted_entries]
        total, seen = Counter(labels), Counter()
        for text in labels:
            yield text + (ascii_lowercase[seen[text]] if total[text] > 1 else "")
            seen[text] += 1


class AuthorYear(Unsrt):
    """Entries as ``unsrt`` writes them, by author and year."""

    default_label_style = AuthorYearLabels
    default_sorting_style = "author_year_title"


def label(entry: Entry) -> str:
    """``Brown, 1961``, ``Tan and Le, 2019``, ``Girshick et al., 2014``."""
    roles: Any = entry.persons  # pybtex does not say that these two are dictionaries
    fields: Any = entry.fields
    persons = roles.get("author") or roles.get("editor") or []
    names = [_surname(person) for person in persons] or [fields["title"]]
    who = " and ".join(names) if len(names) < 3 else f"{names[0]} et al."
    return f"{who}, {fields.get('year', 'n.d.')}"


def _surname(person: Any) -> str:
    return str(Text(" ").join([*person.rich_prelast_names, *person.rich_last_names]))


def setup(app: Sphinx) -> dict[str, Any]:
    register_plugin("pybtex.style.formatting", "lookclosely", AuthorYear)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
