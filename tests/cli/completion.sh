# The scripts are whole, and complete what there is.
for shell in bash zsh fish; do
    thag-analyze completion "$shell" >"script.$shell" || echo "exit $?"
    [ "$shell" = bash ] || command -v "$shell" >/dev/null || continue
    "$shell" -n "script.$shell"
done
. ./script.bash
mkdir dir 'other dir'
touch 'a b.thag' x.folded x.txt

complete_words()
{
    COMP_WORDS=(thag-analyze "$@")
    COMP_CWORD=$#
    _thag_analyze
    printf '[%s]' "${COMPREPLY[@]}"
    echo
}
complete_words st
complete_words inf
complete_words oth
complete_words stats --s
complete_words stats --so
complete_words stats --sort = in
complete_words flamegraph --palette = ''
complete_words stats ''
complete_words info -o x
complete_words nothing --
thag-analyze completion csh
thag-analyze completion
