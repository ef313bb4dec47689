"""What people do to leads: each act changes state and writes its event in one transaction."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
