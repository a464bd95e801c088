for trace in sample v1_killed; do
    thag-analyze info --json "$GOLDEN/$trace.thag" | python3 -m json.tool
done
