"""Where the files of a data set are read from: archives and folders, bounded and checked."""
