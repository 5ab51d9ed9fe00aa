"""Writes the page of failures: simulates panels in which something is wrong, and shows what `giv-dist si` says to them.

usage: si_failures.py GIV_DIST > Sources/MetaEM/MetaEM.docc/PanelsWhenTheyFail.md
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py

LAW = "--units 100 --pre-periods 40 --post-periods 12"
WINDOWS = "--pre 1:40 --post 41:52"
CASES = [
    ("Nothing is wrong", "Every assumption holds: the truth lies in the interval, and the verdict is `supported`.", "", "100", ""),
    ("A new factor", "What moves outcomes after was not there before. Weights from before do not know it, and the fit "
     "test finds it.", "--new-factor 1", "100", ""),
    ("A target out of the span", "Something moves the unit that moves none of its donors: they do not reproduce it before as "
     "they do each other, and the truth lies outside the interval. The verdict is of the arm, whose donors are sound; the "
     "note is of the target.", "--outsider 3", "100", ""),
    ("Too few donors", "Eight donors cannot say how often they are covered: no calibrated interval exists, and the `delta` one "
     "that stands instead is marked.", "--units 16", "16", "--arms control"),
    ("The rank misjudged", "Four factors move the outcomes, and three are kept: what the fourth does is taken for noise.",
     "", "100", "--rank fixed:3"),
    ("One bad donor", "Unit 1 alone shares a factor with the target, and something happens to it alone after: 3 is added to "
     "its outcomes. It carries the answer, as it must; whether what happened to it happened to all no test can "
     "say.", "--units 40 --factors 2 --outsider 3 --bad-donor 3", "40", "--leave-one-donor-out"),
    ("Starts within the windows", "Units come under their arms at three times, and the windows are as if there were one. The "
     "panel's own `start` gives it away; `--event-study` is for such panels.", "--cohorts 3", "100", ""),
    ("Spillover onto donors", "What treated units do to their donors moves these along a factor that they have already. "
     "**Nothing detects it**: the donors still follow their factors, still foretell each other, and the verdict is "
     "`supported`, with a wrong answer. Who may be affected by the treatment must be left out by name (`--exclude`, "
     "`--donors`), from what is known of the matter.", "--spillover 1.5", "100", ""),
]

print("""# When panels fail

Panels in which something is wrong, and what `giv-dist si` says to them.

## Overview
Made by `bench/si_failures.py`, which ran all that is shown. What is supposed, and how it is tested, stands in
<doc:SyntheticInterventions>. The last unit is treated, and asked for under the arm of its donors; below each answer stands the
truth that the simulation knows.
""")
program = str(Path(sys.argv[1]).resolve())
for title, words, law, target, options in CASES:
    with tempfile.TemporaryDirectory() as folder:
        given = {option: value for option, value in zip(*[iter((LAW + " " + law).split())] * 2)}
        law = " ".join(f"{option} {value}" for option, value in given.items())
        simulate = f"simulate --scenario panel {law} --seed 4 --out panel"
        subprocess.run([program, *simulate.split()], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        run = f"si panel {WINDOWS} --targets {target}" + (" " + options if options else "")
        text = subprocess.run([program, *run.split()], cwd=folder, check=True, capture_output=True, text=True).stdout
        with h5py.File(Path(folder) / "panel/shard-00000.h5") as panel:
            truth = panel["truth/theta"][int(target) - 1, 0]
    lines = text.split("\n")
    def block(start):
        first = next((i for i, line in enumerate(lines) if line.startswith(start)), len(lines))
        last = next((i for i in range(first, len(lines)) if not lines[i]), len(lines))
        return [line for line in lines[first:last] if not line.startswith(("  k: ", "  * "))]
    kept = block("arms") + block("targets") + [f"  (truth under control: {truth:.4f})"]
    kept += block("without each donor") + block("verdict") + [line for line in lines if line.startswith("note: ")]
    print(f"## {title}\n{words}\n```\n$ giv-dist {simulate}\n$ giv-dist {run}")
    print("\n".join(kept) + "\n```\n")
