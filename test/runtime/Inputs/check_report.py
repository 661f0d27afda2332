"""check_report.py REPORT.html: a page of well-formed elements that refers to nothing outside itself.

With Chromium on the PATH it is rendered, too: tables and plots come out with a size, what plots draw lies within them,
and no label is cut off.
"""
import html
import html.parser
import json
import pathlib
import re
import shutil
import subprocess
import sys

VOID = {"meta", "br", "line", "circle", "path", "rect"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.count = [], {}

    def handle_starttag(self, tag, attributes):
        self.count[tag] = self.count.get(tag, 0) + 1
        assert not {"src", "href"} & {name for name, _ in attributes}, (tag, attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag, tag


path = pathlib.Path(sys.argv[1]).resolve()
text = path.read_text(encoding="utf-8")
page = Page()
page.feed(text)
assert not page.open, page.open
assert page.count["table"] >= 1 and page.count["svg"] >= 2, page.count
assert text.count("http") == page.count["svg"], "only the namespace of SVG is an address"
assert "nan" not in text.lower().replace("nanoseconds", "") and "script" not in page.count

# Run in a copy of the page: what is where, as the page's title.
MEASURE = """<script>
const box = e => { const r = e.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
const inside = svg => [...svg.querySelectorAll("text, circle, path")].map(e => [e.tagName, box(e)]);
document.title = JSON.stringify({
  tables: [...document.querySelectorAll("table")].map(box),
  plots: [...document.querySelectorAll("svg")].map(svg => ({box: box(svg), inside: inside(svg)})),
});
</script>"""


def check_rendered(chromium):
    copy = path.with_suffix(".measured.html")
    copy.write_text(text.replace("</body>", MEASURE + "</body>"), encoding="utf-8")
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1400,1600"]
    dom = subprocess.run([*command, "--dump-dom", copy.as_uri()], check=True, capture_output=True, timeout=120)
    title = re.search(r"<title>(.*?)</title>", dom.stdout.decode(), re.DOTALL).group(1)
    sizes = json.loads(html.unescape(title))
    assert len(sizes["tables"]) == page.count["table"] and len(sizes["plots"]) == page.count["svg"], sizes
    for left, top, right, bottom in sizes["tables"]:
        assert right - left > 300 and bottom - top > 40, "a table without a size"
    for plot in sizes["plots"]:
        left, top, right, bottom = plot["box"]
        assert right - left > 300 and bottom - top > 100, "a plot without a size"
        assert len(plot["inside"]) > 8, "a plot with nothing in it"
        for tag, (x0, y0, x1, y1) in plot["inside"]:
            assert left - 1 <= x0 <= x1 <= right + 1 and top - 1 <= y0 <= y1 <= bottom + 1, (tag, plot["box"], x0, y0, x1, y1)


chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if chromium:
    check_rendered(chromium)
else:
    print("skipped: no Chromium to render the page")
