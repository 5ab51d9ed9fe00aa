"""Makes the CSV fixtures of DatasetTests: tables with all that RFC 4180 allows, and what Python reads from them.

records.json   per file its delimiter and the records that Python's csv module reads
numbers.json   texts, and the bits of the number that Python's float() makes of them (null: not a number)
clinic.csv     a table of patients with categories, missing values, and texts that need quotes

Usage: python make_csv_fixtures.py   (writes beside itself; the output is committed)
"""

import csv
import json
import math
import random
import struct
from fractions import Fraction
from pathlib import Path

FOLDER = Path(__file__).parent

TABLES = {
    "plain.csv": b"a,b,c\n1,2,3\n4,5,6\n",
    "crlf.csv": b"a,b\r\n1,2\r\n\"x\r\ny\",3\r\n",
    "carriage-returns.csv": b"a,b\r1,2\r3,4\r",
    "mixed-line-ends.csv": b"a,b\r\n1,2\n3,4\r5,6",
    "byte-order-mark.csv": b"\xef\xbb\xbfa,b\n1,2\n",
    "byte-order-mark-and-quote.csv": b"\xef\xbb\xbf\"a\",b\n1,2\n",
    "no-final-line-break.csv": b"a,b\n1,2",
    "blank-lines.csv": b"\na,b\n\n1,2\n\n\n3,4\n\n",
    "quotes.csv": b'"a","b ""x""","c"\n"1","","3"\n"""","""""","a""b"\n"",2,""\n',
    "delimiters-in-quotes.csv": b'name,note\n"Doe, Jane","one\ntwo\n\nfour"\n"x","\n"\n',
    "quote-inside.csv": b'size,unit\n5" pipe,a"b\n6"",c""\n',
    "empty-fields.csv": b"a,b,c\n,,\n1,,\n,,3\n\"\",,\n",
    "empty-last-field.csv": b"a,b\n1,",
    "quoted-last-field.csv": b'a,b\n1,"2"',
    "unicode.csv": "ort,größe\nZürich,\"日本, 東京\"\n🙂,e\u0301\n".encode(),
    "tabs.tsv": b'a\tb\n1,5\t"2\t3"\n',
    "semicolons.csv": b'a;b\n1,5;"2;3"\n',
}
DELIMITERS = {"tabs.tsv": "\t", "semicolons.csv": ";"}


def write_tables():
    records = {}
    for name, content in TABLES.items():
        path = FOLDER / name
        path.write_bytes(content)
        delimiter = DELIMITERS.get(name, ",")
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file, delimiter=delimiter) if row]
        records[name] = {"delimiter": delimiter, "records": rows}
    dump("records.json", records)


def halfway(generator):
    """The decimal text of a number exactly between two doubles."""
    numerator = 2 * (generator.getrandbits(52) | 1 << 52) + 1
    exponent = generator.randrange(-40, 12)
    value = Fraction(numerator) * Fraction(2) ** exponent
    digits = max(0, -exponent)
    scaled = value * 10**digits
    assert scaled.denominator == 1
    text = str(scaled.numerator).rjust(digits + 1, "0")
    return text[: len(text) - digits] + ("." + text[len(text) - digits :] if digits else "")


def numbers():
    generator = random.Random(20)
    texts = ["0", "-0", "0.0", "-0e999", "+1.5", ".5", "-.5", "5.", "1e5", "1E+05", "1e-5", " 12 ", "\t7"]
    texts += ["1e-400", "4.9e-324", "2.5e-324", "2.4e-324", "2.2250738585072011e-308", "1.7976931348623157e308"]
    texts += ["0" * 40 + "1", "1" + "0" * 40, "0." + "0" * 30 + "1", "1." + "0" * 40, "9007199254740993", "1e23"]
    texts += ["18446744073709551615", "18446744073709551616", "9999999999999999999", "99999999999999999999"]
    for _ in range(300):
        texts.append(repr(struct.unpack("d", struct.pack("Q", generator.getrandbits(64)))[0]))
        texts.append(repr(generator.gauss(0, 1)))
        texts.append("%.*f" % (generator.randrange(12), generator.uniform(-1e6, 1e6)))
        texts.append("%de%d" % (generator.getrandbits(generator.randrange(1, 66)), generator.randrange(-32, 32)))
        text = halfway(generator)
        texts += [text, text + ("" if "." in text else ".") + "0001"]
    texts = [text for text in texts if math.isfinite(float(text))]
    found = [[text, struct.unpack("Q", struct.pack("d", float(text)))[0]] for text in texts]
    # Python takes underscores and spelled-out infinities for numbers; we do not.
    bad = ["", " ", ".", "-", "+", "e5", "1e", "1e+", "1 2", "--1", "+-1", "1.2.3", "1,5", "0x10", "1_000", "1.5x"]
    bad += ["1e5.5", "١", "1\0", "one", "1d5"]
    infinite = ["inf", "-inf", "+Inf", "Infinity", "-INFINITY", "nan", "NaN", "-nan", "1e999", "-1e309"]
    dump("numbers.json", {"numbers": found, "texts": bad, "notFinite": infinite})


def clinic():
    generator = random.Random(7)
    sites = ["St. Mary's, North", "ÄRZTEHAUS", "st-mary-s--north", "Lake/Side", "lake side"]
    columns = ["patient", "site", "age", "sex", "stage", "height, cm", "dose", "survival", "weight", "arm", "code"]
    with open(FOLDER / "clinic.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in range(240):
            site = generator.choice(sites)
            record = {
                "patient": "%05d" % (row * 7919 % 100000),
                "site": site,
                "age": str(generator.randrange(18, 95)),
                "sex": generator.choice(["f", "m", "m", 'not "said"']),
                # Numbers first, so that the column passes for numbers at the beginning.
                "stage": generator.choice(["1", "2", "3"] if row < 60 else ["3", "4a", "4b", "unknown, yet"]),
                "height, cm": repr(generator.gauss(170, 9)),
                "dose": repr(generator.uniform(0, 5)),
                "survival": "%.3f" % generator.expovariate(0.01),
                "weight": repr(generator.random()),
                "arm": generator.choice(["control", "treated", "Open"]),
                "code": str(generator.randrange(-2, 3)),
            }
            for column, chance in [("age", 0.05), ("sex", 0.04), ("height, cm", 0.08), ("dose", 0.03), ("arm", 0.02)]:
                if generator.random() < chance:
                    record[column] = generator.choice(["", "NA", "."])
            writer.writerow([record[column] for column in columns])


def dump(name, value):
    (FOLDER / name).write_text(json.dumps(value, ensure_ascii=True, indent=0) + "\n")


if __name__ == "__main__":
    write_tables()
    numbers()
    clinic()
