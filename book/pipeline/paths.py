"""Where everything lies: one place for the names of folders."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Book:
    """A book by its root: the folder that holds ``_config.yml`` and ``_toc.yml``."""

    root: Path

    @property
    def build(self) -> Path:
        return self.root / "_build"

    @property
    def package(self) -> Path:
        return self.root / "src" / "lookclosely"

    @property
    def html(self) -> Path:
        """The site, as it is published."""
        return self.build / "html"

    @property
    def doctrees(self) -> Path:
        """What Sphinx remembers from one build to the next."""
        return self.build / ".doctrees"

    @property
    def jupyter_cache(self) -> Path:
        """Where MyST-NB looks for executed notebooks; its default place."""
        return self.build / ".jupyter_cache"

    def source(self, name: str) -> Path:
        """The chapter that people write, for example ``chapters/segmentation/unet``."""
        return self.root / f"{name}.md"

    def executed(self, name: str) -> Path:
        """The executed notebook, kept until its fingerprint changes."""
        return self.build / "executed" / f"{name}.ipynb"
