"""From proposals to masks.

``refine``         ``MaskRefiner``: by SAM, by the dense CRF, or by a threshold
``thresholds``     a threshold for each map
``guided_filter``  maps enlarged along the edges of the picture
``crf``            the dense CRF
"""
