# A pattern that takes exponential time is stopped.
printf 'main;%s! 5\n' "$(printf 'a%.0s' $(seq 60))" >x.folded
thag-analyze stats --filter='^(a|aa)+$' x.folded
echo "exit $?"
thag-analyze stats --filter='^a+!$' x.folded | wc -l
thag-analyze stats --filter='nothing' x.folded
