kubectl rollout restart deployment/storefront -n shop
