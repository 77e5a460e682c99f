# %% [markdown]
# # Low-resolution face recognition
#
# A camera far away sees a face in a few pixels. This book recomputes five papers that try to recognise such a face, on
# photographs and networks that anyone can fetch.

# %% tags=["parameters"]
profile = None  # smoke, demo (the default), study or paper
seed = 0
device = "auto"
data_root = None  # the folder with lfw/ and celeba/

# %% tags=["hide-input"]
from lrfr import chapter, datasets, degradation, figures

run = chapter.start(profile, seed, device, data_root)

# %% [markdown]
# {numref}`index-sizes` shows one face at the sizes the book studies.

# %% tags=["hide-input"]
face = datasets.load("caltech").tensor([0])
sizes = [7, 14, 28, 56, 112]
small = [degradation.degrade(face, size)[0] if size < 112 else face[0] for size in sizes]
figures.show(
    figures.face_strip(small, [f"{size} px" for size in sizes]),
    caption="One face of the Caltech set, reduced by antialiased bicubic interpolation. At 7 px an eye is one pixel.",
    alt="The same face five times, from a coarse mosaic of seven by seven squares to a sharp photograph.",
    name="index-sizes",
)
