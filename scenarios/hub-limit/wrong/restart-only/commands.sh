kubectl rollout restart deployment/sessions -n shop
