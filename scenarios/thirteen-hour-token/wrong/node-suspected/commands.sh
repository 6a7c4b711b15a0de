diagnose 6
