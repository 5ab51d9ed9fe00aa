"""Writes the page of refusals: runs giv-dist (the argument) on an input of every kind that it must refuse, and shows
the code that made the input, the command and the message. Standard output is the page, in Markdown.

Every entry has a folder of its own with the files of the introduction, so that no entry depends on another.
"""
import itertools, multiprocessing, os, re, shutil, subprocess, sys, tempfile, textwrap

INTRODUCTION = """
# Refusals of input

What the program says to inputs that it cannot use, each with an input that makes it say so.

## Overview
Exit code 64 is for options, 65 for data, 66 for files that are not there and 73 for results that cannot be written.
Made by `Tests/CommandTests/refusals.py`, which ran all that is shown; each entry begins with these functions and files:
""".strip()

SHARED = """
import bz2, gzip, json, lzma, os, zipfile
import h5py, numpy as np

random, n = np.random.default_rng(1), 240
group = np.arange(n) % 2
x = random.integers(-40, 41, (n, 2)) / 8
t = np.where(group == 0, 1, -1) * x[:, 0] + x[:, 1] / 2 + random.integers(-16, 17, n) / 32
y = 2 * t + x[:, 0] + random.integers(-16, 17, n) / 8

def change(values, place, value):
    values = np.array(values)
    values[place] = value
    return values

def write(name, **changes):
    "A shard of another program: HDF5 with x, t and y; None leaves one out."
    with h5py.File(name, "w") as file:
        for key, values in (dict(x=x, t=t, y=y) | changes).items():
            if values is not None: file[key] = values

def table(name, **changes):
    "A CSV table of ten rows; of more where all four columns are given."
    columns = dict(dose=t[:10], survival=y[:10], age=40 + np.arange(10), region=list("ABCABCABCA")) | changes
    with open(name, "w") as file:
        for row in [columns.keys(), *zip(*columns.values())]: print(*row, sep=",", file=file)

def text(name, lines): open(name, "w").write(lines)

def states(name, *more):
    "A long table of four states over six years, and further rows."
    with open(name, "w") as file:
        print("state,year,packs,policy", file=file)
        for place, state in enumerate("ABCD"):
            for year in range(2000, 2006):
                print(state, year, 10 * place + year % 7, ["none", "tax"][place % 2], sep=",", file=file)
        for row in more: print(row, file=file)

def panel(name, arms=("none", "tax"), periods=range(2000, 2006), **changes):
    "A panel of another program: eight states over six years."
    outcomes = np.add.outer(np.arange(8.0), np.arange(6.0) ** 2) + random.integers(-8, 9, (8, 6)) / 16
    with h5py.File(name, "w") as file:
        for key, values in (dict(y=outcomes, arm=np.arange(8) % 2, id=list("ABCDEFGH")) | changes).items():
            file[key] = values
        file.attrs["arms"], file.attrs["periods"] = list(arms), list(periods)
    return outcomes

def virtual(name, *sources, rows=n, kind="f8"):
    "A shard whose t is a virtual dataset of pieces: (first row, last row, file, dataset, rows there)."
    write(name, t=None)
    with h5py.File(name, "r+", libver=("earliest", "v110")) as file:
        layout = h5py.VirtualLayout((rows,), kind)
        for first, last, path, dataset, there in sources:
            layout[first:last] = h5py.VirtualSource(path, dataset, (there,), kind)[:last - first]
        file.create_virtual_dataset("t", layout)
"""

MADE = """
table("trial.csv", dose=t, survival=y, age=x[:, 0], region=list("ABC") * 80)
"""
MADE_BY = """
giv-dist shard trial.csv --out shards --treatment dose --outcome survival --covariates age,region
giv-dist train shards --groups 2 --starts 2 --representation identity --out run
""".strip().splitlines()

SHARD = "giv-dist shard a.csv --out out --treatment dose --outcome survival --covariates age,region"
SHARD_AGE = "giv-dist shard a.csv --out out --treatment dose --outcome survival --covariates age"
SHARD_H5 = "giv-dist shard a.h5 --out out --treatment t --outcome y --covariates x"
TRAIN = "giv-dist train a.h5 --groups 2"

SECTIONS = {}


def section(title):
    SECTIONS[title] = entries = []
    return lambda what, code, command: entries.append((what, textwrap.dedent(code).strip(), command))


refuse = section("Files and folders")
refuse("A file that does not exist", "", "giv-dist train a.h5 --groups 2")
refuse("A table that does not exist", "", SHARD)
refuse("A folder without shards", 'os.mkdir("empty")', "giv-dist train empty --groups 2")
refuse("A folder with HDF5 files of another suffix", 'os.mkdir("folder"); write("folder/a.hdf5")',
       "giv-dist train folder --groups 2")
refuse("A folder with HDF5 files of two suffixes", 'os.mkdir("folder"); write("folder/a.h5"); write("folder/b.mat")',
       "giv-dist train folder --groups 2")
refuse("A folder where a table is wanted", 'os.mkdir("a.csv")', SHARD)
refuse("A device", "", "giv-dist train /dev/null --groups 2")
refuse("A table where shards are wanted", 'table("a.csv")', "giv-dist train a.csv --groups 2")
refuse("An empty file", 'text("a.csv", "")', SHARD)
refuse("A header without rows", 'text("a.csv", "dose,survival,age,region\\n")', SHARD)
refuse("A workbook", 'with zipfile.ZipFile("a.csv", "w") as file: file.writestr("[Content_Types].xml", "")', SHARD)
refuse("A Parquet file", 'text("a.csv", "PAR1")', SHARD)
refuse("A Stata data set", 'text("a.dta", "<stata_dta>")', SHARD.replace("a.csv", "a.dta"))
refuse("A Stata data set where shards are wanted", 'text("a.dta", "<stata_dta>")', "giv-dist train a.dta --groups 2")
refuse("An SPSS data set", 'text("a.sav", "$FL2")', SHARD.replace("a.csv", "a.sav"))
refuse("A SAS data set", 'open("a.sas7bdat", "wb").write(bytes(12) + bytes.fromhex("c2ea8160"))',
       SHARD.replace("a.csv", "a.sas7bdat"))
refuse("A SAS transport file", 'text("a.xpt", "HEADER RECORD*******LIBRARY HEADER RECORD")', SHARD.replace("a.csv", "a.xpt"))
refuse("A Feather file", 'text("a.feather", "ARROW1")', SHARD.replace("a.csv", "a.feather"))
refuse("A page of a web server", 'text("a.csv", "<!DOCTYPE html><title>Log in</title>")', SHARD)
refuse("JSON", """text("a.csv", '[{"dose": 1}]')""", SHARD)
refuse("A pointer of Git LFS", 'text("a.csv", "version https://git-lfs.github.com/spec/v1\\n")', SHARD)
refuse("A compressed table of another kind than gzip", 'lzma.open("a.csv", "wt").write("dose,survival\\n")', SHARD)
refuse("A gzip file that was cut off",
       'packed = gzip.compress(random.bytes(4000)); open("a.csv", "wb").write(packed[:2000])', SHARD)
