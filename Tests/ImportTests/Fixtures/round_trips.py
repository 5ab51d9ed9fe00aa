"""Writes one table as other programs write it, into the folder of the argument: NAME.csv or NAME.h5 and, beside it,
NAME.expected.h5 with the numbers that Python reads from the same texts.

The programs themselves are not needed: each function says what its program does, and does it.
"""
import csv, os, sys
import h5py, numpy as np

os.chdir(sys.argv[1])
random, n = np.random.default_rng(5), 300
# Numbers of every size whose last digits matter, and those at which notations and roundings change.
edges = [0.1, 1 / 3, 2 / 3, 1e5, 123456, 1e15, 1e16, 1e21, 1e22, 1e23, 2.0**53 - 1, 2.0**53 + 2, 1e-4, 1e-5, 1.5e-5,
         5e-324, 2.2250738585072014e-308, 2.225073858507201e-308, 1.7976931348623157e300, 4.35, 0.3, 2.675, 8.41e21,
         9.5e-7, -0.0, 1e6, 100000.5]
a = random.normal(size=n) * 10.0 ** random.integers(-250, 250, n)
a[:len(edges)] = edges
b, t = random.normal(size=n), random.uniform(0, 100, n)
y = random.integers(-2**31 + 1, 2**31, n) / 1000
names, table = ["t", "y", "a", "b"], np.c_[t, y, a, b]


def expect(name, values):
    with h5py.File(f"{name}.expected.h5", "w") as file:
        file["x"], file["t"], file["y"] = values[:, 2:], values[:, 0], values[:, 1]


def expect_texts(name, rows, mark="."):
    expect(name, np.array([[float(cell.replace(mark, ".")) for cell in row] for row in rows]))


def shortest(value): return repr(float(value))


def fixed(value, digits):
    """A number of so many significant digits without an exponent."""
    exponent = int(f"{value:.{digits - 1}e}".split("e")[1])
    return f"{value:.{max(0, digits - 1 - exponent)}f}"


def of_r(value):
    """R: as many digits as 15 need, in the shorter of both notations."""
    text = f"{value:.14e}"
    digits = next(d for d in range(1, 16) if float(f"{value:.{d - 1}e}") == float(text))
    exponential, plain = f"{value:.{digits - 1}e}", fixed(value, digits)
    return plain if len(plain) <= len(exponential) else exponential


def of_data_table(value):
    """fwrite: 15 digits where they are the number, else up to 17."""
    return next(text for text in (f"{value:.{digits}g}" for digits in (15, 16, 17)) if float(text) == value)


def of_julia(value):
    """Shortest digits that are the number; 1.0e6 and 1.0e-5 are the first with an exponent, which has no plus and no
    leading zero."""
    if value == 0 or 1e-4 <= abs(value) < 1e6: return np.format_float_positional(value, unique=True, trim="0")
    mantissa, exponent = np.format_float_scientific(value, unique=True, trim="0", exp_digits=1).split("e")
    return f"{mantissa}e{int(exponent)}"


def of_matlab(value):
    """writetable: 15 significant digits."""
    return f"{value:.15g}"


def write(name, rows, header=names, quoting=csv.QUOTE_MINIMAL, delimiter=",", end="\n"):
    with open(f"{name}.csv", "w", newline="") as file:
        writer = csv.writer(file, quoting=quoting, delimiter=delimiter, lineterminator=end)
        writer.writerow(header)
        writer.writerows(rows)


def texts(number): return [[number(value) for value in row] for row in table]


# pandas, to_csv(index=False): the shortest digits that are the number.
rows = texts(shortest)
write("pandas", rows)
expect("pandas", table)
# to_csv(): the index comes first, in a column without a name.
write("pandas-index", [[str(i), *row] for i, row in enumerate(rows)], ["", *names])
expect("pandas-index", table)
# to_csv(index=False, quoting=csv.QUOTE_ALL)
write("pandas-quoted", rows, quoting=csv.QUOTE_ALL)
expect("pandas-quoted", table)
# to_csv(index=False, sep=";", decimal=",")
write("pandas-comma", [[cell.replace(".", ",") for cell in row] for row in rows], delimiter=";")
expect("pandas-comma", table)
# R, write.csv(): names in quotes, as row names, which come first in a column named "".
rows = texts(of_r)
with open("r.csv", "w") as file:
    print(",".join(f'"{name}"' for name in ["", *names]), file=file)
    for i, row in enumerate(rows): print(f'"{i + 1}"', *row, sep=",", file=file)
