"""The fault run: the whole product under load while a driver breaks it, and the reckoning after."""
