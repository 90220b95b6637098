"""tools: what a step agent may call - files of the work folder, commands in the sandbox, granted hosts.

Comes in: a call's name and arguments. Goes out: bounded text for the model and a record of the call.
Must never: reach outside the work folder and the read-only bundle, start a process outside the sandbox, or ask a model.
"""
