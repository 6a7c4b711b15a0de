diagnose 7
kubectl rollout restart deployment/payment-api -n payments
