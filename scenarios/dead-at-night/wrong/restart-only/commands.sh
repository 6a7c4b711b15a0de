kubectl delete pod -n reports --all
