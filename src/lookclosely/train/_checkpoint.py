"""Checkpoints of a training: ``folder/<step>``, each complete as soon as it has that name.

A checkpoint is written as ``folder/<step>.draft`` and then renamed, so that a program stopped in
the middle of it leaves the one before.
"""

import shutil
from pathlib import Path

import torch
from accelerate import Accelerator

Lists = dict[str, list[float]]


def save(accelerator: Accelerator, folder: Path, step: int, lists: Lists) -> None:
    """Write the training's state and its ``lists`` as the only checkpoint of the folder.

    All processes call it together.
    """
    draft = folder / f"{step}.draft"
    if accelerator.is_main_process:
        shutil.rmtree(draft, ignore_errors=True)  # what a stopped program left there
    _meet(accelerator)
    accelerator.save_state(str(draft))
    _meet(accelerator)
    if accelerator.is_main_process:
        torch.save(lists, draft / "history.pt")
        draft.rename(folder / str(step))
        _remove_all_but(folder, step)
    _meet(accelerator)


def resume(accelerator: Accelerator, folder: Path) -> Lists | None:
    """Load the newest complete checkpoint; its lists, or None if there is none."""
    found = _complete(folder)
    if not found:
        return None
    newest = found[max(found)]
    accelerator.load_state(str(newest))
    return torch.load(newest / "history.pt", weights_only=True)


def _meet(accelerator: Accelerator) -> None:
    """All processes wait here for each other.

    Accelerate's own call would give each of them a GPU, also those that train on a CPU, and fail on
    a machine with fewer GPUs than processes. A sum is ready when all have sent their part.
    """
    torch.as_tensor(accelerator.reduce(torch.zeros(1, device=accelerator.device))).item()


def _complete(folder: Path) -> dict[int, Path]:
    paths = [path.parent for path in folder.glob("*/history.pt")]
    return {int(path.name): path for path in paths if path.name.isdecimal()}


def _remove_all_but(folder: Path, step: int) -> None:
    """Older checkpoints and drafts; what else lies in the folder stays."""
    older = [path for number, path in _complete(folder).items() if number != step]
    drafts = [p for p in folder.glob("*.draft") if p.stem.isdecimal()]
    for path in older + drafts:
        shutil.rmtree(path, ignore_errors=True)
