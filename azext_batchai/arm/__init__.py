"""What the command line and the service share: ids, names, states, times. Standard library only."""
