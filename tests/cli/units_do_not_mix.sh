echo 'a;b 5' >samples.folded
thag-analyze stats "$golden/sample.thag" samples.folded
