kubectl rollout restart deployment/nightly-report -n reports
