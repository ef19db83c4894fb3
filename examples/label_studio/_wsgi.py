"""What ``label-studio-ml start`` runs."""

from __future__ import annotations

import os

from label_studio_ml.api import init_app
from model import CarVideo

app = init_app(model_class=CarVideo)

if __name__ == "__main__":
    app.run(host=os.environ.get("HOST", "127.0.0.1"), port=int(os.environ.get("PORT", "9090")))
