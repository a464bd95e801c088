# Every option that a command tells of is in the manual and in the three completions.
root=$CASES/../..
for command in stats flamegraph fold leaks peak sizes info; do
    for option in $(thag-analyze "$command" --help | grep -o -- '--[a-z-]*' | sort -u); do
        grep -q -- "$option" "$root/docs/man/thag-analyze.1.scd" || echo "manual: $command $option"
        for shell in bash zsh; do
            grep -q -- "$option" "$root/tools/completion/thag-analyze.$shell" || echo "$shell: $command $option"
        done
        grep -q -- "-l ${option#--} " "$root/tools/completion/thag-analyze.fish" || echo "fish: $command $option"
    done
done
bash -n "$root/tools/completion/thag-analyze.bash"
