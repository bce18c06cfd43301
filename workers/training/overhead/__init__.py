"""What a density costs in training: a step with it over a step without, in each form of it.

Every round takes one step in each form, one right after the other and in an order drawn anew, so
that the machine's other work hits all alike; a round's ratio to its plain step is one sample.
Steps are timed by the processor time of this process, which has one thread. At inference all forms
are the same folded plain convolutions: nothing is left to be timed.
"""
