"""The four cases of the SkVM paper as example skills: time to result before and after, and what is served wrongly."""
