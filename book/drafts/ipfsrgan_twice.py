# A section of ipfsrgan_claims.py, for before "Does L1 blur less?", once `lrfr queue ipfsrgan-pilot-longer`, `lrfr keep
# ipfsrgan-pilot-longer` and `lrfr record ipfsrgan longer` have run. The page has what these imports do not bring.
import json

import pandas as pd

from lrfr import figures, methods, record, tables
from lrfr.evaluation.validation import PLATEAU
from lrfr.paths import data_dir
from lrfr.plans import LONGER
from lrfr.record import ipfsrgan as record_ipfsrgan
from lrfr.record import ipfsrgan_rows as at
from lrfr.record.ipfsrgan import PX
from lrfr.record.ipfsrgan_rows import ESRGAN, IP

results = record.load("ipfsrgan")
n_two = int(tables.pick(results, **at.view2(IP, "dlib", "probe", "auc"))["n"].iloc[0])

# %% [markdown]
# ## Would a longer training say something else?
#
# The shipped IP-FSRGAN still gains in the last fifth of its steps ({doc}`the first page <ipfsrgan>`). So it and
# ESRGAN were trained anew with twice the steps and nothing else changed. What tells the two apart is the identity loss
# and the weights of pixels and features: does that difference depend on when the training ends?

# %% tags=["hide-input"]
rows = []
for key, label in record_ipfsrgan.TWICE.items():
    for name, place in (
        (record_ipfsrgan.RIVALS[key], methods.checkpoint(f"ipfsrgan-s0-{key}").with_suffix(".json")),
        (label, data_dir() / "runs" / f"{LONGER}{key}.json"),
    ):
        log = json.loads(place.read_text())
        row = {"run": name, "steps": f"{log['settings']['schedule']['steps']:,}"}
        rows.append(row | tables.plateau(pd.DataFrame(log["curve"])))
figures.show_table(
    pd.DataFrame(rows),
    "What the last fifth of the steps still gained on the validation faces, after the study's steps and after twice as "
    f"many; a plateau is less than {PLATEAU:.0%}. Their weights are not shipped.",
    name="ipfsrgan-twice-plateau",
)

# %%
TWICE_ESRGAN, TWICE_IP = (record_ipfsrgan.TWICE[key] for key in ("esrgan", "ip"))
COLUMNS = {
    "ESRGAN, twice - once": (TWICE_ESRGAN, ESRGAN),
    "IP-FSRGAN, twice - once": (TWICE_IP, IP),
    "IP-FSRGAN - ESRGAN, both twice": (TWICE_IP, TWICE_ESRGAN),
}
rows = []
for setting in ("probe", "both"):
    for network in record.JUDGES:
        row = {"setting": setting, "network": f"{network} ({record.role(network)})"}
        once = at.view2(IP, network, setting, f"auc_minus_{ESRGAN}")
        row["IP-FSRGAN - ESRGAN, both once"] = tables.cell(results, 4, **once)
        for words, (method, other) in COLUMNS.items():
            row[words] = tables.cell(results, 4, **at.longer(method, network, setting, f"auc_minus_{other}"))
        rows.append(row)
figures.show_table(
    pd.DataFrame(rows),
    f"Paired differences in AUC, LFW View 2 at {PX} px, {n_two:,} pairs, 95 % intervals over people: after the study's "
    "steps and after twice as many.",
    name="ipfsrgan-twice",
)
