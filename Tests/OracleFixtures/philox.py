"""The counter-based random numbers of the program, a second time."""

import numpy as np


def philox(counter, key):
    """Philox4x32-10 (Salmon et al. 2011): four 32-bit words of a counter of four and a key of two."""
    c, k = list(counter), list(key)
    for _ in range(10):
        first, second = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(second >> 32) ^ c[1] ^ k[0], second & 0xFFFFFFFF, (first >> 32) ^ c[3] ^ k[1], first & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


assert philox([0] * 4, [0] * 2) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8], "Random123's known answer"


def integer(below, row, draw, seed, stream):
    """A number of 0 ... below - 1."""
    words = philox([draw, stream, row & 0xFFFFFFFF, row >> 32], [seed & 0xFFFFFFFF, seed >> 32])
    return (words[0] | words[1] << 32) * below >> 64


def blocks(row, draw, seed, stream):
    """The words of many places at once, of arrays of rows and draws [4, ...]."""
    row, draw = np.broadcast_arrays(np.asarray(row, np.uint64), np.asarray(draw, np.uint64))
    mask = np.uint64(0xFFFFFFFF)
    c = [draw, np.full_like(draw, stream), row & mask, row >> np.uint64(32)]
    k = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        first, second = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(second >> np.uint64(32)) ^ c[1] ^ np.uint64(k[0]), second & mask,
             (first >> np.uint64(32)) ^ c[3] ^ np.uint64(k[1]), first & mask]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.array(c)


def row_integers(below, rows, seed, stream):
    """Numbers of 0 ... below - 1 of the first rows, four of which share a block."""
    words = blocks(np.arange((rows + 3) // 4), 0, seed, stream).T.reshape(-1)[:rows]
    return (words * np.uint64(below) >> np.uint64(32)).astype(int)


def uniforms(row, draw, seed, stream):
    """Two independent uniform numbers of each place."""
    words = blocks(row, draw, seed, stream)
    return [((words[2 * i] | words[2 * i + 1] << np.uint64(32)) >> np.uint64(11)).astype(float) * 2.0**-53 for i in (0, 1)]


def normals(row, draw, seed, stream):
    first, second = uniforms(row, draw, seed, stream)
    return np.sqrt(-2 * np.log(1 - first)) * np.cos(2 * np.pi * second)
