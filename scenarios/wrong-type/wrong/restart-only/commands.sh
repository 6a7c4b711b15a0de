kubectl rollout restart deployment/thumbnails -n ${param:namespace}
