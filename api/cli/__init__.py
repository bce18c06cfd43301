"""The command `densearch`: a module for each family of subcommands."""
