"""Prints the cases in a verbose log of protovalidate-conformance (argument 1), as `cases` in lib.sh reads them: a line for
each case that passed, grouped by the way of validating (argument 2) and the runner's own suites, with the difference for
each that did not."""

import re
import sys

CASE = re.compile(r"    --- (PASS|FAIL|SKIP): (.*)")
SUITE = re.compile(r"--- (?:PASS|FAIL|SKIP): (.*) \(failed: .*\)")
VERDICTS = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped"}

suite = ""
cases = []
for line in open(sys.argv[1], encoding="utf-8", errors="replace"):
    line = line.rstrip("\n")
    if match := CASE.fullmatch(line):
        cases.append((VERDICTS[match[1]], f"{suite}/{match[2]}", []))
    elif match := SUITE.fullmatch(line):
        suite = match[1]
    elif cases and line.startswith("     "):
        cases[-1][2].append(line.strip())

for verdict, name, details in sorted(cases, key=lambda case: case[1]):
    reason = "; ".join(details) if verdict == "failed" else ""
    print(verdict, f"{sys.argv[2]}/{name}", reason.replace("\t", " "), sep="\t")
