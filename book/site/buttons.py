"""The buttons above a page: open in Colab, download the notebook, the repository."""

import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

COLAB = "https://colab.research.google.com/github"
KEPT = ("source-buttons", "source-repository-button", "fullscreen-button")


def is_chapter(pagename: str) -> bool:
    return pagename.startswith("chapters/")


def colab_url(app: Sphinx, pagename: str) -> str:
    """Where Colab finds a chapter: the repository and branch of ``_config.yml``."""
    repository = app.config.html_theme_options["repository_url"].split("github.com/")[-1].strip("/")
    return f"{COLAB}/{repository}/blob/{app.config.lookclosely_notebooks_branch}/{pagename}.ipynb"


def set_buttons(app: Sphinx, pagename: str, template: str, context: dict, doctree: Any) -> None:
    """Replace the theme's download and launch groups, which know only the MyST source."""
    buttons = [b for b in context.get("header_buttons", []) if b.get("label") in KEPT]
    if is_chapter(pagename):
        notebook = context["pathto"](f"notebooks/{pagename}.ipynb", 1)
        buttons = [
            _link("colab", "Open in Colab", colab_url(app, pagename), "fas fa-play"),
            _link(
                "notebook",
                "Notebook",
                notebook,
                "fas fa-download",
                "Download the notebook (.ipynb)",
            ),
            *buttons,
        ]
    context["header_buttons"] = buttons


def _link(label: str, text: str, url: str, icon: str, tooltip: str | None = None) -> dict[str, str]:
    label = f"lc-{label}"
    return {
        "type": "link",
        "text": text,
        "url": url,
        "icon": icon,
        "tooltip": tooltip or text,
        "label": label,
    }


def copy_notebooks(app: Sphinx, exception: Exception | None) -> None:
    """Put the notebooks that this build wrote where the download buttons point."""
    source = Path(app.outdir).parent / "notebooks"
    if exception is None and app.builder.format == "html" and source.is_dir():
        shutil.copytree(source, Path(app.outdir) / "notebooks", dirs_exist_ok=True)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("lookclosely_notebooks_branch", "notebooks", "html", [str])
    app.connect("html-page-context", set_buttons, priority=900)  # after the theme's own
    app.connect("build-finished", copy_notebooks, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
