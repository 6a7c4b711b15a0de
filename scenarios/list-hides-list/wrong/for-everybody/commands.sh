kubectl apply -f .
kubectl delete pod -n shop --all
