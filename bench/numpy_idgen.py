"""Draws from a network of tables, and joint counts, as a careful numpy user makes them, one thread.

Each variable depends on the two before it: its law is gathered from a table of cumulative sums, and the level is the number
of these that a uniform number reaches. Counts: a block of 40 is drawn for every row, and one bincount is made over blocks and
all combinations of the first four variables; and the same where blocks are given. Prints {"samplingPerRowAndNode": {..},
"countingPerRow": {..}, "countingGivenBlocks": {..}} as JSON.
"""
import argparse
import json
import time

import numpy as np
from threadpoolctl import threadpool_limits

BLOCKS, COUNTED = 40, 4


def network(random, nodes, levels):
    tables = []
    for node in range(nodes):
        weights = .1 + random.random((*[levels] * min(node, 2), levels))
        tables.append(np.cumsum(weights / weights.sum(-1, keepdims=True), -1)[..., :-1].copy())
    return tables


def sample(random, tables, n):
    columns = []
    for node, table in enumerate(tables):
        own = table[tuple(columns[max(0, node - 2):node])]
        columns.append((random.random(n)[:, None] >= own).sum(1, dtype=np.int8))
    return columns


def count(columns, cell, levels):
    for column in columns:
        cell *= levels
        cell += column
    return np.bincount(cell, minlength=BLOCKS * levels ** len(columns))


def times(work, per):
    work()
    wall, processor = [], []
    while len(wall) < 5 or sum(wall) < 2 and len(wall) < 50:
        begin, used = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - begin)
        processor.append(time.process_time() - used)
    return {name: value / per * 1e9 for name, value in [
        ("ns", np.median(wall)), ("nsMinimum", min(wall)), ("cpuNs", min(processor))]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--nodes", type=int, default=8)
    parser.add_argument("--levels", type=int, default=3)
    arguments = parser.parse_args()
    n, random = arguments.rows, np.random.default_rng(1)
    tables = network(random, arguments.nodes, arguments.levels)
    with threadpool_limits(1):
        sampling = times(lambda: sample(random, tables, n), n * arguments.nodes)
        columns = [column.astype(np.int64) for column in sample(random, tables, n)[:COUNTED]]
        counting = times(lambda: count(columns, random.integers(BLOCKS, size=n), arguments.levels), n)
        block = random.integers(BLOCKS, size=n)
        given = times(lambda: count(columns, block.copy(), arguments.levels), n)
    print(json.dumps({"samplingPerRowAndNode": sampling, "countingPerRow": counting, "countingGivenBlocks": given}))


if __name__ == "__main__":
    main()
