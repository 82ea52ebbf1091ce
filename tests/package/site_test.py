#!/usr/bin/env python3
"""Makes the site of the documents, and checks that each of its links leads to a page, a heading or a picture that exists,
and that every page can be reached from the first one. Ends with 77 (skipped) where pandoc is missing."""

import html.parser
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCES = pathlib.Path(__file__).resolve().parent.parent.parent


class Page(html.parser.HTMLParser):
    """What a page links to, and where others can link to."""

    def __init__(self, file):
        super().__init__()
        self.links, self.pictures, self.anchors = [], [], set()
        self.feed(file.read_text())

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if "id" in values:
            self.anchors.add(values["id"])
        if tag in ("a", "link") and "href" in values:
            self.links.append(values["href"])
        if tag == "img":
            self.pictures.append(values.get("src", ""))
            if not values.get("alt"):
                self.links.append("(a picture without a text)")


def main():
    if shutil.which("pandoc") is None:
        print("site_test: skipped: pandoc is missing: see tests/packages")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as scratch:
        site = pathlib.Path(scratch, "site")
        subprocess.run([SOURCES / "docs/site/build", site], check=True)
        pages = {path.relative_to(site): Page(path) for path in site.glob("**/*.html")}
        faults, reached, ahead = [], set(), [pathlib.Path("index.html")]
        while ahead:
            name = ahead.pop()
            if name in reached:
                continue
            reached.add(name)
            for link in pages[name].links + pages[name].pictures:
                if "://" in link or link.startswith("mailto:"):
                    continue
                path, _, anchor = link.partition("#")
                target = pathlib.Path(os.path.normpath(name.parent / path)) if path else name
                if not (site / target).is_file():
                    faults.append(f"{name}: {link} leads nowhere")
                elif target in pages:
                    ahead.append(target)
                    if anchor and anchor not in pages[target].anchors:
                        faults.append(f"{name}: {link}: there is no such heading")
        faults += [f"{name} cannot be reached" for name in pages.keys() - reached]
        count = len(list(SOURCES.glob("docs/**/*.md"))) + len(list(SOURCES.glob("*.md")))
        if len(pages) != count:
            faults.append(f"there are {count} documents, and the site has {len(pages)} pages")
        print(*sorted(faults), f"{len(pages)} pages", sep="\n")
        sys.exit(bool(faults))


if __name__ == "__main__":
    main()
