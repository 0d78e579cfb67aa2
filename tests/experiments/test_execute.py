"""What a result says about the machine it was made on."""

import sys

import torch

from lookclosely.experiments.execute import machine, processor


def test_the_processor_is_read_from_linux(tmp_path):
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t: Intel(R) Xeon(R)  CPU @ 2.20GHz\nflags\t: fpu\n")
    assert processor(info) == "Intel Xeon CPU @ 2.20GHz"


def test_elsewhere_python_names_the_processor_or_nobody_does(tmp_path, monkeypatch):
    monkeypatch.setattr("platform.processor", lambda: "arm")
    assert processor(tmp_path / "none") == "arm"
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nBogoMIPS\t: 50.00\n")  # an ARM board names no model
    assert processor(info) == "arm"
    monkeypatch.setattr("platform.processor", lambda: "")
    assert processor(info) == ""


def test_a_machine_is_threads_and_processor(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    module = sys.modules["lookclosely.experiments.execute"]
    monkeypatch.setattr(module, "processor", lambda: "AMD EPYC")
    assert machine("cpu") == "1 CPU core (AMD EPYC)"
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    monkeypatch.setattr(module, "processor", lambda: "")
    assert machine("cpu") == "2 CPU cores"
