kubectl apply -f .
kubectl rollout restart deployment/payment-api -n payments
