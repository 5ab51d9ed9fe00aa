"""Checks shards against the CSV files that they were made from, with csv and h5py alone; prints "agree" at the end.

Usage: python check_shards.py FOLDER '{"inputs": [..], "treatment": .., "outcome": .., "covariates": [..],
                                       "source": .., "weight": .., "id": .., "by": .., "institution": ..,
                                       "cluster": .., "test": .., "instruments": [..], "proxies": [..], "keep": [..],
                                       "rowsPerShard": .., "missing": "refuse|drop|mean"}'
"""

import csv
import hashlib
import json
import math
import sys

import h5py
import numpy as np

MARKERS = {"", "NA", "NaN", "nan", "."}


def is_number(text):
    try:
        float(text)
        return True
    except ValueError:
        return False


def read(inputs):
    rows = []
    for path in inputs:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows += list(csv.DictReader(file))
    return rows


def kept(rows, plan):
    single = [plan["treatment"], plan["outcome"]] + [plan[k] for k in ("source", "weight") if plan.get(k)]
    single += [column for column, role in further(plan) if role != "none"]
    needed = single if plan["missing"] == "mean" else single + plan["covariates"]
    return [row for row in rows if not any(row[column] in MARKERS for column in needed)]


def further(plan):
    """The columns besides x, t, y, z, weight and id, with their roles, in the order of the files."""
    institution = plan.get("by") or plan.get("institution")
    single = [(institution, "institution"), (plan.get("cluster"), "cluster"), (plan.get("test"), "test")]
    lists = [("instruments", "instrument"), ("proxies", "proxy"), ("keep", "none")]
    return [pair for pair in single if pair[0]] + [(name, role) for key, role in lists for name in plan.get(key, [])]


def check_further(file, entry, rows, everything, plan):
    """Columns against the texts of their rows; levels are those of all kept rows, or of the shard's institution."""
    record = json.loads(file.attrs["giv-record"])
    columns = [column for column in record["columns"] if column["dataset"].startswith("columns/")]
    assert [(column["name"], column["role"]) for column in columns] == further(plan)
    for column in columns:
        dataset = file[column["dataset"]]
        texts = [row[column["name"]] for row in rows]
        present = {row[column["name"]] for row in everything} - MARKERS
        assert dataset.attrs["role"] == column["role"] and dataset.attrs["name"] == column["name"]
        always = column["role"] in ("institution", "cluster")
        if not always and all(map(is_number, present)):
            kind = "integer" if column["role"] == "test" else "real"
            expected = np.array([math.nan if text in MARKERS else float(text) for text in texts])
            assert column["kind"] == kind and np.array_equal(dataset[:].astype(float), expected, equal_nan=True)
            continue
        levels = sorted(present)
        if column["role"] == "institution" and plan.get("by"):
            levels = [entry["institution"]]
        assert column["kind"] == "categorical" and list(dataset.attrs["levels"]) == levels == column["levels"]
        expected = [-1 if text in MARKERS else levels.index(text) for text in texts]
        assert dataset.dtype == np.int64 and dataset[:].tolist() == expected


def encode(rows, plan):
    """x, its names, the categories and the means."""
    columns, names, categories, means = [], [], {}, {}
    for name in plan["covariates"]:
        texts = [row[name] for row in rows]
        present = [text for text in texts if text not in MARKERS]
        if all(is_number(text) for text in present):
            mean = math.fsum(map(float, present)) / len(present)
            if len(present) < len(texts):
                means[name] = mean
            columns.append([mean if text in MARKERS else float(text) for text in texts])
            names.append(name)
            continue
        levels = sorted(set(present)) + (["(missing)"] if len(present) < len(texts) else [])
        categories[name] = levels
        for level in levels[1:]:
            columns.append([float(("(missing)" if text in MARKERS else text) == level) for text in texts])
            names.append(name + "=" + level)
    return np.array(columns).T, names, categories, means


def check_shard(path, entry, rows, everything, x, names, plan, codes):
    with h5py.File(path) as file:
        check_further(file, entry, rows, everything, plan)
        assert list(file.attrs["covariates"]) == names, path
        assert file.attrs["treatment"] == plan["treatment"] and file.attrs["outcome"] == plan["outcome"]
        assert file["x"].dtype == np.float64 and np.array_equal(file["x"][:], x), path
        for dataset, column in [("t", "treatment"), ("y", "outcome"), ("weight", "weight")]:
            if plan.get(column):
                expected = np.array([float(row[plan[column]]) for row in rows])
                assert np.array_equal(file[dataset][:], expected), (path, dataset)
            else:
                assert dataset not in file
        if plan.get("source"):
            expected = [codes[row[plan["source"]]] for row in rows]
            assert file["z"].dtype == np.int64 and file["z"][:].tolist() == expected, path
        if plan.get("id"):
            expected = ["" if row[plan["id"]] in MARKERS else row[plan["id"]] for row in rows]
            assert list(file["id"].asstr()[:]) == expected, path
        if plan.get("by"):
            assert file.attrs["institution"] == entry["institution"]
    with open(path, "rb") as file:
        assert hashlib.sha256(file.read()).hexdigest() == entry["sha256"], path


def main(folder, plan):
    manifest = json.load(open(folder + "/manifest.json"))
    everything = read(plan["inputs"])
    rows = kept(everything, plan)
    x, names, categories, means = encode(rows, plan)

    record = manifest["imported"]
    assert record["categories"]["covariates"] == categories
    assert record["missingValues"]["means"] == means
    assert record["missingValues"]["rowsRead"] == len(everything)
    assert record["missingValues"]["rowsDropped"] == len(everything) - len(rows)
    for given in record["inputs"]:
        assert given["sha256"] == hashlib.sha256(open(given["path"], "rb").read()).hexdigest()
    codes = {}
    if plan.get("source"):
        values = {row[plan["source"]] for row in rows}
        if all(value.lstrip("-").isdigit() for value in values):
            codes = {value: int(value) for value in values}
            assert "source" not in record["categories"]
        else:
            codes = {value: code for code, value in enumerate(sorted(values))}
            assert record["categories"]["source"] == sorted(values)

    if plan.get("by"):
        institutions = sorted({row[plan["by"]] for row in rows})
        assert [shard["institution"] for shard in manifest["shards"]] == institutions
        parts = [[i for i, row in enumerate(rows) if row[plan["by"]] == name] for name in institutions]
    else:
        length = plan.get("rowsPerShard", 1_000_000)
        parts = [list(range(start, min(start + length, len(rows)))) for start in range(0, len(rows), length)]
        expected = ["shard-%05d.h5" % number for number in range(len(parts))]
        assert [shard["file"] for shard in manifest["shards"]] == expected
    assert [shard["rows"] for shard in manifest["shards"]] == [len(part) for part in parts]
    for shard, part in zip(manifest["shards"], parts):
        check_shard(folder + "/" + shard["file"], shard, [rows[i] for i in part], rows, x[part], names, plan, codes)
    print("agree")


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
