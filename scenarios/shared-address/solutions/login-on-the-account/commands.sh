# Pods that are there already keep what they were created with.
kubectl apply -f .
kubectl rollout restart deployment/web -n shop