expect_texts("r", rows)
# R, write.table(sep=","): the same without a name for the row names.
with open("r-table.csv", "w") as file:
    print(",".join(f'"{name}"' for name in names), file=file)
    for i, row in enumerate(rows): print(f'"{i + 1}"', *row, sep=",", file=file)
expect_texts("r-table", rows)
# R, write.csv2(): decimal commas between semicolons.
with open("r-2.csv", "w") as file:
    print(";".join(f'"{name}"' for name in ["", *names]), file=file)
    for i, row in enumerate(rows): print(f'"{i + 1}"', *[cell.replace(".", ",") for cell in row], sep=";", file=file)
expect_texts("r-2", rows)
# data.table, fwrite(): no quotes, no row names.
write("data-table", texts(of_data_table))
expect("data-table", table)
# CSV.jl, CSV.write().
write("julia", texts(of_julia))
expect("julia", table)
# MATLAB, writetable(); on Windows with CRLF.
rows = texts(of_matlab)
write("matlab", rows, end="\r\n")
expect_texts("matlab", rows)


def save(name, block=0, attributes={}, options={}, **values):
    with h5py.File(f"{name}.h5", "w", userblock_size=block) as file:
        for key, data in values.items():
            file.create_dataset(key, data=data, **options)
            file[key].attrs.update(attributes)


x = np.c_[a, b]
packed = dict(chunks=True, compression="gzip", compression_opts=6, shuffle=True)
# rhdf5, h5write() of t(x): datasets of doubles that others see as [rows, columns]; chunks, deflate and shuffle.
save("rhdf5", attributes={"rhdf5-NA.OK": np.int32(1)}, options=packed, x=x, t=t, y=y)
expect("rhdf5", table)
# A matrix of R of one column, and strings of fixed length beside it, padded by zeros.
save("rhdf5-columns", options=packed, x=x, t=t[:, None], y=y[:, None])
with h5py.File("rhdf5-columns.h5", "r+") as file: file["site"] = np.array([b"north", b"sud"] * (n // 2), "S8")
expect("rhdf5-columns", table)
# Integers of R, whose NA is the least of 32 bits: such rows are left out.
whole = random.integers(-1000, 1000, n).astype("i4")
whole[[3, 77, n - 1]] = -2**31
save("rhdf5-integers", attributes={"rhdf5-NA.OK": np.int32(1)}, x=x, t=t, y=whole)
kept = np.c_[t, whole, a, b][whole > -2**31]
expect("rhdf5-integers", kept)
# A data.frame of R and matrices of HDF5.jl and MATLAB as they lie in memory: [columns, rows].
save("rhdf5-transposed", x=x.T, t=t, y=y)
# HDF5.jl: contiguous, in the order of permutedims(x).
save("hdf5-jl", x=x, t=t, y=y)
expect("hdf5-jl", table)
save("hdf5-jl-packed", options=dict(chunks=True, compression="gzip", compression_opts=3), x=x, t=t, y=y)
expect("hdf5-jl-packed", table)
save("hdf5-jl-transposed", x=np.ascontiguousarray(x.T), t=t, y=y)


# MATLAB, save -v7.3: behind a block of 512 bytes; a vector t' is [rows, 1] to others, and t itself [1, rows].
def save_matlab(name, **values):
    save(name, 512, {"MATLAB_class": np.bytes_("double")}, dict(chunks=True, compression="gzip", compression_opts=3),
         **values)
    with open(f"{name}.h5", "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64, HDF5 schema 1.00 .".ljust(124) + b"\0\2IM")


save_matlab("matlab-7", x=x, t=t[:, None], y=y[:, None])
expect("matlab-7", table)
save_matlab("matlab-7-transposed", x=x.T, t=t[None], y=y[None])
