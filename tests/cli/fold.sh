thag-analyze fold --unit=ns "$golden/v1_ended.thag" | head -n 5
thag-analyze fold --unit=ns "$golden/sample.thag" "$golden/sample.thag"
thag-analyze fold "$golden/sample.thag"
