# Pods that are there already keep what they were created with.
kubectl apply -f .
kubectl rollout restart deployment/thumbnails -n ${param:namespace}
