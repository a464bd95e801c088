# Completion of thag-analyze for bash.
# shellcheck shell=bash disable=SC2207
_thag_analyze()
{
    local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} options
    local common="--output= --force --help --version"

    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "stats flamegraph fold info help --help --version" -- "$current"))
        COMPREPLY+=($(compgen -d -- "$current"))
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
        COMPREPLY=($(compgen -f -- "$value"))
        return
        ;;
    esac
    case $command in
    stats) options="--sort= --limit= --filter= --raw --csv --json --width=" ;;
    flamegraph) options="--title= --subtitle= --width= --min-width= --palette= --inverted --corrected" ;;
    fold) options="--unit=" ;;
    info) options="--json" ;;
    *) return ;;
    esac
    if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$options $common" -- "$current"))
        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
    else
        compopt -o filenames
        COMPREPLY=($(compgen -f -X '!*.@(thag|folded)' -- "$current") $(compgen -d -- "$current"))
    fi
}
complete -F _thag_analyze thag-analyze
