cp "$GOLDEN/sample.thag" again.thag
thag-analyze fold --unit=ns "$GOLDEN/v1_ended.thag" | head -n 5
thag-analyze fold --unit=ns "$GOLDEN/sample.thag" again.thag
thag-analyze fold "$GOLDEN/sample.thag"
