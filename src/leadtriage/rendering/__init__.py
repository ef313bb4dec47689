"""Renders tables, cards and pages: for terminals, scripts, spreadsheets and browsers. Computes nothing."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
