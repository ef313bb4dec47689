"""Headers to lead fields, and the words of CRMs to meanings."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
