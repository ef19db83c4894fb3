"""An ``Explanation`` as one picture, as plain text and as JSON.

``tiles``     frame, map or mask as a small picture
``layout``    wrapped text, rows of tiles, bars; blocks of one width
``sections``  a block for each stage
``sheet``     all blocks as one picture, and the file
``lines``     plain text
``record``    JSON
"""

from car_video.io.explanations.lines import explanation_lines
from car_video.io.explanations.record import explanation_record
from car_video.io.explanations.sheet import draw_explanation, write_explanation

__all__ = ["draw_explanation", "explanation_lines", "explanation_record", "write_explanation"]
