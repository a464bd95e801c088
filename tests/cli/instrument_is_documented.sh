# Every option of the tools without commands is in the manual.
for tool in thag-instrument thag-remove thag-run thag-cc; do
    for option in $($tool --help | grep -o -- '^ .* --[a-z-]*' | grep -o -- '--[a-z-]*$' | sort -u); do
        grep -q -- "\*$option\*" "$CASES/../../docs/man/$tool.1.scd" || echo "manual: $tool $option"
    done
done
