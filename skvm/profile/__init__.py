"""profile: a target comes in; probes are put to it and a capability profile with counts goes out.

`probes/` has one file a primitive, `kit/` what they are made of, `measure/` the statistics; `run/` puts probes to a harness.
Must never: take a failure of key, server or harness for an inability, or overwrite a better profile before it is complete.
"""
