# What a hasty learner does.
kubectl rollout restart deployment/web -n shop
