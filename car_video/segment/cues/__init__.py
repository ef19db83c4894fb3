"""Words of place and colour as geometry and pixels (docs/places.md).

``place_tensors``  places of queries as tensors, with anchors of a picture
``place_maps``     soft maps weighed by places
``instances``      which mask candidates exist as instances
``place_ranking``  candidates ranked by places
``colour``         candidates weighed by colours
``mask_cues``      colours and the border of the picture together
"""
