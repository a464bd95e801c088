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
