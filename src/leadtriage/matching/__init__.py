"""Which leads that no exact key joined are probably the same person or company."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
