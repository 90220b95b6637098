"""profile: a target comes in; probes are put to it and a capability profile with counts goes out.

Still empty: profiles are shipped as data in `profiles/`, measuring a target is the next piece of work.
Must never: take a failure of key, server or harness for an inability, or overwrite a better profile before it is complete.
"""
