"""Generators from their settings, and the settings again from what a run wrote."""

import dataclasses
import json

import pytest
import torch

from lrfr.errors import LrfrError
from lrfr.networks import generators
from lrfr.networks.rrdb import RRDBNet, RRDBSettings
from lrfr.networks.srcnn import SRCNN, SRCNNSettings
from lrfr.networks.srresnet import SRResNet, SRResNetSettings
from lrfr.networks.unet import UNet, UNetSettings
from lrfr.plans import pilots, planned

SMALL = [
    SRResNetSettings(2, blocks=1, width=8),
    SRResNetSettings.printed(4, blocks=1),
    RRDBSettings(4, blocks=1, width=8, growth=4),
    RRDBSettings(8, blocks=1, width=8, growth=4, skip=False),
    SRCNNSettings(2, channels=(8, 4)),
    SRCNNSettings.printed(4, (9, 5, 5)),
    UNetSettings(width=4, widest=8),
    UNetSettings.printed(width=4, widest=8),
]
KINDS = {SRResNetSettings: SRResNet, RRDBSettings: RRDBNet, SRCNNSettings: SRCNN, UNetSettings: UNet}


@pytest.mark.parametrize("settings", SMALL, ids=str)
def test_settings_come_back_from_their_json_and_build_the_same_network(settings):
    written = json.loads(json.dumps(dataclasses.asdict(settings)))
    read = generators.settings_from(written)
    assert read == settings and type(read) is type(settings) and hash(read) == hash(settings)
    networks = []
    for each in (settings, read):
        torch.manual_seed(3)
        networks.append(generators.build(each).eval())
    assert all(type(network) is KINDS[type(settings)] for network in networks)
    with torch.no_grad():
        first, second = (network(torch.full((1, 3, 6, 5), 0.4)) for network in networks)
    side = (settings.output,) * 2 if isinstance(settings, UNetSettings) else (6 * settings.scale, 5 * settings.scale)
    assert first.shape == (1, 3, *side)
    assert torch.equal(first, second)


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("settings", SMALL, ids=str)
def test_a_traced_network_finds_the_kept_matrices(settings):
    """An export has no operator for antialiased resizing, only products with what is kept."""
    network = generators.build(settings).eval().requires_grad_(False)
    faces = torch.rand(1, 3, 6, 5)
    expected = network(faces)
    traced = torch.jit.trace(network, faces, check_trace=False)
    assert "upsample_bicubic" not in str(traced.inlined_graph)
    assert torch.equal(traced(faces), expected)


@pytest.mark.filterwarnings("ignore")  # of an exporter that torch calls old
def test_a_network_is_exported_to_onnx(tmp_path):
    runtime = pytest.importorskip("onnxruntime", reason="needs onnxruntime, which the extra 'test' brings")
    pytest.importorskip("onnx", reason="needs onnx, which the extra 'faces' brings")
    network = generators.build(SMALL[-2]).eval().requires_grad_(False)
    faces = torch.rand(1, 3, 14, 12)
    expected = network(faces)
    torch.onnx.export(network, (faces,), tmp_path / "network.onnx", dynamo=False, opset_version=17)
    session = runtime.InferenceSession(str(tmp_path / "network.onnx"), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: faces.numpy()})
    assert torch.allclose(torch.from_numpy(found), expected, atol=1e-5)


def test_the_generator_of_every_planned_run_comes_back():
    for run in [r for r in [*planned(), *pilots()] if r.generator is not None]:
        written = json.loads(json.dumps(dataclasses.asdict(run.generator)))
        assert generators.settings_from(written) == run.generator, run.name


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"scale": 4},
        dataclasses.asdict(SMALL[0]) | {"temperature": 1.0},
        {k: v for k, v in dataclasses.asdict(SMALL[2]).items() if k != "growth"},
    ],
)
def test_settings_of_no_generator_are_refused(written):
    named = ", ".join(sorted(written))
    with pytest.raises(
        LrfrError, match=rf"\A[^\n]*SRResNet, RRDBNet, SRCNN or UNet, found the names {named}: [^\n]*\Z"
    ):
        generators.settings_from(written)