refuse("A truncated HDF5 file", """
       write("b.h5")
       whole = open("b.h5", "rb").read(); open("a.h5", "wb").write(whole[:len(whole) // 2])""", TRAIN)
refuse("A damaged chunk", """
       with h5py.File("shards/shard-00000.h5") as file: place = file["t"].id.get_chunk_info(0).byte_offset
       with open("shards/shard-00000.h5", "r+b") as file: file.seek(place + 77); file.write(b"?")""",
       "giv-dist train shards --groups 2")
refuse("A shard given twice", 'write("a.h5")', "giv-dist train a.h5 ./a.h5 --groups 2")
refuse("A table given twice", 'table("a.csv")', SHARD.replace("a.csv", "a.csv a.csv"))
refuse("Posteriors among the shards", "", "giv-dist train run/posteriors.h5 --groups 2")
refuse("A model among the shards", "", "giv-dist train run/model.h5 --groups 2")
refuse("A manifest that is none", 'text("shards/manifest.json", "{}")', "giv-dist train shards --groups 2")
refuse("A manifest of other rows", """
       manifest = json.load(open("shards/manifest.json"))
       manifest["shards"][0]["rows"] = 241
       json.dump(manifest, open("shards/manifest.json", "w"))""", "giv-dist train shards --groups 2")
refuse("A manifest whose shard is gone", 'os.remove("shards/shard-00000.h5")', "giv-dist train shards --groups 2")
refuse("A shard of a later format", """
       with h5py.File("shards/shard-00000.h5", "r+") as file:
           record = json.loads(file.attrs["giv-record"]) | {"encodingVersion": "9.0"}
           file.attrs["giv-record"] = np.bytes_(json.dumps(record))""",
       "giv-dist train shards/shard-00000.h5 --groups 2")
refuse("A folder that has shards", 'table("a.csv")', SHARD.replace("--out out", "--out shards"))
refuse("A folder that has a run", "", "giv-dist train shards --groups 2 --out run")
refuse("A file where a folder is to be written", 'table("a.csv")', SHARD.replace("--out out", "--out a.csv"))
refuse("A folder of the inputs to be written", 'write("out.h5"); os.mkdir("out"); os.rename("out.h5", "out/a.h5")',
       SHARD_H5.replace("a.h5", "out/a.h5"))
refuse("A run among the shards", 'os.mkdir("folder"); write("folder/a.h5")', TRAIN.replace("a.h5", "folder/a.h5")
       + " --out folder")
refuse("An input to be written over", "", "giv-dist predict run shards --out shards/shard-00000.h5 --force")
refuse("A result in a folder that does not exist", "", "giv-dist predict run shards --out results/new.h5")
refuse("A result that exists", 'text("new.h5", "")', "giv-dist predict run shards --out new.h5")

refuse = section("Files of options")
refuse("A file of options that is not there", "", "giv-dist train --config fit.yaml")
refuse("A key that is no option", 'text("fit.yaml", "shards: shards\\ngruops: 2\\n")', "giv-dist train --config fit.yaml")
refuse("An option under two headings", 'text("fit.yaml", "data:\\n  seed: 1\\nfit:\\n  seed: 2\\n")',
       "giv-dist train shards --groups 2 --config fit.yaml")
refuse("A key given twice", 'text("fit.yaml", "groups: 2\\nseed: 1\\nseed: 2\\n")', "giv-dist train shards --config fit.yaml")
refuse("A flag that is neither true nor false", 'text("fit.yaml", "groups: 2\\nstream: fast\\n")',
       "giv-dist train shards --config fit.yaml")
refuse("Keys below an option", 'text("fit.yaml", "groups:\\n  from: 2\\n  to: 3\\n")',
       "giv-dist train shards --config fit.yaml")
refuse("A heading that is none", 'text("fit.yaml", "fits:\\n  groups: 2\\n")', "giv-dist train shards --config fit.yaml")
refuse("A file that is no YAML", 'text("fit.yaml", "groups: 2\\n  seed: 3\\n")', "giv-dist train shards --config fit.yaml")
refuse("A list instead of options", 'text("fit.yaml", "- groups\\n- seed\\n")', "giv-dist train shards --config fit.yaml")
refuse("A kernel that there is not", "", "giv-dist train shards --groups 2 --kernel sse")

refuse = section("HDF5 that is not what it seems")
refuse("A virtual dataset whose source is missing", 'virtual("a.h5", (0, n, "gone.h5", "t", n))', TRAIN)
refuse("A virtual dataset whose source is damaged", """
       write("b.h5")
       whole = open("b.h5", "rb").read(); open("b.h5", "wb").write(whole[:len(whole) // 2])
       virtual("a.h5", (0, n, "b.h5", "t", n))""", TRAIN)
refuse("A virtual dataset whose source has another name", """
       with h5py.File("b.h5", "w") as file: file["dose"] = t
       virtual("a.h5", (0, n, "b.h5", "t", n))""", TRAIN)
refuse("A virtual dataset whose source is too short", """
       write("b.h5", t=t[:200])
       virtual("a.h5", (0, n, "b.h5", "t", n))""", TRAIN)
refuse("A virtual dataset with rows that have no source", """
       write("b.h5")
       virtual("a.h5", (0, 100, "b.h5", "t", n), (120, n, "b.h5", "t", n))""", TRAIN)
refuse("A virtual dataset whose source is virtual, of a missing one", """
       virtual("b.h5", (0, n, "gone.h5", "t", n))
       virtual("a.h5", (0, n, "b.h5", "t", n))""", TRAIN)
refuse("A virtual dataset of its own values", 'virtual("a.h5", (0, n, ".", "t", n))', TRAIN)
refuse("A virtual dataset of another type", """
       write("b.h5", t=[str(value) for value in t])
       virtual("a.h5", (0, n, "b.h5", "t", n))""", TRAIN)
refuse("A raw file that is missing", """
       write("a.h5", t=None)
       with h5py.File("a.h5", "r+") as file: file.create_dataset("t", (n,), "f8", external="raw.bin")""", TRAIN)
refuse("A raw file that is short", """
       write("a.h5", t=None); t[:100].tofile("raw.bin")
       with h5py.File("a.h5", "r+") as file: file.create_dataset("t", (n,), "f8", external="raw.bin")""", TRAIN)
refuse("Chunks that were never written", """
       write("a.h5", t=None)
       with h5py.File("a.h5", "r+") as file: file.create_dataset("t", (n,), "f8", chunks=(40,))[:80] = t[:80]
       """, TRAIN)
refuse("A dataset that was never written", """
       write("a.h5", t=None)
       with h5py.File("a.h5", "r+") as file: file.create_dataset("t", (n,), "f8")""", TRAIN)
refuse("A filter that is not installed", """
       write("a.h5", t=None)
       with h5py.File("a.h5", "r+") as file: file.create_dataset("t", data=t, compression="lzf")""", TRAIN)
