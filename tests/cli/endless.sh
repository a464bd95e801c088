# Names that never end, in a memory that does: an error, and the system is not asked to choose whom to kill.
if [ -n "${SANITIZERS-}" ]; then
    echo "exit 4" # a sanitizer's shadow is larger than any limit
    echo "thag-analyze: -: out of memory (no room)" >&2
else
    (
        ulimit -Sd 60000
        seq -f 'function %.0f of very many;leaf 1' 1 1000000000 2>/dev/null | thag-analyze stats -
        echo "exit ${PIPESTATUS[1]}"
    )
fi
