for trace in sample v1_killed; do
    thag-analyze info --json "$golden/$trace.thag" | python3 -m json.tool
done
