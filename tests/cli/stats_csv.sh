thag-analyze stats --csv "$GOLDEN/v1_ended.thag"
