"""Jobs in containers: which program runs them, what it is told, and what a container sees of its node. Pure but for
the looks at the file system."""