refuse("A link to what is not there", """
       write("a.h5", t=None)
       with h5py.File("a.h5", "r+") as file: file["t"] = h5py.SoftLink("/dose")""", TRAIN)
refuse("A link to a file that is not there", """
       write("a.h5", t=None)
       with h5py.File("a.h5", "r+") as file: file["t"] = h5py.ExternalLink("gone.h5", "/t")""", TRAIN)
refuse("A file that another process writes", 'write("a.h5"); held = h5py.File("a.h5", "r+")', TRAIN)
refuse("Values that an attribute marks as missing", """
       write("a.h5", t=change(t, [7, 20], -999))
       with h5py.File("a.h5", "r+") as file: file["t"].attrs["_FillValue"] = -999.0""", TRAIN)
refuse("Values outside of the range that an attribute says", """
       write("a.h5")
       with h5py.File("a.h5", "r+") as file: file["t"].attrs["valid_min"] = 0.0""", TRAIN)
refuse("Missing integers of R", """
       write("a.h5", t=change(np.round(8 * t).astype("i4"), 3, -2**31))""", TRAIN)
refuse("A scale that is no number", """
       write("a.h5")
       with h5py.File("a.h5", "r+") as file: file["t"].attrs["scale_factor"] = "a tenth" """, TRAIN)
refuse("An empty array of MATLAB", """
       write("a.h5", t=np.zeros(2, "u8"))
       with h5py.File("a.h5", "r+") as file: file["t"].attrs["MATLAB_empty"] = np.uint8(1)""",
       SHARD_H5)
refuse("Characters of MATLAB", """
       write("a.h5", t=np.full(n, 65, "u2"))
       with h5py.File("a.h5", "r+") as file: file["t"].attrs["MATLAB_class"] = np.bytes_("char")""", TRAIN)
refuse("Text that is not UTF-8", 'write("a.h5", site=np.array([b"Z\\xfcrich"] * n))', SHARD_H5 + " --institution site")
refuse("Text with a zero byte", 'write("a.h5", site=np.array([b"a\\0b"] * n))', SHARD_H5 + " --institution site")

refuse = section("Datasets and shapes")
refuse("No treatment", 'write("a.h5", t=None)', TRAIN)
refuse("No covariates", 'write("a.h5", x=None, features=x)', TRAIN)
refuse("No outcome for the joint model", 'write("a.h5", y=None)', TRAIN + " --distribution joint")
refuse("A matrix that lies on its side", 'write("a.h5", x=x.T)', TRAIN)
refuse("A column that lies on its side", 'write("a.h5", t=t[None])', TRAIN)
refuse("A matrix to import that lies on its side", 'write("a.h5", x=x.T)', SHARD_H5)
refuse("Three dimensions", 'write("a.h5", x=x[:, :, None])', TRAIN)
refuse("Three dimensions to import", 'write("a.h5", x=x[:, :, None])', SHARD_H5)
refuse("A single number", 'write("a.h5", x=5.0)', TRAIN)
refuse("A treatment of two columns", 'write("a.h5", t=np.c_[t, t])', TRAIN)
refuse("A matrix where one column is wanted", 'write("a.h5")',
       "giv-dist shard a.h5 --out out --treatment x --covariates t")
refuse("A column that the matrix does not have", 'write("a.h5")',
       SHARD_H5.replace("--covariates x", "--covariates 'x[5]'"))
refuse("A dataset that is not there", 'write("a.h5")', SHARD_H5.replace("--outcome y", "--outcome survival"))
refuse("Columns of different length", 'write("a.h5", t=t[:-1])', TRAIN)
refuse("Columns of different length to import", 'write("a.h5", t=t[:-1])', SHARD_H5)
refuse("Strings for numbers", 'write("a.h5", t=[str(value) for value in t])', TRAIN)
refuse("Records", 'write("a.h5", t=np.zeros(n, [("dose", "f8"), ("unit", "i4")]))', TRAIN)
refuse("Records to import", 'write("a.h5", t=np.zeros(n, [("dose", "f8"), ("unit", "i4")]))', SHARD_H5)
refuse("A matrix of strings", 'write("a.h5", x=[["a", "b"]] * n)', SHARD_H5)
refuse("Shards without a row", 'write("a.h5", x=x[:0], t=t[:0], y=y[:0])', TRAIN)
refuse("Shards of different covariates", 'write("a.h5"); write("b.h5", x=x[:, :1])',
       "giv-dist train a.h5 b.h5 --groups 2")

refuse = section("Values, weights and sources")
refuse("A value that is none", 'write("a.h5", x=change(x, (17, 1), np.nan))', TRAIN)
refuse("An infinite value", 'write("a.h5", t=change(t, 239, -np.inf))', TRAIN)
refuse("An infinite value to import", 'table("a.csv", age=[40, "inf"] + [50] * 8)', SHARD)
refuse("No weights", 'write("a.h5")', TRAIN + " --use-weights")
refuse("A negative weight", 'write("a.h5", weight=change(np.ones(n), 5, -1))', TRAIN + " --use-weights")
refuse("A negative weight to import", 'table("a.csv", w=[1, -1] * 5)', SHARD + " --weight w")
refuse("No row with weight", 'write("a.h5", weight=np.zeros(n))', TRAIN + " --use-weights")
refuse("Frequencies that are not whole", 'write("a.h5", weight=np.full(n, 1.5))', TRAIN + " --weights frequency")
refuse("Frequencies beyond counting", 'write("a.h5", weight=np.full(n, 2.0**60))', TRAIN + " --weights frequency")
refuse("A source that is no integer", 'write("a.h5", source=group + 0.5)', TRAIN + " --z source")
refuse("A source that identifies rows", 'write("a.h5", x=np.repeat(x, 5, 0), t=np.repeat(t, 5), y=np.repeat(y, 5), '
       'source=np.arange(5 * n))', TRAIN + " --z source")
refuse("Sources of numbers and texts", 'table("a.csv", site=[1, "NULL"] * 5)', SHARD + " --source site")
refuse("Identifiers that are too large", 'write("a.h5", id=np.full(n, 2**63 + 5, "u8"))', TRAIN + " --out out --id id")
refuse("Rows for testing that are not 0 or 1", 'table("a.csv", held=[0, 2] * 5)', SHARD + " --test held")
refuse("All rows for testing", 'table("a.csv", held=[1] * 10)',
       SHARD_AGE + " --test held\ngiv-dist train out --groups 2")

refuse = section("Categories and levels across shards")
refuse("Different covariates", 'table("a.csv"); table("b.csv")', SHARD_AGE.replace("out out", "out one")
       + "\n" + SHARD_AGE.replace("a.csv", "b.csv").replace("out out", "out two").replace("age", "region")
       + "\ngiv-dist train one two --groups 2")
refuse("Different treatments", 'table("a.csv")', SHARD_AGE.replace("out out", "out one") + "\n"
       + SHARD_AGE.replace("--out out --treatment dose --outcome survival", "--out two --treatment survival")
       + "\ngiv-dist train one two --groups 2")
