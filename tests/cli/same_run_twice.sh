cp "$GOLDEN/sample.thag" run.thag
thag-analyze stats run.thag run.thag
printf "main 1\\n" >run.folded
thag-analyze stats run.thag run.folded | head -n 2
