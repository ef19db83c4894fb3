"""The bundled model: ``model`` has its towers and loads its weights (docs/lite.md),
``noun_classes`` is the classifier of its trunk."""
