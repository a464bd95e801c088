# Each table of memory, in each format; who has no memory, or none of that kind.
trace=$GOLDEN/v1_heap.thag
for format in "" --csv --json; do
    thag-analyze stats --memory $format "$trace"
    for table in leaks peak temporary; do thag-analyze $table --limit=1 $format "$trace"; done
    thag-analyze sizes $format "$trace"
done
echo "--- narrow"
thag-analyze stats --memory --width=50 "$trace"
echo "--- nothing to show"
for table in "stats --memory" leaks peak temporary sizes frees; do
    # shellcheck disable=SC2086 # its words
    thag-analyze $table "$GOLDEN/v1_ended.thag"
    echo "$table: $?"
done
