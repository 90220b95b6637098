"""shell: commands that a step gives to a shell come in; whether they mean the same, and where a hole may stand, goes out."""
