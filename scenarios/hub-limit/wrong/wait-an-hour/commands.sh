# Perhaps it will be over by then.
sleep 1h
