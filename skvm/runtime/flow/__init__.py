"""flow: the order of things - the scheduler over the plan's graph, and its control nodes.

Comes in: a session and a plan. Goes out: results on the blackboard, and how each block ended.
Must never: poll, wait at a barrier the plan does not have, or start a step before its predecessors are done.
"""
