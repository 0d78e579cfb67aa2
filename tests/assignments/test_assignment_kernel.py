"""A notebook that runs in Jupyter runs in the grader, and nothing it switches costs a test."""

import os
import subprocess
import sys

import pytest
from batches import full_marks, less, options, rows, scores

from lookclosely.grading import grade

MAGICS = """
%matplotlib inline
import matplotlib.pyplot as plt
plt.plot([1, 2])
plt.show()
%pylab --no-import-all inline
%autosave 60
kept = [1, 2]
%store kept
%config InlineBackend.figure_format = "retina"
assert type(get_ipython()).__name__ == "ZMQInteractiveShell"
assert type(get_ipython().kernel).__name__ == "IPythonKernel"
assert get_ipython().kernel.shell is get_ipython()
assert In[1] and __name__ == "__main__"
"""
ASYNC = """
import asyncio
async def three():
    await asyncio.sleep(0)
    return 3
assert await three() == 3
task = asyncio.create_task(three())
assert await task == 3
assert asyncio.get_event_loop().is_running()
"""
WORKERS = """
import torch
from torch.utils.data import DataLoader, TensorDataset
batches = list(DataLoader(TensorDataset(torch.arange(10.0)), batch_size=2, num_workers=2))
assert len(batches) == 5
"""
WIDGET = """
from ipywidgets import interact
interact(lambda size: size, size=(1, 3))
"""
WRITES = """%%writefile my_answer.py
import torch

def conv_transpose1d(x, weight, stride=1, padding=0):
    output = x.new_zeros(weight.shape[1], (x.shape[1] - 1) * stride + weight.shape[2])
    for i in range(x.shape[1]):
        place = slice(i * stride, i * stride + weight.shape[2])
        output[:, place] += torch.einsum("c,cok->ok", x[:, i], weight)
    return output[:, padding : output.shape[1] - padding]
"""
INSTALLS = """
import subprocess, sys
%pip install --force-reinstall no-such-package-as-this
%conda install no-such-package-as-this
%uv pip install no-such-package-as-this
said = !pip uninstall -y no-such-package-as-this
assert "Nothing is installed" in said[0], said
said = !{sys.executable} -m pip install no-such-package-as-this
assert "Nothing is installed" in said[0], said
said = !conda install -y numpy
assert "Nothing is installed" in said[0], said
subprocess.check_call([sys.executable, "-m", "pip", "install", "no-such-package-as-this"])
"""
SWITCHES = """
import os, sys, warnings
import numpy as np
import torch
torch.set_default_device("cuda")
torch.set_default_dtype(torch.float64)
torch.use_deterministic_algorithms(True)
torch.set_printoptions(precision=1)
torch.set_autocast_enabled("cpu", True)
torch.set_grad_enabled(False)
torch.autograd.set_detect_anomaly(True)
np.seterr(all="raise")
warnings.simplefilter("error")
os.environ.clear()
os.chdir("/")
"""
STREAMS = """
import sys
sys.stdout = None
sys.setrecursionlimit(150)
"""
INFERENCE = """
import torch
forever = torch.inference_mode()
forever.__enter__()
also = torch.autocast("cpu")
also.__enter__()
"""
SWITCHING_ANSWER = """
import os, torch, warnings
right = nms
def nms(boxes, scores, threshold):
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    warnings.simplefilter("error")
    os.chdir("/")
    return right(boxes, scores, threshold)
"""
GOES_ON = """
import os
import torch
assert os.environ["MINE"] == "1" and os.getcwd() == "/"
assert torch.zeros(1).dtype == torch.float64
"""
FLOODS = {
    "prints": "while True: print('x' * 1000)",
    "shows": "from IPython.display import display\nwhile True: display('x' * 1000)",
    "shouts": "!yes",
    "shouts-by-system": "import os\nos.system('yes')",
    "warns": "import sys\nwhile True: sys.stderr.write('x' * 1000)",
    "waits": "import asyncio\nawait asyncio.sleep(1000)",
}
THREE_LOOPS = """
def loop(*arguments, **options):
    while True:
        pass
conv_transpose1d = border_weights = nms = loop
"""


