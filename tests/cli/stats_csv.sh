thag-analyze stats --csv "$golden/v1_ended.thag"
