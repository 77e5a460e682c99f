"""The processor is named, the machine is not."""

import os
import platform

from lrfr import hardware


def test_model_and_cores(tmp_path, monkeypatch):
    monkeypatch.setattr(hardware, "CPUINFO", tmp_path / "cpuinfo")
    assert hardware.hardware() == f"{platform.machine()} x {os.cpu_count()}"
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Some  CPU, 2 GHz\nmodel name\t: Other\n")
    assert hardware.hardware() == f"Some CPU  2 GHz x {os.cpu_count()}"


def test_no_name_of_the_machine():
    assert platform.node() not in hardware.hardware()