refuse("Numbers in one shard and categories in another", 'table("a.csv", region=[1, 2] * 5)',
       SHARD.replace("out out", "out one") + "\n" + SHARD.replace("out out", "out two")
       + " --categorical region\ngiv-dist train one two --groups 2")
refuse("Sources that are coded in one shard and integers in another",
       'table("a.csv", site=list("NS") * 5); table("b.csv", site=[0, 1] * 5)',
       SHARD_AGE.replace("out out", "out one") + " --source site\n"
       + SHARD_AGE.replace("a.csv", "b.csv").replace("out out", "out two") + " --source site\n"
       + "giv-dist inspect one two")
refuse("A level without rows", 'table("a.csv", dose=t, survival=y, age=x[:, 0], region=list("AB") * 120)\n'
       'text("levels.json", \'{"region": ["A", "B", "C"]}\')',
       SHARD + " --levels levels.json\ngiv-dist train out --groups 2")
refuse("Levels of a file that is not there", 'table("a.csv")', SHARD + " --levels levels.json")
refuse("Levels of a file that has none", 'table("a.csv"); text("levels.json", "region: A, B")',
       SHARD + " --levels levels.json")
refuse("An empty list of levels", """table("a.csv"); text("levels.json", '{"region": []}')""",
       SHARD + " --levels levels.json")
refuse("A level twice", """table("a.csv"); text("levels.json", '{"region": ["A", "A"]}')""",
       SHARD + " --levels levels.json")
refuse("A level that was not agreed on", """table("a.csv"); text("levels.json", '{"region": ["A", "B"]}')""",
       SHARD + " --levels levels.json")
refuse("Levels of a column that is not read", """table("a.csv"); text("levels.json", '{"hospital": ["N"]}')""",
       SHARD + " --levels levels.json")
refuse("Levels named twice", """table("a.csv"); text("levels.json", '{"region": ["A", "B", "C"]}')""",
       SHARD + " --levels levels.json --categorical region:B")
refuse("A reference that no row has", 'table("a.csv")', SHARD + " --categorical region:D")
refuse("A category that is no covariate", 'table("a.csv")', SHARD + " --categorical regoin")
refuse("One category in every row", 'table("a.csv", region=["A"] * 10)',
       SHARD.replace("age,region", "region"))
refuse("A category that has a name of another covariate", 'table("a.csv", **{"region=B": range(10)})',
       SHARD.replace("age,region", "region,region=B"))
refuse("Tables of different columns", 'table("a.csv"); write("b.h5", dose=t, survival=y, age=x)',
       SHARD_AGE.replace("a.csv", "a.csv b.h5"))

refuse = section("New rows and models")
NEW = "giv-dist shard a.csv --out out --like run"
refuse("A level that the model does not know, to import", 'table("a.csv", region=list("ABCDABCDAB"))', NEW)
refuse("A level that the model does not know", 'table("a.csv", region=list("ABCDABCDAB"))',
       SHARD + "\ngiv-dist predict run out --out new.h5")
refuse("Other covariates than those of the model", 'table("a.csv")',
       SHARD_AGE + "\ngiv-dist predict run out --out new.h5")
refuse("Foreign shards of other covariates", 'write("a.h5", x=x[:, :1])', "giv-dist predict run a.h5 --out new.h5")
refuse("New rows without a column", 'text("a.csv", "dose,age\\n1,2\\n")', NEW)
refuse("New rows with fewer covariates", 'table("a.csv")', NEW + " --covariates age")
refuse("New rows with covariates in another order", 'table("a.csv")', NEW + " --covariates region,sex")
refuse("New rows with missing categories", 'table("a.csv", region=["A", ""] * 5)', NEW + " --missing mean")
refuse("Levels beside those of a run", 'table("a.csv")', NEW + " --categorical region:B")
refuse("New rows like a folder without any", 'table("a.csv"); os.mkdir("empty")', NEW.replace("run", "empty"))
refuse("No treatment named", 'table("a.csv")', "giv-dist shard a.csv --out out --covariates age")
PREDICT = "giv-dist predict run a.csv --out new.csv"
refuse("A table with a level that the model does not know", 'table("a.csv", region=list("ABCDABCDAB"))', PREDICT)
refuse("A table without a covariate of the model", 'text("a.csv", "dose,age\\n1,40\\n")', PREDICT)
refuse("A table that misses values", 'table("a.csv", age=[40, ""] * 5)', PREDICT)
refuse("Rows of a table that would be dropped, without identifiers", 'table("a.csv", age=[40, ""] * 5)',
       PREDICT + " --missing drop")
refuse("A table beside shards", 'table("a.csv")', PREDICT.replace("a.csv", "a.csv shards"))
refuse("A decimal mark of shards", "", "giv-dist predict run shards --out new.h5 --decimal-mark ,")
refuse("A table to be written over by its posteriors", 'table("a.csv")', PREDICT.replace("new.csv", "a.csv") + " --force")
refuse("No model", "", "giv-dist predict shards shards --out new.h5")
refuse("A model that is none", "", "giv-dist predict shards/shard-00000.h5 shards --out new.h5")
refuse("A model that was altered", """
       def alter(name, item):
           if isinstance(item, h5py.Dataset) and name.endswith("mixing_weights"): item[...] = item[...][::-1] / 2
       with h5py.File("run/model.h5", "r+") as file: file.visititems(alter)""",
       "giv-dist predict run shards --out new.h5")

refuse = section("Tables: headers and shape")
refuse("A column that is not there", 'table("a.csv")', SHARD.replace("age,", "ages,"))
refuse("Two columns of one name", 'text("a.csv", "dose,survival,age,age\\n1,2,3,4\\n")', SHARD_AGE)
refuse("A column used twice", 'table("a.csv")', SHARD_AGE.replace("survival", "dose"))
refuse("A covariate named twice", 'table("a.csv")', SHARD.replace("age,region", "age,age"))
refuse("No header", 'text("a.csv", "1,2,40\\n2,3,50\\n")', SHARD_AGE)
refuse("Another delimiter, and rows of more and fewer fields",
       'text("a.csv", "dose;survival;age\\n1,5;2;40\\n2;3;50;\\n")', SHARD_AGE)
refuse("Two possible delimiters", 'text("a.csv", "dose, mg;survival;age\\n" + "1,5;2;40\\n" * 3)', SHARD_AGE)
refuse("Tabs, and a row of fewer fields", 'text("a.csv", "dose\\tsurvival\\tage\\n1\\t2\\t40\\n1\\t2\\n")', SHARD_AGE)
refuse("A delimiter beside another in the first line", 'text("a.csv", "sep=;\\ndose;survival;age\\n1;2;40\\n")',
       SHARD_AGE + " --delimiter ,")
