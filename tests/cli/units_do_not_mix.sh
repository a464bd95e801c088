echo 'a;b 5' >samples.folded
thag-analyze stats "$GOLDEN/sample.thag" samples.folded
