"""Damaged inputs: shards, HDF5 files of other programs and CSV tables with bits flipped, cut off, or bytes spliced in.

usage: fuzz.py GIV_DIST [--files 2000] [--seed 0] [--jobs 2] [--keep FOLDER]

Half of the damage is done to metadata: of HDF5 files all but the values, of CSV files the header. Every command must end
within a minute. A damaged shard must give the digest of the whole one, since its values carry checksums, or be refused with
65 or 66 and a message; of files without checksums a changed number is another number, so they may also be read. Whatever
else happens is listed, and the script ends with 1; with --keep such files are kept.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile

import h5py
import numpy as np

TRAIN = ["--groups", "2", "--starts", "2", "--representation", "identity", "--max-iterations", "20", "--json",
         "--progress", "none"]


def values_of(path):
    """The stretches of bytes in which a file's values lie."""
    stretches = []

    def visit(_, item):
        if not isinstance(item, h5py.Dataset):
            return
        if item.chunks:
            for index in range(item.id.get_num_chunks()):
                chunk = item.id.get_chunk_info(index)
                stretches.append((chunk.byte_offset, chunk.byte_offset + chunk.size))
        elif item.id.get_offset() is not None:
            stretches.append((item.id.get_offset(), item.id.get_offset() + item.id.get_storage_size()))

    with h5py.File(path) as file:
        file.visititems(visit)
    return stretches


def bases(program, folder):
    """Name, path, command after the program, whether values carry checksums, and the places of metadata."""
    subprocess.run([program, "simulate", "--rows", "400", "--groups", "2", "--covariates", "2", "--seed", "1", "--out",
                    f"{folder}/shards"], check=True, capture_output=True)
    shard = f"{folder}/shards/shard-00000.h5"
    with h5py.File(shard) as file:
        x, t, y = file["x"][:], file["t"][:], file["y"][:]
    foreign, compressed, table = f"{folder}/foreign.h5", f"{folder}/compressed.h5", f"{folder}/table.csv"
    with h5py.File(foreign, "w") as file:
        file["x"], file["t"], file["y"], file["id"] = x, t, y, [f"p{i}" for i in range(len(t))]
    with h5py.File(compressed, "w") as file:
        for name, values in (("x", x), ("t", t), ("y", y)):
            file.create_dataset(name, data=values, chunks=(100,) + values.shape[1:], compression="gzip", shuffle=True)
    sites = np.array(["north", "south", "east"])[np.arange(len(t)) % 3]
    with open(table, "w") as file:
        file.write("dose,outcome,age,weight,site\n")
        for row in zip(t, y, x[:, 0], x[:, 1], sites):
            file.write(",".join(str(value) for value in row) + "\n")
    to_shards = ["--treatment", "dose", "--outcome", "outcome", "--covariates", "age,weight,site", "--json"]
    columns = ["--treatment", "t", "--outcome", "y", "--covariates", "x", "--json"]

    def metadata(path):
        inside = np.zeros(os.path.getsize(path), bool)
        for start, end in values_of(path):
            inside[start:end] = True
        return np.flatnonzero(~inside)

    return [
        ("shard, train", shard, lambda path, _: ["train", path, *TRAIN], True, metadata(shard)),
        ("shard, inspect", shard, lambda path, _: ["inspect", path, "--json"], True, metadata(shard)),
        ("foreign, train", foreign, lambda path, _: ["train", path, *TRAIN], False, metadata(foreign)),
        ("compressed, train", compressed, lambda path, _: ["train", path, *TRAIN], False, metadata(compressed)),
        ("foreign, shard", foreign, lambda path, out: ["shard", path, "--out", out, *columns], False, metadata(foreign)),
        ("table, shard", table, lambda path, out: ["shard", path, "--out", out, *to_shards], False, np.arange(29)),
    ]


def damaged(content, metadata, random):
    """Flipped bits, a cut, or bytes put in or taken out; where, by half among the metadata."""
    content = bytearray(content)

    def place():
        return int(random.choice(metadata)) if random.random() < 0.5 else int(random.integers(len(content)))

    kind = random.choice(["flip", "flip", "bytes", "cut", "insert", "remove", "zero"])
    if kind == "flip":
        for _ in range(random.integers(1, 9)):
            content[place()] ^= 1 << int(random.integers(8))
    elif kind == "bytes":
        at = place()
        content[at:at + 8] = random.bytes(len(content[at:at + 8]))
    elif kind == "cut":
        del content[place():]
    elif kind == "insert":
        at = place()
        content[at:at] = random.bytes(int(random.integers(1, 64)))
    elif kind == "remove":
        at = place()
        del content[at:at + int(random.integers(1, 64))]
    else:
        at = place()
        content[at:at + 64] = bytes(len(content[at:at + 64]))
    return bytes(content)


def run(arguments):
    try:
        return subprocess.run(arguments, capture_output=True, timeout=60)
    except subprocess.TimeoutExpired:
        return None


def outcome(name, done, whole):
    """What a command came to; the second is whether that is as it should be."""
    if done is None:
        return "longer than a minute", False
    if done.returncode in (65, 66):
        return str(done.returncode), bool(done.stderr.strip())
    if done.returncode != 0:
        return str(done.returncode), False
    if whole is None:
        return "read", True
    return ("same digest", True) if digest(done.stdout) == whole else ("another digest", False)


def digest(output):
    report = json.loads(output)
    return report.get("modelDigest") or [(file["rows"], file["columns"]) for file in report["files"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("giv_dist")
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kinds = bases(options.giv_dist, folder)
        whole = {}
        for name, path, command, has_checksums, _ in kinds:
            done = run([options.giv_dist, *command(path, f"{folder}/whole")])
            if done is None or done.returncode != 0:
                sys.exit(f"{name}: the whole file is not read: {done and done.stderr}")
            shutil.rmtree(f"{folder}/whole", ignore_errors=True)
            whole[name] = digest(done.stdout) if has_checksums else None

        def attempt(number):
            name, path, command, _, metadata = kinds[number % len(kinds)]
            random = np.random.default_rng([options.seed, number])
            target, out = f"{folder}/{number}{os.path.splitext(path)[1]}", f"{folder}/{number}-out"
            with open(path, "rb") as file:
                content = damaged(file.read(), metadata, random)
            with open(target, "wb") as file:
                file.write(content)
            done = run([options.giv_dist, *command(target, out)])
            result, is_right = outcome(name, done, whole[name])
            if not is_right and options.keep:
                os.makedirs(options.keep, exist_ok=True)
                shutil.copy(target, options.keep)
            shutil.rmtree(out, ignore_errors=True)
            os.remove(target)
            return number, name, result, is_right, (done.stderr[-300:].decode(errors="replace") if done else "")

        counts, wrong = collections.Counter(), []
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for number, name, result, is_right, error in pool.map(attempt, range(options.files)):
                counts[name, result] += 1
                if not is_right:
                    wrong.append(f"{number}: {name}: {result} {error}")
    for (name, result), count in sorted(counts.items()):
        print(f"{name:20} {result:20} {count:6}")
    print(f"{options.files - len(wrong)} of {options.files} as they should be")
    for line in wrong:
        print(line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
