"""The image algorithm: expressions and a picture in, masks out (docs/method.md).

Files in the order in which a picture meets them:

``segmenter``       ``ImageSegmenter``: the order of the steps
``queries``         expressions become competing queries
``encoding``        pictures encoded once; ``resizing`` sets their sizes
``everyday``        embeddings of everyday phrases, once per model
``evidence``        from similarities to log-odds that do not depend on the model
``proposals``       a soft map per query
``classification``  scores of the proposals
``recurrence``      queries that stay, and the result of the loop
``cueing``          survivors with what words and a detector say of their masks
``cues``            words of place and colour, boxes of a detector
``boxes``           boxes around masks
``mask_selection``  SAM's candidates, and which one a map means
``prediction``      from masks of survivors to those of queries, and of expressions
``refinement``      from maps to masks, with and without SAM
``stages``          what all these steps have given of a picture
``blur``            Gaussian blur and sliding sums, for drawing and filters
``panoptic``        pictures segmented by a vocabulary, with FC-CLIP (docs/fcclip.md)
``reference``       the choices of CaR's released code (docs/compat.md)
"""
