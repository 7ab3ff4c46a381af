"""Prints the cases of h2spec's JUnit report (argument 1) under a prefix (argument 2), as `cases` in lib.sh reads them."""

import sys
import xml.etree.ElementTree as ElementTree

for suite in ElementTree.parse(sys.argv[1]).getroot():
    for number, case in enumerate(suite, 1):
        name = f"{sys.argv[2]} {suite.get('package')} #{number} {case.get('classname')}"
        reason = ""
        verdict = "passed"
        for child in case:
            if child.tag == "skipped":
                verdict = "skipped"
            else:
                verdict = "failed"
                # The last line is what was seen, those before are what was expected.
                *expected, seen = (child.text or "?").strip().splitlines()
                reason = f"expected {' or '.join(expected)}; seen {seen}"
        print(verdict, name, reason, sep="\t")
