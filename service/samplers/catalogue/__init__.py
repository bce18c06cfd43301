"""Every sampler by name: capabilities, options, how it is made."""
