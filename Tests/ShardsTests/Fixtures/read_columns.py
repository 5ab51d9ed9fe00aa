"""Prints the columns of a shard as h5py sees them, without the program: one line of JSON for each.

Usage: python read_columns.py SHARD.h5
Real numbers are hexadecimal, missing ones null; categories are given by name. What the record says of a column must be
what its dataset says.
"""

import json
import math
import sys

import h5py
import numpy as np


def show(value):
    return None if math.isnan(value) else float(value).hex()


def values(file, column):
    dataset = file[column["dataset"]]
    if column["kind"] == "text":
        return dataset.asstr()[:].tolist()
    numbers = dataset[:] if "index" not in column else dataset[:, column["index"]]
    if column["kind"] == "categorical":
        assert numbers.dtype == np.int64 and list(dataset.attrs["levels"]) == column["levels"]
        return [None if code == -1 else column["levels"][code] for code in numbers]
    if column["kind"] == "integer":
        assert numbers.dtype == np.int64
        return [None if number == np.iinfo(np.int64).min else int(number) for number in numbers]
    assert numbers.dtype == np.float64
    assert column["kind"] == "real" or numbers.shape[1:] == (column["width"],)
    return [show(number) for number in numbers.ravel()]


def main(path):
    with h5py.File(path) as file:
        record = json.loads(file.attrs["giv-record"])
        assert record["encodingType"] == file.attrs["encoding-type"] == "giv-shard"
        assert record["encodingVersion"] == file.attrs["encoding-version"] == "2.1.0"
        assert record["rows"] == file.attrs["rows"]
        for column in record["columns"]:
            if "index" not in column:
                attributes = file[column["dataset"]].attrs
                for name in ("name", "role", "kind"):
                    assert attributes[name] == column[name]
            print(json.dumps([column["name"], column["role"], values(file, column)]))


if __name__ == "__main__":
    main(sys.argv[1])
