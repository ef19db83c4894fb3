"""The way without mask candidates: soft maps that remember.

``carry_over``   which queries are still in the race (CaR's hidden state h through time)
``smoothing``    maps mixed with what feature memory carries over
``propagation``  ``MapPropagation``: both, in order
"""
