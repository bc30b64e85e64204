print("ocean")
