"""Writes a fixture beside the script that made it: JSON, numbers in repr precision, one line per row of a matrix."""

import importlib.metadata
import json
import sys
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent


def plain(value):
    """The same value in lists, dictionaries and Python numbers."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def text(value, indent=""):
    """JSON with a list of numbers on one line and everything else on lines of its own."""
    deeper = indent + " "
    if isinstance(value, dict):
        entries = [f"{deeper}{json.dumps(key)}: {text(entry, deeper)}" for key, entry in value.items()]
        return "{\n" + ",\n".join(entries) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(entry, (list, dict)) for entry in value):
        return "[\n" + ",\n".join(deeper + text(entry, deeper) for entry in value) + f"\n{indent}]"
    return json.dumps(value, allow_nan=False)


def write(name, fields, packages=("numpy",)):
    """Writes `name` with its provenance: this script's name and the versions of the packages that made the numbers."""
    versions = {package: importlib.metadata.version(package) for package in packages}
    content = {"madeBy": Path(sys.argv[0]).name, "versions": versions, **plain(fields)}
    (FOLDER / name).write_text(text(content) + "\n")


def read(name):
    return json.loads((FOLDER / name).read_text())


def assert_close(actual, expected, tolerance, what):
    """Raises unless the two agree to `tolerance` of the larger of 1 and their largest entry."""
    actual, expected = np.asarray(actual, float), np.asarray(expected, float)
    error = np.max(np.abs(actual - expected)) / max(1.0, np.max(np.abs(expected)))
    assert error <= tolerance, f"{what}: {error:.2e} apart, allowed {tolerance:.0e}"
