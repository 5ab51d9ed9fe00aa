"""The counter-based random numbers of the program, a second time."""


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
