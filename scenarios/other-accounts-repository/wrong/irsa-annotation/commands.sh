kubectl apply -f .
kubectl delete pod -n shop -l app=gateway
