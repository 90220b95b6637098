"""soundness: may what a plan lets overlap really overlap? Judged by an interpreter that shares no code with the compiler.

`programs` writes random skills whose effects it knows, `interpreter` runs their plans over a model store, `broken` breaks the
compiler in named ways to see that the judge notices, `real` looks at annotated skills and at the corpus.
"""
