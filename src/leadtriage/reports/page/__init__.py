"""All reports on one page, as plain values: the numbers that matter, and each report with its charts and commands."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
