aws ecr get-login-password --region eu-central-1
kubectl apply -f .
