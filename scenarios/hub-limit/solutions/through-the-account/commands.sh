kubectl apply -f .
kubectl rollout restart deployment/sessions -n shop