@pytest.mark.slow
def test_what_runs_in_jupyter_runs_here(submit, autograder, tmp_path):
    full = full_marks(autograder)
    submit("magics", first=MAGICS)
    submit("async", first=ASYNC)
    submit("workers", first=WORKERS)
    submit("widget", first=WIDGET)
    submit("installs", first=INSTALLS)
    last = "from my_answer import conv_transpose1d\n" + "# right"
    folder = submit("imports", first=WRITES, last=last).parent
    out = tmp_path / "grades.csv"
    assert grade.run(options(folder, autograder, out)) == 0
    for name, row in rows(out).items():
        assert (row["status"], scores(row), row["message"]) == ("graded", full, ""), name


@pytest.mark.slow
def test_what_is_switched_is_put_back(submit, autograder, tmp_path):
    full = full_marks(autograder)
    submit("switches-first", first=SWITCHES, checks=False)
    submit("switches-last", last=SWITCHES + STREAMS, checks=False)
    submit("switches-then-checks", last=SWITCHES + checks_all())
    submit("inference", first=INFERENCE)
    submit("switches-in-a-test", last=SWITCHING_ANSWER, checks=False)
    mine = "import os, torch\nos.environ['MINE'] = '1'\nos.chdir('/')\n"
    mine += "torch.set_default_dtype(torch.float64)\ngrader.check('q4')"
    submit("goes-on", last=mine + GOES_ON)
    folder = submit("solution").parent
    out = tmp_path / "grades.csv"
    assert grade.run(options(folder, autograder, out)) == 0
    for name, row in rows(out).items():
        assert (row["status"], scores(row)) == ("graded", full), (name, row["message"])
    assert rows(out)["goes-on"]["message"] == ""  # the notebook's own settings stay, as in Jupyter


def checks_all() -> str:
    return "".join(f'\ngrader.check("q{n}")' for n in range(1, 9))


@pytest.mark.slow
def test_a_flood_costs_its_own_cell_only(submit, autograder, tmp_path):
    full = full_marks(autograder)
    for name, cell in FLOODS.items():
        folder = submit(name, first=cell).parent
    out = tmp_path / "grades.csv"
    assert grade.run(options(folder, autograder, out, "--cell-limit", "8")) == 0
    for name, row in rows(out).items():
        assert (row["status"], scores(row)) == ("graded", full), (name, row["message"])


@pytest.mark.slow
def test_three_endless_loops_leave_the_rest_graded(submit, autograder, tmp_path):
    full = full_marks(autograder)
    wanted = less(less(less(full, 6, "q2"), 6, "q3"), 6, "q4")  # its other tests fail at once
    submit("loops-in-tests", last=THREE_LOOPS, checks=False)
    submit("loops-in-checks", last=THREE_LOOPS + checks_all())
    cells = THREE_LOOPS + "while True: pass"
    folder = submit("loops-in-cells", first="while True: pass", last=cells, checks=False).parent
    out = tmp_path / "grades.csv"
    assert grade.run(options(folder, autograder, out, "--limit", "60")) == 0
    for name, row in rows(out).items():
        got = scores(row) if name != "loops-in-checks" else scores(row) | {"q1": full["q1"]}
        assert (row["status"], got) == ("graded", wanted), (name, row["message"])


@pytest.mark.slow
def test_under_python_without_assertions_the_points_are_the_same(submit, autograder, tmp_path):
    wrong = "field = 1\ndef iou_per_class(*a):\n    return None"
    folder = submit("wrong", last=wrong, checks=False).parent
    out, plain = tmp_path / "grades.csv", tmp_path / "plain.csv"
    command = ["-m", "lookclosely", "grade", str(folder), "--autograder", str(autograder)]
    environment = os.environ | {"PYTHONOPTIMIZE": "1"}
    for target, python in ((plain, [sys.executable]), (out, [sys.executable, "-O"])):
        subprocess.run(
            [*python, *command, "--out", str(target)],
            check=True,
            capture_output=True,
            env=environment if target == out else None,
        )
    assert scores(rows(out)["wrong"]) == scores(rows(plain)["wrong"])
