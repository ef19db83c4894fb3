"""Soft maps of queries.

``maps``           ``Proposer``: maps of any subset of the queries, from cells or Grad-CAM
``gradcam``        Grad-CAM of many texts from one backward pass
``affinity``       maps spread over cells that belong together
``released_code``  both with the choices of CaR's released code
"""
