"""Checks the manual without running anything: each of its commands is run by a test or says why none runs it, and each
alert and each link names a section that exists."""

import pathlib
import re
import sys

import pages

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = HERE.parent.parent
RULES = SOURCES / "deploy/prometheus/ilpd.rules.yaml"
NOT_RUN_AT_MOST = 8

# The pages whose commands have to be run. Others have examples with names that the reader has to replace.
PAGES = ["README.md"] + ["docs/operating/" + name for name in (
    "after-a-crash.md", "cluster.md", "incidents.md", "install.md", "payments.md", "peering.md", "rotate.md", "running.md",
    "stores.md", "tls.md", "tls-operators.md", "tokens.md", "upgrade.md")]
PAGES += sorted(str(path.relative_to(SOURCES)) for path in SOURCES.glob("docs/guides/*.md"))
# Tests that name the sections whose commands they run, all blocks of a section at once or by number. The one of
# peering.md runs the whole page, and so does guides_test.py with those that it follows.
TESTS = {
    "cluster.md": "../cluster/cluster.mjs",
    "README.md": "payments_page_test.cpp", "payments.md": "payments_page_test.cpp", "stores.md": "stores_page_test.cpp",
    "tls.md": "tls_page_test.cpp", "tls-operators.md": "tls_page_test.cpp", "tokens.md": "tokens_page_test.cpp"}
WHOLE = {"peering.md", *re.findall(r'follow\("(\S+?)"', (HERE / "guides_test.py").read_text())}
COMMAND = re.compile(r" {4,}(apt-get|curl|dpkg|\./dev|ilpctl|ilpd|install|openssl|psql|sqlite3|systemctl) ")

faults = []


def sections_run_in_clean_root():
    """Page -> the headings that manual_in_clean_root runs a block of, as often as it does."""
    text = (HERE / "manual_in_clean_root").read_text()
    names = dict(re.findall(r'^(\w+)="(#.+)"$', text, re.MULTILINE))
    found, page = {}, None
    for line in text.splitlines():
        if opened := re.fullmatch(r"open_page (\S+)", line):
            page = found.setdefault(opened[1], [])
        elif run := re.match(r'run "(?:\$(\w+)|(#.+?))"', line):
            page.append(run[2] or names[run[1]])
    return found


def check_commands():
    in_clean_root = sections_run_in_clean_root()
    not_run = []
    for name in PAGES:
        path = SOURCES / name
        headings = list(in_clean_root.get(path.name, []))
        test = TESTS.get(path.name)
        text = (SOURCES / "tests/integration" / test).read_text() if test else ""
        for block in pages.blocks_of(path):
            place = f"{name}:{block.line}"
            if block.not_run:
                not_run.append(f"{place}: {block.not_run}")
            elif block.heading in headings:
                headings.remove(block.heading)
            elif f'"{block.heading}"' not in text.replace("'", '"') and path.name not in WHOLE:
                faults.append(f"{place}: no test runs these commands of {block.heading}; add them to "
                              f"manual_in_clean_root, or a line <!-- not run: REASON --> above them")
        outside = re.sub(r"^( *)```.*?^ *```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
        faults.extend(f"{name}: commands belong into a block that begins with ```sh: {line.strip()}"
                      for line in outside.splitlines() if path.name not in WHOLE and COMMAND.match(line))
    print(f"{len(not_run)} blocks of commands are not run:", *not_run, sep="\n  ")
    if len(not_run) > NOT_RUN_AT_MOST:
        faults.append(f"{len(not_run)} blocks are not run; there may be {NOT_RUN_AT_MOST}")


def anchors_of(path):
    """As GitHub makes them from headings."""
    text = re.sub(r"^( *)```.*?^ *```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def leads_somewhere(target, path):
    """Whether a relative link on a page leads to a file and a heading that exist."""
    file, _, anchor = target.partition("#")
    to = (path.parent / file).resolve() if file else path
    return to.exists() and (not anchor or to.suffix != ".md" or anchor in anchors_of(to))


def check_links():
    for path in [*sorted(SOURCES.glob("*.md")), *sorted(SOURCES.glob("docs/**/*.md"))]:
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
            if "://" not in target and not leads_somewhere(target, path):
                faults.append(f"{path.relative_to(SOURCES)}: the link {target} leads nowhere")


def check_alerts():
    alerts = re.split(r"^ *- alert: ", RULES.read_text(), flags=re.MULTILINE)[1:]
    for alert in alerts:
        name = alert.split("\n", 1)[0]
        runbook = re.search(r"^ *runbook: (\S+#\S+)$", alert, re.MULTILINE)
        if not runbook:
            faults.append(f"{RULES.name}: {name} names no section of the manual")
        elif not leads_somewhere(runbook[1], SOURCES / "README.md"):
            faults.append(f"{RULES.name}: {name}: the section {runbook[1]} does not exist")
    print(f"{len(alerts)} alerts name a section")
    if not alerts:
        faults.append(f"{RULES.name}: no alerts were found")


check_commands()
check_links()
check_alerts()
print(*faults, sep="\n")
sys.exit(bool(faults))
