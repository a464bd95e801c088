for trace in sample killed v1_ended v1_killed; do
    thag-analyze stats "$golden/$trace.thag"
    echo
done
thag-analyze stats --width=60 --sort=calls --limit=2 --raw "$golden/v1_ended.thag"
thag-analyze stats --filter='^(fib|w)$' --sort=name "$golden/v1_ended.thag"
