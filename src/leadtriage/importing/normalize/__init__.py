"""One cell to one value: `parse_X(text, ...)` for each kind of field.

A reader returns None for a missing cell (an empty tuple where a cell may hold several values), and raises
`NotRecognized`, and nothing else, for a text that holds something else. It is a pure function and never guesses.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
