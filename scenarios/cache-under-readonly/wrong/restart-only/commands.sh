kubectl rollout restart deployment/session-cache -n shop
