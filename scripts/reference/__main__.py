"""`python -m scripts.reference`."""

from scripts.reference.pages import ROOT, written

for path, text in written(ROOT).items():
    path.write_text(text)
