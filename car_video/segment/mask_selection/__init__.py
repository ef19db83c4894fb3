"""Masks of SAM for proposals.

``candidates``   measures of candidates: peaks, overlap, stability
``sam_prompts``  candidates at the peaks of maps, and the choice among them
``automatic``    CaR's rule for masks that SAM finds without prompts
``regions``      a name for each of these masks, for label spaces
``overlaps``     which mask gets the pixels that several cover
"""
