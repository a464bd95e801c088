# Every format is written under a name of its own; texts are compared whole.
for format in $(thag-analyze export --format=list); do
    thag-analyze export --experimental --format="$format" "$GOLDEN/sample.thag" || echo "$format: exit $?"
done
for ending in callgrind csv speedscope.json folded; do
    echo "--- $ending"
    cat "sample.$ending"
done
echo "--- others"
thag-analyze export --format=callgrind --corrected -o - "$GOLDEN/v1_ended.thag" | grep summary
thag-analyze export --format=otlp "$GOLDEN/sample.thag"
echo "exit $?"
thag-analyze export --format=pprof "$GOLDEN/sample.thag"
echo "exit $?"
printf 'main;work 5\nmain 2\n' | thag-analyze export --format=csv -o - -
printf '#\n' | thag-analyze export --format=csv -o - -
echo "exit $?"
echo "--- along time"
thag-analyze export --format=folded-timeline -o - "$GOLDEN/sample.thag"
thag-analyze export --format=csv-timeline -o - "$GOLDEN/sample.thag" | head -n 3
thag-analyze export --format=chrome -o - "$GOLDEN/sample.thag" | head -n 6
thag-analyze export --format=chrome --corrected "$GOLDEN/sample.thag"
echo "exit $?"
thag-analyze export --format=chrome sample.folded
echo "exit $?"
