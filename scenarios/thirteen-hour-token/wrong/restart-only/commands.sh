kubectl rollout restart deployment/payment-api -n payments
