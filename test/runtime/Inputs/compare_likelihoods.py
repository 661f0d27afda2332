"""compare_likelihoods.py QUESTIONS.jsonl RESULTS.jsonl TOLERANCE: log-likelihoods against recorded ones."""
import json
import sys

questions, results = ([json.loads(line) for line in open(path)] for path in sys.argv[1:3])
found = {result["question"]: result["ll"] for result in results}
assert len(found) == len(questions), (len(found), len(questions))
worst = max(
    abs(ours - recorded)
    for i, question in enumerate(questions)
    for ours, recorded in zip(found[i], question["ll"], strict=True)
)
count = sum(len(question["ll"]) for question in questions)
print(f"{count} log-likelihoods, largest difference {worst:.2e}")
assert worst < float(sys.argv[3]), worst
