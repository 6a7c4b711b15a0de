kubectl apply -f .
kubectl rollout restart deployment/checkout -n shop
