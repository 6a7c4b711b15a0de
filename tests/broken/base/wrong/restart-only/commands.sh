kubectl rollout restart deployment/api -n shop
