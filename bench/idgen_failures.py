"""Writes the page of failures: simulates rows in which something is wrong, and shows what `giv-dist idgen` says to them.

usage: idgen_failures.py GIV_DIST > Sources/MetaEM/MetaEM.docc/GraphsWhenTheyFail.md
"""
import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import h5py

RIGHT = "Z -> X -> Y; Z -> Y"
NAPKIN = "W1 -> W2 -> X -> Y; W1 <-> X; W1 <-> Y"


def graph(text, name="graph"): return f'echo "{text}" > {name}.txt'
def rows(name="graph", count=20_000, seed=4, more=""):
    return f"giv-dist simulate --scenario graph --graph {name}.txt --do X --outcome Y --rows {count} --seed {seed}{more} --out rows"
ASK = "giv-dist idgen effect rows --graph graph.txt --do X --outcome Y"


def exact_truth(folder):
    with h5py.File(Path(folder) / "rows/shard-00000.h5") as file: law = file["truth/effect"][:]
    return ", ".join(f"{law[x, 1]:.4f} for X = {x}" for x in range(len(law)))


def drawn_truth(place):
    def truth(folder):
        with h5py.File(Path(folder) / "rows/shard-00000.h5") as file: return f"{file['truth/do'][:, place].mean():.3f}"
    return truth


CASES = [
    ("Nothing is wrong", "The graph is that of the rows, and the intervals hold the truth.",
     [graph(RIGHT), rows(), ASK], "P(Y = 1 | do(X)) is {}.", exact_truth),
    ("An arrow left out that independences give away", "Z moves Y, and the graph says that it does so through X alone. It implies "
     "that Z and Y are independent given X, which these rows are not.",
     [graph(RIGHT, "true"), graph("Z -> X -> Y"), rows("true"), ASK], "P(Y = 1 | do(X)) is {}.", exact_truth),
    ("An arrow left out that free inputs give away", "W2 moves Y directly. The graph implies no independence, but says that the answer may "
     "be read at any value of W2, and it cannot.",
     [graph(NAPKIN + "; W2 -> Y", "true"), graph(NAPKIN), rows("true", 100_000), ASK], "P(Y = 1 | do(X)) is {}.", exact_truth),
    ("Confounding that nothing gives away", "Something unmeasured moves X and Y, and the graph leaves it out. **Nothing detects it**: every law "
     "of two variables is one of the graph. The answer is what conditioning says. Whether there is something unmeasured must be known "
     "of the matter; with `X <-> Y` drawn, `idgen check` says that these data cannot tell.",
     [graph("X -> Y; X <-> Y", "true"), graph("X -> Y"), rows("true"), ASK,
      "giv-dist idgen check --graph true.txt --do X --outcome Y || echo \"exit code $?\""], "P(Y = 1 | do(X)) is {}.", exact_truth),
    ("Thin overlap", "Few rows, and many levels: much of the answer goes through combinations that fewer than five rows have. Above one in a "
     "hundred it is doubtful, above one in five it is refused.",
     [graph(RIGHT), rows(count=80, more=" --levels Z=8"), f"{ASK} 2>&1 || echo \"exit code $?\"", f"{ASK} --allow-extrapolation"],
     "P(Y = 1 | do(X)) is {}.", exact_truth),
    ("A model that was trained too little", "Twenty minibatches are too few to learn how Y moves with X and M. Rows that were held out of the training give "
     "it away.", [graph("X -> M -> Y; X <-> Y"), "giv-dist simulate --scenario mixed-front-door --rows 20000 --seed 1 --out rows",
                  f"{ASK} --values X=1 --expand 2 --steps 20"], "The mean of Y under do(X = 1) is {}.", drawn_truth(2)),
    ("A value beyond the rows", "X is set to what hardly any row has. The models answer, and guess; without `--allow-extrapolation` it is refused beyond "
     "the largest value.", [graph("X -> M -> Y; X <-> Y"), "giv-dist simulate --scenario real-front-door --rows 5000 --seed 1 --out rows",
                            f"{ASK} --values X=9 2>&1 || echo \"exit code $?\"",
                            f"{ASK} --values X=9 --allow-extrapolation --steps 1000"],
     "By the law of the simulation the mean is {}.", lambda folder: f"{.8**2 + .8 * .8 + .64:.2f}"),
]

print("""# When graphs fail

Rows and graphs in which something is wrong, and what `giv-dist idgen` says to them.

## Overview
Made by `bench/idgen_failures.py`, which ran all that is shown. What is supposed, and how it is tested, stands in <doc:CausalGraphs>; how to ask,
in <doc:GraphQuestions>.
""")
path = f"{Path(sys.argv[1]).resolve().parent}:{os.environ['PATH']}"
for title, words, commands, closing, truth in CASES:
    print(f"## {title}\n{textwrap.fill(words, 128)}")
    with tempfile.TemporaryDirectory() as folder:
        quiet = [c for c in commands if c.startswith(("echo", "giv-dist simulate"))]
        shell = lambda text: subprocess.run(["sh", "-ec", text], cwd=folder, check=True, capture_output=True, text=True,
                                            env={**os.environ, "PATH": path}).stdout
        shell("\n".join(quiet))
        blocks = [quiet] if len(commands) - len(quiet) > 1 else []
        for command in (c for c in commands if c not in quiet):
            text = shell(command).split("\n\n  phase ")[0].strip("\n")
            print("```sh\n" + "\n".join(quiet + [command]) + "\n```\n```\n" + text + "\n```")
            quiet = []
        print(closing.format(truth(folder)) + "\n")
