"""observe: what one model run of a step saw, called and returned, and its request without courtesy."""
