for trace in sample killed v1_ended v1_killed; do
    thag-analyze stats "$GOLDEN/$trace.thag"
    echo
done
thag-analyze stats --width=60 --sort=calls --limit=2 --raw "$GOLDEN/v1_ended.thag"
thag-analyze stats --filter='^(fib|w)$' --sort=name "$GOLDEN/v1_ended.thag"
