"""Prints the cases in a log of `connectconformance --vv` (argument 1) under a prefix (argument 2), as `cases` in lib.sh
reads them. The runner names the cases it has a result of, and again, with the reason, those that failed."""

import re
import sys

# What connect.yaml leaves no choice of is left out of the names.
FIXED = re.compile(r"(HTTPVersion|Protocol|Codec|Compression):[^/]*/")

failures = {}
seen = []
failing = None
for line in open(sys.argv[1], encoding="utf-8", errors="replace"):
    line = line.rstrip("\n")
    if match := re.fullmatch(r'Received response for "(.*)"\.\.\.', line):
        seen.append(match[1])
    elif match := re.fullmatch(r"FAILED: (.*?)(?: was expected to fail but did not|:)", line):
        failing = match[1]
        failures[failing] = []
    elif failing and line.startswith("\t"):
        failures[failing].append(line.strip())
        continue
    else:
        failing = None
        continue
    if match[0].startswith("Received"):
        failing = None

for name in sorted(set(seen) | set(failures)):
    verdict = "failed" if name in failures else "passed"
    reason = "; ".join(failures.get(name, []))
    print(verdict, f"{sys.argv[2]} {FIXED.sub('', name)}", reason, sep="\t")
