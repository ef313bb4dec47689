"""From a file of any shape to leads, with every row accounted for."""
