kubectl rollout restart deployment/gateway -n shop