refuse("Comments above the header", 'text("a.csv", "# trial 7\\ndose,survival,age\\n1,2,40\\n")', SHARD_AGE)
refuse("A title above the header", 'text("a.csv", "Trial 7,,\\ndose,survival,age\\n1,2,40\\n")', SHARD_AGE)
refuse("Comments below the header", 'text("a.csv", "dose,survival,age\\n1,2,40\\n# end\\n")', SHARD_AGE)
refuse("Rows with a field more", 'text("a.csv", "dose,survival,age\\n1,2,40\\n1,2,41,5\\n")', SHARD_AGE)
refuse("Rows with a field less", 'text("a.csv", "dose,survival,age\\n1,2,40\\n1,2\\n")', SHARD_AGE)
refuse("Rows that end in a delimiter", 'text("a.csv", "dose,survival,age\\n1,2,40,\\n1,2,41,\\n")', SHARD_AGE)
refuse("Decimal commas that are not quoted", 'text("a.csv", "dose,survival,age\\n1,5,2,40\\n1,7,2,41\\n")', SHARD_AGE)
refuse("Units below the header", 'text("a.csv", "dose,survival,age\\nmg,days,years\\n1,2,40\\n")', SHARD_AGE)
refuse("The header again", 'text("a.csv", "dose,survival,age\\n1,2,40\\ndose,survival,age\\n2,3,50\\n")', SHARD_AGE)
refuse("A quote that is never closed", """text("a.csv", 'dose,survival,age\\n1,2,"40\\n2,3,50\\n')""", SHARD_AGE)
refuse("Text after a quote", """text("a.csv", 'dose,survival,age\\n1,2,"40"5\\n')""", SHARD_AGE)
refuse("Text that is not UTF-8", """open("a.csv", "wb").write(b"dose,survival,age,region\\n1,2,40,Z\\xfcrich\\n")""",
       SHARD)
refuse("Damaged UTF-16", """open("a.csv", "wb").write("dose,survival,age\\n1,2,40\\n".encode("utf-16")[:-1])""",
       SHARD_AGE)
refuse("A zero byte", """open("a.csv", "wb").write(b"dose,survival,age\\n1,2,\\x0040\\n")""", SHARD_AGE)

refuse = section("Numbers in texts")
refuse("Decimal commas", """table("a.csv", age=['"40,5"', '"41,5"'] * 5)""", SHARD_AGE)
refuse("Decimal commas in the treatment", """table("a.csv", dose=['"40,5"', '"41,5"'] * 5)""", SHARD_AGE)
refuse("Groups of digits", """table("a.csv", age=['"1,034"', '"12,041,500"'] * 5)""", SHARD_AGE)
refuse("Decimals or groups of digits", 'text("a.csv", "dose;survival;age\\n" + "1;2;1.250\\n" * 3)', SHARD_AGE)
refuse("Percent", 'table("a.csv", age=["34%", "35.5%"] * 5)', SHARD_AGE)
refuse("Currencies", 'table("a.csv", age=["$34", "$35.50"] * 5)', SHARD_AGE)
refuse("Units", 'table("a.csv", age=["34 kg", "35.5 kg"] * 5)', SHARD_AGE)
refuse("Footnotes", 'table("a.csv", age=[40, 41, 42, "43*"] + [44] * 6)', SHARD_AGE)
refuse("Limits of detection", 'table("a.csv", age=[40, 41, 42, "<0.5"] + [44] * 6)', SHARD_AGE)
refuse("Dates", 'table("a.csv", age=["2024-05-01", "2024-05-02"] * 5)', SHARD_AGE)
refuse("Times", 'table("a.csv", age=["08:30", "12:15"] * 5)', SHARD_AGE)
refuse("One text among numbers", 'table("a.csv", age=[40, 41, "forty"] + [44] * 7)', SHARD_AGE)
refuse("A text in the outcome", 'table("a.csv", survival=[40, 41, "lost"] + [44] * 7)', SHARD_AGE)
refuse("Identifiers among the covariates", 'table("a.csv", dose=np.tile(t, 2), survival=np.tile(y, 2), '
       'age=[f"patient {i}" for i in range(480)], region=list("AB") * 240)', SHARD_AGE)
refuse("A decimal mark that is none", 'table("a.csv")', SHARD_AGE + " --decimal-mark 5")
refuse("One mark for two", 'table("a.csv")', SHARD_AGE + " --thousands-mark .")
refuse("A thousands mark that is none", 'table("a.csv")', SHARD_AGE + " --thousands-mark ab")
refuse("Affixes with digits", 'table("a.csv")', SHARD_AGE + " --affixes m2")

refuse = section("Missing values")
refuse("Missing values", 'table("a.csv", age=[40, "NA"] * 5)', SHARD)
refuse("A row that misses each of two columns", 'table("a.csv", age=[40, ""] * 5, survival=["", 3] * 5)',
       SHARD + " --missing drop")
refuse("A column without a value", 'table("a.csv", age=[""] * 10)', SHARD + " --missing mean")
refuse("Markers that are not declared", 'table("a.csv", age=[40, 41, 42, "n/a"] + [44] * 6)', SHARD_AGE)
refuse("A word for missing values among categories", 'table("a.csv", region=["A", "B", "NULL", "B", "A"] * 2)', SHARD)
refuse("A list of markers whose quote is open", 'table("a.csv")', SHARD + """ --missing-markers '"NA,'""")

refuse = section("Pipes")
refuse("HDF5 through a pipe, to import", 'write("a.h5")', SHARD_H5.replace("a.h5", "<(cat a.h5)"))
refuse("Shards through a pipe", 'write("a.h5")', "giv-dist train <(cat a.h5) --groups 2")
refuse("A pipe in a folder", 'os.mkdir("folder"); os.mkfifo("folder/a.h5")', "giv-dist train folder --groups 2")
refuse("An empty pipe", "", SHARD.replace("a.csv", "<(true)"))
refuse("A pipe of a compressed table", 'bz2.open("a.bz2", "wt").write("dose,survival\\n")',
       SHARD.replace("a.csv", "<(cat a.bz2)"))
refuse("Levels like those of a pipe", 'table("a.csv")', NEW.replace("run", "<(cat run/model.h5)"))

refuse = section("Strange values and treatments")
refuse("Fewer rows than a fit needs", 'write("a.h5", x=x[:4], t=t[:4], y=y[:4])', "giv-dist train a.h5 --groups 3")
refuse("More groups than rows", 'write("a.h5")', "giv-dist train a.h5 --groups 300")
refuse("Few distinct rows", 'write("a.h5", x=np.tile(x[:3], (80, 1)), t=np.tile(t[:3], 80))',
       "giv-dist train a.h5 --groups 4")
