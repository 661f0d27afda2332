#!/usr/bin/env python3
"""gpu_results.py RESULTS: whether test/gpu/run.sh --tiny measured everything that it is to."""
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    results = json.load(file)

assert [check["agrees"] for check in results["checks"]] == [True], results["checks"]
assert results["checks"][0]["text"]["agrees"], results["checks"]

reports = [report for reports in results["speeds"] for report in reports]
names = {test["name"] for report in reports for test in report["tests"]}
expected = {"pp16", "pp33", "tg2", "tg2 x 2", "tg2 @ d129", "tg2 @ d129 x 2", "pp16 @ d129"}
assert names == expected, names
for report in reports:
    assert report["copy_bandwidth_gb_s"] > 0, report
    assert all(test["tokens_per_s"] > 0 for test in report["tests"]), report

kernels = [kernel for report in reports for kernel in report.get("kernels", [])]
assert {kernel["function"] for kernel in kernels} == {
    "decode", "decode_head", "prefill", "prefill_head", "score"}, kernels
for kernel in kernels:
    assert kernel["seconds"] > 0 and kernel["gb_s"] > 0, kernel
    assert (kernel["tflop_s"] > 0) == ("matmul" in kernel["kernel"]), kernel

missing = {entry["what"]: entry["why"] for entry in results["missing"]}
assert set(missing) == {"transformers", "share of the ceiling of tensor cores"}, missing
assert results["seconds"] < 480, results["seconds"]
