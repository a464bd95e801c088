#!/bin/bash
# document_pipeline.sh - the demo gives the same report plain and profiled, and the profile counts
# every document once a round.
# usage: document_pipeline.sh PLAIN PROFILED THAG_ANALYZE
set -euo pipefail
plain=$1
profiled=$2
analyze=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Texts of our own, so that the counts are known wherever this runs.
documents=12
rounds=5
mkdir "$work/texts" "$work/texts/more"
for i in $(seq "$documents"); do
    folder=$work/texts
    [ $((i % 2)) -eq 0 ] || folder=$work/texts/more
    seq -f "Sentence number %g of this good document says that damage is not likely to happen here." \
        "$((i * 40))" >"$folder/text-$i"
done

cd "$work"
"$plain" --rounds "$rounds" "$work/texts" >plain.txt
[ -z "$(ls ./*.thag ./*.folded 2>/dev/null)" ] || { echo "the plain program wrote a profile"; exit 1; }
"$profiled" --rounds "$rounds" "$work/texts" >profiled.txt
diff plain.txt profiled.txt
for threads in 1 7; do
    "$plain" --rounds 1 --threads "$threads" "$work/texts" | diff plain.txt -
done
[ "$(ls ./*.thag | wc -l)" -eq 1 ] && [ "$(ls ./*.folded | wc -l)" -eq 1 ]

"$analyze" stats --json ./*.thag >stats.json
python3 - "$documents" "$rounds" <<'PYTHON'
import json, sys

documents, rounds = int(sys.argv[1]), int(sys.argv[2])
stats = json.load(open("stats.json"))
assert not stats["losses"] and not stats["damages"] and not stats["unfinished"], stats
calls = {f["name"]: f["calls"] for f in stats["functions"]}
each = documents * rounds
expected = {
    "main": 1, "run_round": rounds, "forget_round": rounds, "work": 4 * rounds, "task loop": 4 * rounds,
    "join workers": rounds, "queue_put": each, "queue_take": each + 4 * rounds,
    "document_process": each, "load_document": each, "count_words": each,
    "calculate_sentiment": each, "summarize": each, "index_add": each, "wait for index": each,
    "word_table_merge": each, "catalogue_visit": 2, "print_report": 1,
}
wrong = {n: (calls.get(n), c) for n, c in expected.items() if calls.get(n) != c}
assert not wrong, f"calls (found, expected): {wrong}"
PYTHON
grep -q '^main;run_round;join workers [0-9]*$' ./*.folded
