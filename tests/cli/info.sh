for trace in sample killed v1_ended v1_killed; do
    thag-analyze info "$GOLDEN/$trace.thag"
    echo
done
