"""The processor is named, the machine is not."""

import os
import platform

import torch

from lrfr import hardware


def test_model_and_cores(tmp_path, monkeypatch):
    monkeypatch.setattr(hardware, "CPUINFO", tmp_path / "cpuinfo")
    assert hardware.hardware() == f"{platform.machine()} x {os.cpu_count()}"
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Some  CPU, 2 GHz\nmodel name\t: Other\n")
    assert hardware.hardware() == f"Some CPU  2 GHz x {os.cpu_count()}"


def test_of_an_accelerator_its_own_name(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Some GPU")
    assert hardware.hardware("cuda") == "Some GPU" != hardware.hardware("cpu")


def test_matrix_units_are_read_from_the_flags(tmp_path, monkeypatch):
    monkeypatch.setattr(hardware, "CPUINFO", tmp_path / "cpuinfo")
    assert not hardware.multiplies_bfloat16()
    (tmp_path / "cpuinfo").write_text("flags\t\t: fpu avx512f amx_tile\n")
    assert not hardware.multiplies_bfloat16()
    (tmp_path / "cpuinfo").write_text("flags\t\t: fpu avx512_bf16\n")
    assert hardware.multiplies_bfloat16()


def test_no_name_of_the_machine():
    assert platform.node() not in hardware.hardware()
