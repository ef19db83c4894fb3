"""Models of open_clip: one pass per frame, Grad-CAM in closed form.

``names``         ``ARCHITECTURE:WEIGHTS`` taken apart, without importing open_clip
``loading``       networks with their weights
``factory``       the family that serves a network
``base``          text tower and input scaling, shared by all families
``vit``           ViT; ``vit_blocks`` its forward pass, ``vit_gradient`` its gradient by hand
``conv``          ResNet and ConvNeXt; ``conv_heads`` their pooling and its gradient
``autograd``      all other transformers, by automatic gradients
``positions``     positional embeddings on other grids
``layers``        layer norm and activations with their derivatives
"""
