kubectl rollout restart deployment/resizer -n media
