"""What a segmenter keeps from frame to frame, to be stored and taken over.

``selection``    state per expression when expressions come, go or change places
``tensors``      state as flat tensors by name, and as bytes of a file
``description``  which segmenter a state is of
"""
