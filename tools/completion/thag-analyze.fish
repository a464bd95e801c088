# Completion of thag-analyze for fish.
set -l commands stats flamegraph fold leaks peak sizes info help
set -l none "not __fish_seen_subcommand_from $commands"

complete -c thag-analyze -n "$none" -f -a stats -d 'table of functions: calls, inclusive and self time, percentiles'
complete -c thag-analyze -n "$none" -f -a flamegraph -d 'interactive picture of where the time went (SVG)'
complete -c thag-analyze -n "$none" -f -a fold -d 'collapsed stacks for other tools'
complete -c thag-analyze -n "$none" -f -a leaks -d 'memory that was still allocated at the end'
complete -c thag-analyze -n "$none" -f -a peak -d 'who held memory when most was allocated'
complete -c thag-analyze -n "$none" -f -a sizes -d 'how many blocks of which size were allocated'
complete -c thag-analyze -n "$none" -f -a info -d 'how a trace was made, and what it lacks'
complete -c thag-analyze -n "$none" -a '(__fish_complete_directories)'
complete -c thag-analyze -s h -l help -d 'show help and exit'
complete -c thag-analyze -s V -l version -d 'show the version and exit'

for command in stats flamegraph fold leaks peak sizes info
    set -l here "__fish_seen_subcommand_from $command"
    complete -c thag-analyze -n "$here" -s o -l output -r -d 'write to FILE'
    complete -c thag-analyze -n "$here" -l force -d 'overwrite FILE if it exists'
    complete -c thag-analyze -n "$here" -k -a '(__fish_complete_suffix .thag; __fish_complete_suffix .folded)'
end

set -l here '__fish_seen_subcommand_from stats'
complete -c thag-analyze -n "$here" -l sort -x -d 'sort by a column' -a 'name calls inclusive self min mean p50 p95 p99 max open corrected-inclusive corrected-self'
complete -c thag-analyze -n "$here" -l limit -x -d 'show the first N functions only'
complete -c thag-analyze -n "$here" -l filter -x -d 'only functions whose name matches'
complete -c thag-analyze -n "$here" -l raw -d 'times as measured'
complete -c thag-analyze -n "$here" -l csv -d 'comma-separated values'
complete -c thag-analyze -n "$here" -l json -d 'a JSON object'
complete -c thag-analyze -n "$here" -l width -x -d 'columns of the text table'

complete -c thag-analyze -n "$here" -l memory -d 'heap memory instead of time'

set here '__fish_seen_subcommand_from leaks peak'
complete -c thag-analyze -n "$here" -l limit -x -d 'show the first N call paths only'

set here '__fish_seen_subcommand_from leaks peak sizes info'
complete -c thag-analyze -n "$here" -l json -d 'a JSON object'

set here '__fish_seen_subcommand_from flamegraph fold'
complete -c thag-analyze -n "$here" -l memory -d 'bytes allocated, instead of time'

set here '__fish_seen_subcommand_from flamegraph'
complete -c thag-analyze -n "$here" -l title -x -d 'heading of the picture'
complete -c thag-analyze -n "$here" -l subtitle -x -d 'line below it'
complete -c thag-analyze -n "$here" -l width -x -d 'width where no script runs'
complete -c thag-analyze -n "$here" -l min-width -x -d 'leave out what is narrower'
complete -c thag-analyze -n "$here" -l palette -x -d colours -a '(thag-analyze flamegraph --palette=list 2>/dev/null; echo list)'
complete -c thag-analyze -n "$here" -l inverted -d 'root at the top'
complete -c thag-analyze -n "$here" -l corrected -d "take the profiler's own cost off the times"

complete -c thag-analyze -n '__fish_seen_subcommand_from fold' -l unit -x -d 'of times' -a 'ns us ms s'
complete -c thag-analyze -n '__fish_seen_subcommand_from info' -l all-damage -d 'list every damaged place'
