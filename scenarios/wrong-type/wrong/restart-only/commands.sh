kubectl rollout restart deployment/thumbnails -n media
