"""The benchmarks, a file each.

``registry``          their names, as data: one line per benchmark
``base``              what a benchmark is, and what an item of it is
``results``           what it gives back: scores, tables, pictures
``ref_davis``         Ref-DAVIS 2017; ``davis_tables`` its tables and official CSV files
``expression_video``  what the benchmarks with a mask per expression of a video share;
                      ``expression_tables`` their tables
``ref_youtube_vos``   Ref-YouTube-VOS
``mevis``             MeViS, versions 1 and 2
``long_rvos``         Long-RVOS
``reason_vos``        ReasonVOS
``revos``             ReVOS and Ref-SAV
``vos``               DAVIS 2016, DAVIS 2017, YouTube-VOS; ``vos_tables`` their tables
``actor_action``      A2D-Sentences and JHMDB-Sentences
``refcoco``           RefCOCO, RefCOCO+, RefCOCOg; ``refcoco_tables`` their tables
``grefcoco``          gRefCOCO
``referring``         what these two share
``semantic``          VOC, Context, COCO Object, ADE20K
``passes``            a class map from a whole label space, for ``semantic``
"""

from .base import Benchmark, Item, Options
from .registry import REGISTRY, Entry, make_benchmark

__all__ = ["REGISTRY", "Benchmark", "Entry", "Item", "Options", "make_benchmark"]