refuse("A treatment of two values", 'write("a.h5", t=1.0 * (t > 0))', TRAIN)
refuse("A constant treatment", 'write("a.h5", t=np.full(n, 2.0))', TRAIN)
refuse("A constant covariate", 'write("a.h5", x=change(x, np.s_[:, 1], 4.25))', TRAIN)
refuse("A covariate that others determine", 'write("a.h5", x=np.c_[x, x[:, 0] - 2 * x[:, 1]])', TRAIN)
refuse("A treatment that covariates determine", 'write("a.h5", t=1 + x @ [1, 2])', TRAIN)
refuse("Numbers beyond the range", 'write("a.h5", x=x * 1e200)', TRAIN)
refuse("One absurd dose", 'write("a.h5", t=change(t, 17, 1e12))', TRAIN + " --distribution gaussian --starts 2")
refuse("An outcome of two values", 'write("a.h5", y=1.0 * (y > 0))', TRAIN + " --distribution joint")
refuse("An outcome of counts", 'write("a.h5", y=np.floor(np.abs(y)))', TRAIN + " --distribution joint")
refuse("A treatment that is cut", 'write("a.h5", t=np.maximum(t, np.quantile(t, .1)))', TRAIN + " --distribution joint")
refuse("Clusters by a column that is not there", 'write("a.h5")', TRAIN + " --distribution joint --cluster ward")
refuse("More covariates than a basis can carry", 'write("a.h5", x=np.random.default_rng(2).normal(size=(n, 12)))',
       TRAIN + " --distribution joint --covariate-basis polynomial3")
refuse("A constant outcome", 'write("a.h5", y=np.ones(n))', TRAIN + " --distribution joint")
refuse("One group for the joint model", 'write("a.h5")', "giv-dist train a.h5 --groups 1 --distribution joint")
refuse("More groups than rows in a sweep", 'write("a.h5")', "giv-dist sweep a.h5 --groups 2...300 --out out")

refuse = section("Effects")
EFFECT = "giv-dist effect run shards"
refuse("No run", "", "giv-dist effect shards")
refuse("No shards", "", "giv-dist effect run")
refuse("Other rows than those of the run", 'table("a.csv", dose=t[::-1])',
       NEW + " --outcome survival\ngiv-dist effect run out")
refuse("No outcome", 'table("a.csv", dose=t, age=x[:, 0], region=list("ABC") * 80)',
       SHARD.replace(" --outcome survival", "") + "\ngiv-dist effect run out")
refuse("A constant outcome", 'write("a.h5", y=np.ones(n), z=group)', "giv-dist effect a.h5 --instrument true")
refuse("No true source", "", "giv-dist effect shards --instrument true")
refuse("An instrument that is no column", "", "giv-dist effect shards --instrument hospital")
refuse("A candidate that is no column", 'write("a.h5", dose=x[:, 0] + t)',
       "giv-dist effect a.h5 --instrument was --candidates doze")
refuse("The treatment for a candidate", "", "giv-dist effect shards --instrument mode --candidates t")
refuse("A candidate with a missing value", 'write("a.h5", dose=change(x[:, 0] + t, 17, np.nan))',
       "giv-dist effect a.h5 --instrument dose")
refuse("A candidate of two numbers in a row", 'write("a.h5", dose=x + t[:, None])',
       "giv-dist effect a.h5 --instrument dose")
refuse("The treatment again for an instrument", 'write("a.h5", dose=1 * t)',
       "giv-dist effect a.h5 --instrument dose --outcome-basis linear")
refuse("Fewer instruments than functions of the treatment", 'write("a.h5", z=group)',
       "giv-dist effect a.h5 --instrument true --instrument-basis groups --outcome-basis cubic")
refuse("A constant treatment", 'write("a.h5", t=np.ones(n), z=group)', "giv-dist effect a.h5 --instrument true")
refuse("A treatment that controls determine", 'write("a.h5", t=1 + x @ [1, 2], z=group)',
       "giv-dist effect a.h5 --instrument true --outcome-basis linear")
refuse("Groups of too few rows", 'write("a.h5", x=x[:9], t=t[:9], y=y[:9], z=np.arange(9) % 3)',
       "giv-dist effect a.h5 --instrument true")
refuse("Fewer rows than columns", 'write("a.h5", x=x[:24], t=t[:24], y=y[:24], z=np.arange(24) % 2)',
       "giv-dist effect a.h5 --instrument true --covariate-basis cubic --outcome-basis spline:8+interactions")
refuse("Weights of 0 alone", 'write("a.h5", weight=np.zeros(n), z=group)',
       "giv-dist effect a.h5 --instrument true --weights sampling")
refuse("A weight that is no number", 'write("a.h5", weight=change(np.ones(n), 17, np.nan), z=group)',
       "giv-dist effect a.h5 --instrument true --weights sampling")
refuse("A candidate of one value", 'write("a.h5", dose=np.ones(n))',
       "giv-dist effect a.h5 --instrument uas --candidates dose")
refuse("Candidates whose correlations cancel", 'write("a.h5", dose=x[:, 0] + t, lack=-x[:, 0] - t)',
       "giv-dist effect a.h5 --instrument was --candidates dose,lack")
refuse("An instrument of one value", 'write("a.h5", z=0 * group)', "giv-dist effect a.h5 --instrument true")
refuse("An instrument of too many values", 'write("a.h5", z=np.arange(n))', "giv-dist effect a.h5 --instrument true")
refuse("Weights that the run has said", "", EFFECT + " --weights frequency")
refuse("Too many landmarks", 'write("a.h5", z=group)',
       "giv-dist effect a.h5 --instrument true --method kerneliv --landmarks all --exact-rows 100")
refuse("A run of one group", "", "giv-dist train shards --groups 1 --representation identity --out one\n"
       "giv-dist effect one shards")
refuse("A column of clusters that is not there", "", EFFECT + " --cluster hospital")
refuse("Stacked errors of groups without scores", "", EFFECT + " --se stacked")
refuse("A treatment that is no number", 'text("doses.txt", "1\\nhigh\\n")', EFFECT + " --grid doses.txt")
refuse("A table without the treatment", 'text("doses.csv", "t,name\\n1,low\\n")', EFFECT + " --grid doses.csv")
refuse("No treatment at all", 'text("doses.txt", "")', EFFECT + " --grid doses.txt")
refuse("A list of treatments with two in a line", 'text("doses.txt", "1\\n2,3\\n")', EFFECT + " --grid doses.txt")
refuse("A covariate that is missing", 'text("x.csv", "age\\n1\\n")', EFFECT + " --at-x x.csv")
refuse("A column that is no covariate", 'text("x.csv", "age,region,height\\n1,A,2\\n")', EFFECT + " --at-x x.csv")
refuse("A covariate that is no number", 'text("x.csv", "age,region\\n1,A\\nold,A\\n")', EFFECT + " --at-x x.csv")
refuse("A level that the run does not know", 'text("x.csv", "age,region\\n1,D\\n")', EFFECT + " --at-x x.csv")
refuse("No covariates at all", 'text("x.csv", "age,region\\n")', EFFECT + " --at-x x.csv")
refuse("Too many rows of covariates", 'text("x.csv", "age,region\\n" + "1,A\\n" * 1001)', EFFECT + " --at-x x.csv")

refuse = section("The paper's tables")
refuse("No real covariates", "", "giv-dist reproduce table5")
refuse("A row or column that there is not", "", "giv-dist reproduce table2 --only Fun-EN")
refuse("Columns of no file", "", "giv-dist reproduce table2 --columns age")


