print("giv-dist")
