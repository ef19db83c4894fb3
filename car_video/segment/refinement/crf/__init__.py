"""The dense CRF.

``labels``              proposals to masks, in semantic and in refer mode
``inference``           ``DenseCrf``: mean field for a batch of pictures
``kernels``             the spatial and the bilateral kernel
``permutohedral``       Gaussian filtering on a lattice
``pydensecrf_backend``  the C++ original, optional
"""
