# The account is copied into new Pods only.
kubectl apply -f .
kubectl rollout restart deployment/nightly-report -n reports
