diagnose 7
kubectl apply -f .
