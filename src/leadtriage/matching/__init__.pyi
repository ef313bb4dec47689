from .pairs import LIKELY as LIKELY, LikelyPair as LikelyPair, find_pairs as find_pairs, is_kept_apart as is_kept_apart
from .profiles import website_host as website_host
