#!/usr/bin/env python3
"""Draws what stands on what, in dot, from the package as `swift package dump-package` describes it.

Usage: swift package dump-package | launch/package-graph.py | tred | dot -Tsvg

A target's row is one above the highest that it depends on; tests and what they share are left out. tred drops arrows that
follow from others.
"""
import json
import sys

targets = {
    target["name"]: target
    for target in json.load(sys.stdin)["targets"]
    if target["type"] != "test" and not (target.get("path") or "").startswith("Tests/")
}
lower = {
    name: [entry["byName"][0] for entry in target["dependencies"] if "byName" in entry]
    for name, target in targets.items()
}


def height(name):
    return 1 + max(map(height, lower[name]), default=-1)


print("digraph package {")
print('  bgcolor="transparent"; rankdir=BT; ranksep=0.4; nodesep=0.2;')
print('  node [shape=box, style="filled,rounded", fillcolor="#eef3f8", color="#5b7a99", fontname="Helvetica"];')
print('  edge [color="#5b7a99", dir=back, arrowsize=0.6];')
for name, target in targets.items():
    style = ' [fillcolor="#f3f3f3", color="#999999"]' if target["type"] == "system" else ""
    print(f'  "{name}"{style};')
    for other in lower[name]:
        print(f'  "{other}" -> "{name}";')
for level in range(1 + max(map(height, targets))):
    names = "; ".join(f'"{name}"' for name in targets if height(name) == level)
    print(f"  {{ rank=same; {names} }}")
print("}")
