thag-analyze --help
for command in stats flamegraph fold info; do
    thag-analyze "$command" --help
done
thag-analyze help fold | head -n 1
