#!/usr/bin/env python3
"""Prints how many tests passed, failed and were skipped, from the report that lit --output wrote."""
import collections
import json
import sys

OUTCOMES = {
    "PASS": "passed", "FLAKYPASS": "passed", "XFAIL": "passed",
    "SKIPPED": "skipped", "UNSUPPORTED": "skipped", "EXCLUDED": "skipped",
}

with open(sys.argv[1], encoding="utf-8") as report:
    tests = json.load(report)["tests"]
# Whatever else lit says (FAIL, XPASS, UNRESOLVED, TIMEOUT) is a failure.
counts = collections.Counter(OUTCOMES.get(test["code"], "failed") for test in tests)
print(counts["passed"], counts["failed"], counts["skipped"])
