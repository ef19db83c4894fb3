"""car-video inside other tools. Each file stands for itself and needs the SDK of its tool.

``cvat``          an auto-annotation function for ``cvat-cli``
``label_studio``  predictions of a Label Studio ML back end
"""
