from .build import make_overview as make_overview
