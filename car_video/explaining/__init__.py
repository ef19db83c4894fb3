"""Why an expression was found where it was, or was not: the stages of one frame.

It asks the segmenters what their steps have given and computes none of them anew.

``explainer``  :func:`explain`: a segmenter and a frame in, an ``Explanation`` out
``picture``    the stages of one picture
``wording``    the words of a query: places, colours, what it only mentions
``votes``      what sentence, noun phrase and single words say of a region
``tracks``     the tracks that a video's mask is chosen among
``reasons``    why here, why not here, in sentences

``car_video.explanation`` is the value, ``car_video.io.explanations`` draws it.
"""

from car_video.explaining.explainer import explain

__all__ = ["explain"]
