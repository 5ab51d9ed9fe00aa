"""Writes the page of failures: simulates rows in which an assumption of `giv-dist spo` does not hold, and shows what it says.

usage: spo_failures.py GIV_DIST > Sources/MetaEM/MetaEM.docc/ProxiesWhenTheyFail.md
"""
import subprocess
import sys
import tempfile
from pathlib import Path

PROXIES = "--treatment-proxies z0,z1 --outcome-proxies x0,x1"
SINGLE = "--treatment-proxies z --outcome-proxies x"
CASES = [
    ("Nothing is wrong", "The three assumptions hold, and each side has features to spare.",
     "--law binary --rows 50000", PROXIES),
    ("A proxy of the outcome moves the outcome", "The average effect stands; the classes' effects do not.",
     "--law binary --x-to-y .3 --rows 50000", PROXIES),
    ("A proxy of the treatment moves the outcome", "Neither the average effect nor the classes stand.",
     "--law binary --z-to-y .2 --rows 50000", PROXIES),
    ("The treatment moves a proxy of the outcome", "Neither stands: what looks like a class is partly the treatment itself.",
     "--law binary --t-to-x .2 --rows 50000", PROXIES),
    ("One binary proxy on each side", "The true effects are -.5625 and .5625. The arrow from x to y cannot be seen, and more "
     "rows do not help.", "--law levels --x-to-y .5 --rows 200000", SINGLE),
    ("Weak proxies", "Few rows, or proxies that hardly follow the class: the interval of the average effect is too short.",
     "--law binary --rows 400", PROXIES + " --classes 2"),
    ("Classes whose effects hardly differ", "The effects -.2 and -.1 of two of three classes cannot be told apart yet.",
     "--law three-class --rows 3000", SINGLE),
    ("Classes of equal effect", "Three classes whose outcomes differ, .2, .5 and .8 without the treatment, and whose effect is .1 in "
     "each: the classes are there, but not because of their effects.", "--law equal-effects --rows 20000", SINGLE),
    ("Classes of equal effect from the moments of the effect", "`pencil` and `prony` know classes by their effects alone, and "
     "have nothing to tell three equal ones by.", "--law equal-effects --rows 20000", SINGLE + " --solver pencil"),
    ("The choices of the paper", "With the full pseudo-inverse classes' effects are noise where proxies have more features "
     "than there are classes.", "--law binary --rows 50000", PROXIES + " --paper --classes 2"),
]

print("""# When proxies fail

Rows in which an assumption of `giv-dist spo` does not hold, and what it says to them.

## Overview
Made by `bench/spo_failures.py`, which ran all that is shown. What the assumptions are, and how to choose proxies, stands in
<doc:SyntheticPotentialOutcomes>.
""")
program = str(Path(sys.argv[1]).resolve())
for title, words, law, options in CASES:
    with tempfile.TemporaryDirectory() as folder:
        simulate = f"simulate --scenario proxies {law} --seed 1 --out shards"
        subprocess.run([program, *simulate.split()], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        text = subprocess.run([program, "spo", "shards", *options.split()], cwd=folder, check=True, capture_output=True,
                              text=True).stdout
    lines = text.split("\n")
    def block(start):
        first = next((i for i, line in enumerate(lines) if line.startswith(start)), len(lines))
        last = next((i for i in range(first, len(lines)) if not lines[i]), len(lines))
        return lines[first:last]
    effects = [line for line in lines if line.startswith(("  difference of means", "  average effect"))]
    kept = effects + block("classes") + block("verdict") + [line for line in lines if line.startswith("note: ")]
    print(f"## {title}\n{words}\n```\n$ giv-dist {simulate}\n$ giv-dist spo shards {options}")
    print("\n".join(kept) + "\n```\n")
