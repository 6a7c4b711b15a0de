diagnose 7
kubectl apply -f .
kubectl delete pod -n payments -l app=payment-api
