"""check_report.py REPORT.html: a page of well-formed elements that refers to nothing outside itself.

With Chromium on the PATH it is rendered, too: the tables and plots must come out with a size.
"""
import html.parser
import pathlib
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

chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if chromium:
    picture = path.with_suffix(".png")
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
               "--window-size=1400,1600", f"--screenshot={picture}", path.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert picture.stat().st_size > 20000, "the page is empty"
else:
    print("no Chromium: not rendered")
