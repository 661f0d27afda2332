"""check_heat_map.py REPORT.html ERRORS.json: every cell has its tensor's error, darker where it is larger."""
import json
import re
import sys

page = open(sys.argv[1], encoding="utf-8").read()
errors = {
    entry["tensor"]: entry["mean_error"] for entry in json.load(open(sys.argv[2]))["tensors"] if "mean_error" in entry
}
page = page[page.index("Errors by layer") :]
cells = re.findall(r'fill="#(\w{6})"/>\n<text [^>]*"middle"[^>]*>([0-9.]+e[-+][0-9]+)</text>', page)
shown = sorted(number for _, number in cells)
assert shown == sorted(f"{error:.1e}" for error in errors.values()), (shown, errors)


def lightness(colour):
    return sum(int(colour[i : i + 2], 16) for i in (0, 2, 4))


ordered = sorted((float(number), lightness(colour)) for colour, number in cells)
assert ordered[0][1] > 600 and ordered[-1][1] < 200, "the ends of the scale are light and dark"
assert all(a[1] >= b[1] for a, b in zip(ordered, ordered[1:]) if a[0] < b[0]), ordered
