"""Items predicted and scored, by one process, several, or a Ray cluster.

In the order in which an item meets them:

``inputs``       what an item's numbers depend on, so that a changed data set is noticed
``store``        the output folder: settings, a record per finished item
``job``          the work of one item: predict, score, record
``local``        in this process, or in several of this machine
``ray_cluster``  on the machines of a Ray cluster
``engines``      either of them by name, after what is done already
"""
