"""What else than torch computes image encoders: ONNX Runtime and OpenVINO, whole or in int8.

``catalog``     names and what they need installed, as data; needs no torch
``pictures``    frames that ship with the package, for checks and calibration
``processor``   what this machine computes with, in words
``kept``        what is made on first use and kept in the cache folder
``export``      an encoder as an ONNX file, compared with torch
``runtime``     what a back end has to offer
``onnx_runtime``      ONNX Runtime behind it
``openvino_runtime``  OpenVINO behind it
``building``    an encoder of a model by a back end, exported and quantised where it is not yet
``agreement``   IoU of masks with torch's
``measuring``   milliseconds a frame
``choice``      which back end computes which encoder: the one asked for, or the best measured
"""
