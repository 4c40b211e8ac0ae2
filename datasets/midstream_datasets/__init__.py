"""The data files of midstream_lab, one folder each, with their metadata; `midstream_lab.datasets` loads them."""
