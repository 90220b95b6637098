"""generalise: several observations of a step come in; one template with holes and their origins goes out, or why there is none.

Must never: know of levels, promotion or serving; what a template is worth is for `prove` to say.
"""