refuse = section("Synthetic potential outcomes")
PROXIES = 'proxy = lambda **changes: write("a.h5", **(dict(t=group, x=(x > 0) * 1.0, y=1.0 * (y > 0)) | changes))\n'
SPO = "giv-dist spo a.h5 --treatment-proxies x0 --outcome-proxies x1"
refuse("A proxy on both sides", PROXIES + "proxy()", "giv-dist spo a.h5 --treatment-proxies x0 --outcome-proxies x0,x1")
refuse("A proxy named twice", PROXIES + "proxy()", "giv-dist spo a.h5 --treatment-proxies x0,x0 --outcome-proxies x1")
refuse("A proxy that is no column", PROXIES + "proxy()", "giv-dist spo a.h5 --treatment-proxies x0 --outcome-proxies x11")
refuse("A treatment of one value", PROXIES + "proxy(t=0 * group)", SPO)
refuse("A treatment of many values", PROXIES + "proxy(t=t)", SPO)
refuse("A constant outcome", PROXIES + "proxy(y=np.ones(n))", SPO)
refuse("Too many joint cells", PROXIES + "proxy(x=x)", SPO + " --features onehot")
refuse("Too many monomials", PROXIES + "proxy(x=np.tile(x, 8))",
       "giv-dist spo a.h5 --treatment-proxies " + ",".join(f"x{j}" for j in range(15)) + " --outcome-proxies x15 --features poly:3")
refuse("More classes than features", PROXIES + "proxy()", SPO + " --classes 3")
refuse("A contrast of other arms", PROXIES + "proxy()", SPO + " --contrast 2:0")
refuse("More blocks than rows", PROXIES + "proxy()", SPO + " --jackknife 241")
refuse("Blocks of a column that is not there", PROXIES + "proxy()", SPO + " --jackknife-by hospital")
refuse("Blocks of one level", PROXIES + "proxy(z=0 * group)", SPO + " --jackknife-by z")
refuse("A block with all rows of an arm", PROXIES + "proxy(z=group)", SPO + " --jackknife-by z")
refuse("A stratum without an arm", PROXIES + "proxy(z=(np.arange(n) % 4 == 0) * 1)", SPO + " --strata z")
refuse("Strata of a column that is not there", PROXIES + "proxy()", SPO + " --strata hospital")
refuse("An arm with few rows", PROXIES + "proxy(t=(np.arange(n) < 2) * 1.0, x=x)", SPO)
refuse("Posteriors of numbers", PROXIES + "proxy(x=x)", SPO + " --posteriors p.h5")
refuse("An arrow that a law does not know", "", "giv-dist simulate --scenario proxies --law levels --z-to-y .2 --out a")
refuse("An arrow that is too strong", "", "giv-dist simulate --scenario proxies --x-to-y .6 --out a")

refuse = section("Causal graphs")
GRAPH = 'text("g.txt", "t -> x0 -> y; t <-> y")\n'
CHECK = "giv-dist idgen check --graph g.txt --do t --outcome y"
ASK = "giv-dist idgen effect a.h5 --graph g.txt --do t --outcome y"
refuse("A graph that is not there", "", CHECK)
refuse("A graph that is no text", 'open("g.txt", "wb").write(bytes([200, 1]))', CHECK)
refuse("A cycle", 'text("g.txt", "A -> B -> C\\nC -> A")', "giv-dist idgen graph g.txt")
refuse("A cause of itself", 'text("g.txt", "A -> A")', "giv-dist idgen graph g.txt")
refuse("An edge without direction", 'text("g.txt", "A -- B")', "giv-dist idgen graph g.txt")
refuse("Edges without an end between them", 'text("g.txt", "A -> B C -> D")', "giv-dist idgen graph g.txt")
refuse("A graph without variables", 'text("g.txt", "# nothing")', "giv-dist idgen graph g.txt")
refuse("A latent variable without arrows", 'text("g.txt", "latent U; A -> B")', "giv-dist idgen graph g.txt")
refuse("A variable that the graph lacks", GRAPH, CHECK.replace("--do t", "--do T"))
refuse("A variable with two parts", GRAPH, CHECK + " --given t")
refuse("No variable that is set", GRAPH, CHECK.replace("--do t", '--do ""'))
refuse("A variable that the rows lack", PROXIES + 'proxy()\ntext("g.txt", "t -> m -> y")', ASK)
refuse("A variable of many values", GRAPH + 'write("a.h5", x=np.arange(1001) / 7, t=np.arange(1001) % 2, y=np.arange(1001) % 2)', ASK + " --mode exact")
refuse("A variable of one value", GRAPH + PROXIES + "proxy(t=0 * group)", ASK)
refuse("A value that no row has", GRAPH + PROXIES + "proxy()", ASK + " --values t=7")
refuse("A value of what is not set", GRAPH + PROXIES + "proxy()", ASK + " --values x0=1")
refuse("An answer that few rows bear", GRAPH + PROXIES + "proxy(x=(np.arange(n) < 2)[:, None] * 1.0)",
       "giv-dist idgen effect a.h5 --graph g.txt --do x0 --outcome y")
refuse("Draws where all is counted", GRAPH + PROXIES + "proxy()", ASK + " --draws 1000")
NUMBERS = GRAPH + 'write("a.h5", x=x[:, :1])\n'
refuse("Blocks of counts where models answer", NUMBERS, ASK + " --jackknife 20")
refuse("A value beyond the rows", NUMBERS, ASK + " --values t=100")
FIT = ASK.replace("effect", "fit") + " --out network"
refuse("A model of a variable that the graph lacks", NUMBERS, FIT + " --model z=mixture")
refuse("A table of numbers", NUMBERS, FIT + " --model y=table")
refuse("A network in a folder that has one", GRAPH + PROXIES + "proxy()", FIT + "\n" + FIT)
KEPT = FIT.replace("--out network", "--steps 5 --hidden 4 --out network") + "\ngiv-dist idgen sample network --out rows"
refuse("A sample of no network", 'write("a.h5")', "giv-dist idgen sample a.h5 --do t=1 --rows 10 --out rows")
refuse("A sample without what was set", NUMBERS, KEPT + " --rows 10")
refuse("A sample that sets what is not set", NUMBERS, KEPT + " --rows 10 --do t=1 --do x0=1")
refuse("A sample beyond the rows", NUMBERS, KEPT + " --rows 10 --do t=100")
DRAW = "giv-dist simulate --scenario graph --graph g.txt --out a"
refuse("A simulation without its graph", "", "giv-dist simulate --scenario graph --out a")
refuse("Levels of a variable that the graph lacks", GRAPH, DRAW + " --levels z=3")
refuse("A variable of one level", GRAPH, DRAW + " --levels t=1")
refuse("The truth of half a question", GRAPH, DRAW + " --do t")
refuse("A table without a variable of the graph", GRAPH + 'table("a.csv")',
       "giv-dist table a.csv --graph g.txt --out out")
refuse("A table whose columns nobody names", 'table("a.csv")', "giv-dist table a.csv --out out")
refuse("A variable that misses values", 'table("a.csv", dose=["", *t[1:10]])',
       "giv-dist table a.csv --columns dose,region --out out")

