"""Features of the readings that a profile declares beyond those which every game has a place for."""
