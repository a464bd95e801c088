#compdef thag-analyze
# Completion of thag-analyze for zsh.

_thag_analyze() {
    local -a commands common files
    commands=(
        'stats:table of functions: calls, inclusive and self time, percentiles'
        'flamegraph:interactive picture of where the time went (SVG)'
        'fold:collapsed stacks for other tools'
        'leaks:memory that was still allocated at the end, by call path'
        'peak:who held memory when most was allocated'
        'sizes:how many blocks of which size were allocated'
        'info:how a trace was made, and what it lacks'
        'help:help'
    )
    common=(
        '(-o --output)'{-o,--output=}'[write to FILE]:file:_files'
        '--force[overwrite FILE if it exists]'
        '(-h --help)'{-h,--help}'[show this help and exit]'
        '(-V --version)'{-V,--version}'[show the version and exit]'
    )
    files=('*:profile:_files -g "*.(thag|folded)(-.)"')

    if (( CURRENT == 2 )); then
        _describe command commands
        _files -/
        return
    fi
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    case $command in
    stats)
        _arguments $common $files \
            '--sort=[sort by a column]:column:(name calls inclusive self min mean p50 p95 p99 max open corrected-inclusive corrected-self)' \
            '--limit=[show the first N functions only]:number:' \
            '--filter=[only functions whose name matches]:regular expression:' \
            '--raw[times as measured]' '--csv[comma-separated values]' '--json[a JSON object]' \
            '--width=[columns of the text table]:columns:' '--memory[heap memory instead of time]'
        ;;
    flamegraph)
        _arguments $common $files \
            '--title=[heading of the picture]:text:' '--subtitle=[line below it]:text:' \
            '--width=[width where no script runs]:pixels:' \
            '--min-width=[leave out what is narrower]:pixels:' \
            '--palette=[colours]:palette:(${(f)"$(thag-analyze flamegraph --palette=list 2>/dev/null)"} list)' \
            '--inverted[root at the top]' '--memory[bytes allocated, instead of time]' \
            "--corrected[take the profiler's own cost off the times]"
        ;;
    fold)
        _arguments $common $files '--unit=[of times]:unit:(ns us ms s)' \
            '--memory[bytes allocated, instead of time]'
        ;;
    leaks | peak)
        _arguments $common $files '--limit=[show the first N call paths only]:number:' \
            '--json[a JSON object]'
        ;;
    sizes) _arguments $common $files '--json[a JSON object]' ;;
    info) _arguments $common $files '--json[a JSON object]' '--all-damage[list every damaged place]' ;;
    esac
}

_thag_analyze "$@"
