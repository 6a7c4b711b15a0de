diagnose 4
