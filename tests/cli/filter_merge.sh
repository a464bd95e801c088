printf 'main 1\nmain;work 2\n' >a.folded
printf 'main;work 10\nmain;idle 20\n' >b.folded
thag-analyze merge a.folded b.folded
thag-analyze filter --ignore=idle a.folded b.folded
thag-analyze merge a.folded
thag-analyze filter a.folded
