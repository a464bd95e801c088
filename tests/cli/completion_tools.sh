# The scripts of the tools without commands are whole, and complete options, programs and their arguments.
for tool in thag-run thag-cc thag-instrument thag-remove; do
    for shell in bash zsh fish; do
        "$tool" --completion=$shell >"$tool.$shell" || echo "exit $?"
        [ -s "$tool.$shell" ] || echo "$tool: nothing for $shell"
        [ "$shell" = bash ] || command -v "$shell" >/dev/null || continue
        "$shell" -n "$tool.$shell"
    done
    . "./$tool.bash"
done
mkdir dir 'other dir'
touch 'a b.c' x.c

complete_words()
{
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    "_${1//-/_}"
    printf '[%s]' "${COMPREPLY[@]}"
    echo
}
complete_words thag-run --me
complete_words thag-run --output = o
complete_words thag-run thag-anal
complete_words thag-run -o dir ./prog a
complete_words thag-run --output = dir prog x
complete_words thag-cc --h
complete_words thag-instrument --min-l
complete_words thag-instrument x
complete_words thag-remove --completion = z
thag-remove --completion=csh
thag-cc --completion=csh
