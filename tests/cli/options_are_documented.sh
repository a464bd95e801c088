# Every command and option is in the manual.
manual=$CASES/../../docs/man/thag-analyze.1.scd
for command in $(thag-analyze --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'); do
    grep -q "^\*$command\*\$" "$manual" || echo "manual: no $command"
    for option in $(thag-analyze "$command" --help | grep -o -- '^ .* --[a-z-]*' | grep -o -- '--[a-z-]*$' | sort -u); do
        grep -q -- "\*$option\*" "$manual" || echo "manual: $command $option"
    done
done
