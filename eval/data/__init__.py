"""What benchmarks read and write: layouts of data sets, annotation files, predictions.

Everything that is wrong with a file is a :class:`~car_video.errors.DataError` of one line that
names it; nothing that cannot be read becomes an empty mask.

``files``              paths that stay inside their folder, what a folder holds, whole files
``images``             pictures and label maps in and out of files
``plain_png``          label maps from the simplest PNGs, quickly
``rle``                COCO's run-length codes and polygons
``safe_pickle``        pickles of plain data only
``videos``             sequences with ground truth: DAVIS, YouTube-VOS
``footage``            their pictures, from files or a movie
``expressions``        the expression files of Ref-DAVIS and Ref-YouTube-VOS
``truths``             ground truth of one expression over a video
``vos_sets``           DAVIS and YouTube-VOS with given masks
``actor_action``       A2D-Sentences and JHMDB-Sentences
``coco``               ``instances.json`` and class maps made of it
``refer``              RefCOCO, RefCOCO+, RefCOCOg, gRefCOCO
``semantic``           VOC, Context, COCO Object, ADE20K
``predictions``        masks of a sequence in any layout
``own_json``           of these, car-video's ``predictions.json``
``rle_records``        of these, a list of run-length records
``expression_masks``   masks of one expression over a video
``wanted``             what they must hold, and the values of a record
``image_predictions``  masks of single pictures in any layout
"""
