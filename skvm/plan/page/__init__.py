"""page: a plan as one self-contained HTML page: its graph, what it takes, and why each step and edge is there.

Comes in: an artifact. Goes out: text of a page that loads nothing and runs nothing. Must never: hold words unescaped.
"""

from skvm.plan.page.document import plan_page

__all__ = ["plan_page"]
