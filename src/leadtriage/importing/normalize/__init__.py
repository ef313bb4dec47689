"""One cell to one value, a room for each kind: addresses, numbers, sums, dates, countries, names, answers.

Every reader is a pure function of the text. A missing value is None (or nothing, where there may be several), a text
that is not understood raises `NotRecognized`; nothing is ever guessed. Which column holds what is up to the mapping.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
