kubectl apply -f .
kubectl rollout restart deployment/catalog -n shop
