"""On what was a number computed? The processor's model and its cores, never the name of a machine."""

import os
import platform
from pathlib import Path

#: Where Linux says which processor it runs on.
CPUINFO = Path("/proc/cpuinfo")
#: What it calls instructions that multiply bfloat16: four times as fast with the first, twice with the other.
BFLOAT16 = frozenset({"amx_bf16", "avx512_bf16"})


def multiplies_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 (AMX or AVX-512); others would only lose precision by it."""
    return CPUINFO.is_file() and not BFLOAT16.isdisjoint(CPUINFO.read_text(errors="replace").split())


def hardware(device: str = "cpu") -> str:
    """Such as ``Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz x 2``: model and logical cores; the architecture elsewhere.

    Of the device ``"cuda"`` the name that its driver gives.
    """
    if device == "cuda":
        import torch  # here: the command line asks for nothing so heavy

        return torch.cuda.get_device_name()
    lines = CPUINFO.read_text(errors="replace").splitlines() if CPUINFO.is_file() else []
    models = [line.split(":", 1)[1] for line in lines if line.startswith("model name") and ":" in line]
    model = " ".join(models[0].split()) if models else platform.machine()
    return f"{model.replace(',', ' ')} x {os.cpu_count() or 1}"
