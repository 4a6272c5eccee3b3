"""`understudy new-game`: from a game's window to policies that play it, in steps that can be left and resumed."""
