"""The command `densearch`: the commands that talk to a server, a module for each family."""
