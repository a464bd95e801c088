cp "$GOLDEN/sample.thag" again.thag
printf 'main;work 12.5\nmain 1\n' >run-20260101-000000.folded
thag-analyze stats "$GOLDEN/sample.thag" again.thag | head -n 3
thag-analyze stats run-20260101-000000.folded
cat "$GOLDEN/sample.thag" | thag-analyze stats --raw - | head -n 2
thag-analyze stats --csv <(cat "$GOLDEN/sample.thag") | wc -l
