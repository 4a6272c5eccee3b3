"""The simulator: an embedded DarkOrbit-like game with renderer, window, Gymnasium environments and scripted teacher."""
