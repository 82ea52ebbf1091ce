"""The commands of the manual: the ```sh blocks of its pages.

A block below a line `<!-- not run: REASON -->` is one that no test runs.

  pages.py PAGE HEADING NUMBER    prints one of the blocks below a heading that are run; the first has the number 0"""

import collections
import pathlib
import re
import sys

Block = collections.namedtuple("Block", "heading line commands not_run")


def blocks_of(page, language="sh"):
    found, heading, fence, mark, commands = [], "", None, None, []
    for number, line in enumerate(pathlib.Path(page).read_text().splitlines(), 1):
        if fence is not None:
            if line.strip() == "```":
                if fence[1] == language:
                    found.append(Block(heading, begin, "".join(commands), mark))
                fence, mark = None, None
            else:
                commands.append(line.removeprefix(fence[0]) + "\n")
        elif opening := re.fullmatch(r"( *)```(.*)", line):
            fence, begin, commands = (opening[1], opening[2]), number, []
        elif line.startswith("#"):
            heading, mark = line, None
        elif marked := re.fullmatch(r" *<!-- not run: (.+) -->", line):
            mark = marked[1]
        elif line.strip():
            mark = None
    return found


def main():
    page, heading, number = sys.argv[1:]
    to_run = [block.commands for block in blocks_of(page) if block.heading == heading and not block.not_run]
    if int(number) >= len(to_run):
        sys.exit(f"{page}: there are {len(to_run)} blocks below {heading}")
    print(to_run[int(number)], end="")


if __name__ == "__main__":
    main()
