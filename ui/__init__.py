"""Streamlit pages and the components they are built from."""

import os

# Threads of PyTorch that wait for each other sleep instead of spinning: a core that spins is taken from the browser, or
# from the very thread that is waited for. PyTorch reads this once, when it is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# Threads of NumPy do spin, so it gets none: PyTorch multiplies what is large. NumPy reads this when it is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
