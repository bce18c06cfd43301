"""`densearch mcp`: jobs for agents, by the Model Context Protocol over stdin and stdout.

It is a client of the REST API, as the command line is, and sees nothing else.
"""
