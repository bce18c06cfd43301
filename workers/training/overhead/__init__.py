"""Overhead of a density in training: ratio of a step with it to a plain step, in each form.

Every round takes one step in each form, one after another and in a random order, so that other
load on the machine affects all alike; a round's ratio to its plain step is one sample. Steps are
timed by the processor time of this process, which has one thread. At inference all forms are the
same folded plain convolutions: nothing is left to be timed.
"""
