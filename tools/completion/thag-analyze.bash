# Completion of thag-analyze for bash.
# shellcheck shell=bash disable=SC2207

# A name may hold spaces, so it is a line, not a word. Without extglob one pattern names one ending.
_thag_analyze_paths()
{
    local path
    compopt -o filenames 2>/dev/null
    while IFS= read -r path; do
        [[ -n $path ]] && COMPREPLY+=("$path")
    done < <(
        case $1 in
        files) compgen -f -- "$2" ;;
        profiles) compgen -f -X '!*.thag' -- "$2"; compgen -f -X '!*.folded' -- "$2" ;;
        esac
        [[ $1 == files ]] || compgen -d -- "$2"
    )
}

_thag_analyze()
{
    local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} options
    local common="--output= --force --help --version"

    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "stats flamegraph fold leaks peak sizes info help --help --version" -- "$current"))
        _thag_analyze_paths directories "$current"
        return
    fi
    # bash takes = for a word of its own.
    local option=${COMP_WORDS[COMP_CWORD - 1]} value=$current
    if [ "$current" = "=" ]; then
        value=
    elif [ "$option" = "=" ]; then
        option=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    case $option in
    --sort)
        COMPREPLY=($(compgen -W "name calls inclusive self min mean p50 p95 p99 max open
            corrected-inclusive corrected-self" -- "$value"))
        return
        ;;
    --unit)
        COMPREPLY=($(compgen -W "ns us ms s" -- "$value"))
        return
        ;;
    --palette)
        COMPREPLY=($(compgen -W "list $(thag-analyze flamegraph --palette=list 2>/dev/null)" -- "$value"))
        return
        ;;
    -o | --output)
        _thag_analyze_paths files "$value"
        return
        ;;
    esac
    case $command in
    stats) options="--sort= --limit= --filter= --raw --csv --json --width= --memory" ;;
    flamegraph) options="--title= --subtitle= --width= --min-width= --palette= --inverted --corrected
            --memory" ;;
    fold) options="--unit= --memory" ;;
    leaks | peak) options="--limit= --json" ;;
    sizes) options="--json" ;;
    info) options="--json --all-damage" ;;
    *) return ;;
    esac
    if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$options $common" -- "$current"))
        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
    else
        _thag_analyze_paths profiles "$current"
    fi
}
complete -F _thag_analyze thag-analyze
