# Every command that is listed tells of itself.
thag-analyze --help | grep -v '^  [a-z]'
thag-analyze --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' >commands
[ "$(wc -l <commands)" -ge 4 ] || echo "only: $(cat commands)"
while read -r command; do
    thag-analyze "$command" --help >help.txt || echo "exit $?"
    head -n 1 help.txt | grep -q "^Usage: thag-analyze $command " || echo "$command: $(head -n 1 help.txt)"
    for option in --force --output=FILE --help --version; do
        grep -q -- "$option " help.txt || echo "$command: no $option"
    done
    awk -v c="$command" 'length > 100 { print c ": too wide: " $0 }' help.txt
    cmp help.txt <(thag-analyze help "$command")
done <commands
thag-analyze fold --help
thag-analyze fold --unit=list
