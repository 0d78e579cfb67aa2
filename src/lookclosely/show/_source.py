"""The source of the package's functions, shown in a notebook."""

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Source:
    """Python source that a notebook shows in its own colours."""

    text: str

    def _repr_markdown_(self) -> str:
        return f"```python\n{self.text}\n```"

    def __repr__(self) -> str:
        return self.text


def source(*functions: Callable[..., Any]) -> Source:
    """The source code of functions and classes of the package, as this book shows it."""
    texts = (textwrap.dedent(inspect.getsource(function)).rstrip() for function in functions)
    return Source("\n\n\n".join(texts))
