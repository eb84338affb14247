# What zsh offers behind the words given, in a terminal of its own; ends when it is what is awaited.
tools=$1 script=$2 awaited=$3 typed=$4
prepare='PROMPT='
if [[ -n $tools ]]; then
    module_path=($tools/usr/lib/*/zsh/*(/N))
    prepare="$prepare; module_path=($module_path); zmodload zsh/zutil; fpath=($tools/usr/share/zsh/functions/**/*(/N))"
fi
zmodload zsh/zpty || exit 3
zpty shell ${ZSH:-zsh} -f -i
zpty -w shell "$prepare; autoload -Uz compinit && compinit -u -D && LISTMAX=0 && source $script && print rea''dy"
zpty -r shell seen '*ready*'
zpty -w -n shell "kelos-metadata $typed"$'\t\t'
zpty -r shell seen "*$awaited*" && print -r -- "$seen"
