"""From the text of a criteria file to values: YAML first, then each section; collects every mistake on the way."""
