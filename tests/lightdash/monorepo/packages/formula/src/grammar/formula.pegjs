start = "1"