PANEL = "giv-dist panel a.csv --out out --unit state --time year --outcome packs --arm policy"
SI = "giv-dist si a.h5 --pre 2000:2003 --post 2004:2005"
refuse = section("Panels")
refuse("A unit under two arms", 'states("a.csv", "A,2006,5,tax")', PANEL)
refuse("A unit that a period is given twice for", 'states("a.csv", "A,2003,5,none")', PANEL)
refuse("A unit without an arm", 'states("a.csv", "E,2003,5,")', PANEL)
refuse("A row without a period", 'states("a.csv", "A,,5,none")', PANEL)
refuse("Dates that do not sort", 'states("a.csv", "A,31.01.2006,5,none")', PANEL)
refuse("A first arm that no unit has", 'states("a.csv")', PANEL + " --first-arm nine")
refuse("A panel in a folder that has one", 'states("a.csv")', PANEL + "\n" + PANEL)
refuse("Periods that are no columns", 'states("a.csv")',
       "giv-dist panel a.csv --out out --wide --unit state --arm policy --periods 2000:2005")
refuse("A panel without arms", """
       with h5py.File("a.h5", "w") as file: file["y"] = np.ones((4, 6))""", SI)
refuse("An arm code beyond the list", 'panel("a.h5", arm=np.arange(8) % 3)', SI)
refuse("A unit named twice", 'panel("a.h5", id=list("ABCDEFGA"))', SI)
refuse("Periods out of order", 'panel("a.h5", periods=[2000, 2001, 2003, 2002, 2004, 2005])', SI)
refuse("An infinite outcome", 'panel("a.h5", y=change(panel("b.h5"), (2, 3), np.inf))', SI)
refuse("A unit without any outcome", 'panel("a.h5", y=change(panel("b.h5"), 2, np.nan))', SI)
refuse("A period without any outcome", 'panel("a.h5", y=change(panel("b.h5"), (slice(None), 2), np.nan))', SI)
refuse("Files of other periods", 'panel("a.h5"); panel("b.h5", periods=range(2001, 2007), id=list("IJKLMNOP"))',
       SI.replace("a.h5", "a.h5 b.h5"))
refuse("A shard among panels", 'panel("a.h5")', SI.replace("a.h5", "a.h5 shards"))
refuse("A panel where shards are wanted", "",
       "giv-dist simulate --scenario panel --units 8 --out panel\ngiv-dist train panel --groups 2")
refuse("A period that the panel does not have", 'panel("a.h5")', SI.replace("2005", "2006"))
refuse("A window that ends before it begins", 'panel("a.h5")', SI.replace("2000:2003", "2003:2000"))
refuse("Windows that overlap", 'panel("a.h5")', SI.replace("2004:2005", "2003:2005"))
refuse("One period before", 'panel("a.h5")', SI.replace("2000:2003", "2003:2003"))
refuse("A target that the panel does not have", 'panel("a.h5")', SI + " --targets Z")
refuse("A target that is left out", 'panel("a.h5")', SI + " --targets A --exclude A")
refuse("More starts than periods after", "", "giv-dist simulate --scenario panel --post-periods 3 --cohorts 5 --out panel")
refuse("An arm that the panel does not have", 'panel("a.h5")', SI + " --arms taxes")
refuse("A donor of another arm", 'panel("a.h5")', SI + " --donors tax=A")
refuse("A rule of ranks that is none", 'panel("a.h5")', SI + " --rank most")
refuse("A contrast of one arm", 'panel("a.h5")', SI + " --contrast tax-tax")

refuse = section("Pages of runs")
refuse("A folder that is no run", "", "giv-dist report shards --out report.html")
refuse("A run whose numbers are damaged", 'text("run/report.json", "{")', "giv-dist report run --out report.html")
refuse("A run given twice", "", "giv-dist report run run --out report.html")
refuse("A report that is there", 'text("report.html", "")', "giv-dist report run --out report.html")
refuse("Figures of another report", 'os.mkdir("figures")', "giv-dist report run --out report.html")
refuse("A place that is not there", "", "giv-dist report run --out nowhere/report.html")


def execute(code, state):
    exec(compile(code, "input", "exec"), state)


def run(command, program):
    """The exit code of a command and what it said on standard error."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMPI_", "PMI", "HDF5_"))}
    environment |= {"PATH": f"{program}:{environment['PATH']}", "LC_ALL": "C.UTF-8", "COLUMNS": "100"}
    result = subprocess.run(["bash", "-c", command], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                            text=True, timeout=60)
    # On a slow machine progress comes before the message.
    return result.returncode, re.sub(r"(?m)^\d+\.\d s  .*\n", "", result.stderr).strip()


def prepare(commands, program, what):
    for command in commands:
        code, error = run(command, program)
        if code: raise RuntimeError(f"{what}: '{command}' ends with {code}: {error}")


def lines(entry, program):
    """An entry of the page; its code and all commands but the last must work."""
    what, code, command = entry
    *before, last = command.splitlines()
    state = {}
    execute(SHARED, state)
    try:
        execute(code, state)
    except Exception as error:
        raise RuntimeError(f"{what}: {error!r}")
    prepare(before, program, what)
    exit_code, error = run(last, program)
    # A file that the code holds open is closed with the entry.
    if "held" in state: state["held"].close()
    # Bash numbers the pipes of process substitutions as it likes.
    error = re.sub(r"/dev/fd/\d+", "/dev/fd/63", error)
    how = ["```python", code, "```"] if code else []
    return [f"### {what}", *how, "```", *(f"$ {line}" for line in [*before, last]), error, f"(exit code {exit_code})",
            "```", ""]


def in_own_folder(number, entry, scratch):
    folder = f"{scratch}/{number}"
    shutil.copytree(f"{scratch}/common", folder)
    os.chdir(folder)
    try:
        return lines(entry, f"{scratch}/bin")
    finally:
        os.chdir(scratch)
        shutil.rmtree(folder)


def page(program):
    yield from INTRODUCTION.splitlines()
    yield from ["```python", SHARED.strip(), MADE.rstrip(), "```", "```", *(f"$ {line}" for line in MADE_BY), "```", ""]
    with tempfile.TemporaryDirectory() as scratch:
        for folder in ["bin", "common"]: os.mkdir(f"{scratch}/{folder}")
        os.symlink(os.path.abspath(program), f"{scratch}/bin/giv-dist")
        os.chdir(f"{scratch}/common")
        execute(SHARED + MADE, {})
        prepare(MADE_BY, f"{scratch}/bin", "the shared files")
        numbers = itertools.count()
        with multiprocessing.Pool(4) as pool:
            answers = {title: [pool.apply_async(in_own_folder, (next(numbers), entry, scratch)) for entry in entries]
                       for title, entries in SECTIONS.items()}
            for title, entries in answers.items():
                yield f"## {title}"
                for entry in entries: yield from entry.get()


if __name__ == "__main__":
    print("\n".join(page(sys.argv[1])).rstrip())
