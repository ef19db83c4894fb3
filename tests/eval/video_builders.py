"""Small data sets of referring video segmentation in their true layouts: moving squares."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import av
import numpy as np
from car_video.eval.data import rle
from PIL import Image

from . import builders
from .builders import NAMES, save_image, save_labels, scene

FRAMES = tuple(f"{number:05d}" for number in range(4))
SIZE = (40, 64)


def labels_of(frame: int, objects: int) -> np.ndarray:
    """The label map of a frame; object 2 is there from frame 1 to 2 only."""
    labels = scene(*SIZE, frame, objects)[1]
    return np.where((labels == 2) & (frame in (0, 3)), 0, labels).astype(np.uint8)


def pictures(folder: Path, video: str, objects: int) -> None:
    for number, name in enumerate(FRAMES):
        image = scene(*SIZE, number, objects)[0]
        image[(scene(*SIZE, number, objects)[1] == 2) & (labels_of(number, objects) == 0)] = 128
        save_image(folder / video / f"{name}.jpg", image)


def mask_codes(objects: int, first: int = 0) -> dict[str, list]:
    """``mask_dict.json`` of a video: one list of codes per object, numbered from ``first``."""
    return {
        str(first + number): [
            rle.encode(mask)
            if (mask := labels_of(frame, objects) == number + 1).any()
            else None
            for frame in range(len(FRAMES))
        ]
        for number in range(objects)
    }


def write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def expression(text: str, masks: list[int], **more: object) -> dict:
    return {"exp": text, "obj_id": list(range(len(masks))), "anno_id": masks, **more}


def by_numbers(root: Path, meta: Path, kinds: tuple | None) -> Path:
    """Two videos, masks by number; expressions of one target, two, and none."""
    folder = root / "JPEGImages"
    videos, masks = {}, {}
    for place, name in enumerate(("v1", "v2")):
        pictures(folder, name, 2)
        first = 10 * place
        masks.update(mask_codes(2, first))
        texts = [
            ("a red square moving", [first]),
            ("the red and green squares", [first, first + 1]),
            ("the green square that comes and goes", [first + 1]),
            ("a flying elephant", []),
            ("the red elephant", []),
        ]
        kind = [{} if kinds is None else {"type_id": kinds[i]} for i in range(len(texts))]
        videos[name] = {
            "vid_id": place,
            "frames": list(FRAMES),
            "height": SIZE[0],
            "width": SIZE[1],
            "expressions": {
                str(i): expression(*text, **kind[i])
                for i, text in enumerate(texts)
                if kinds is None or kinds[i] is not None
            },
        }
    write(meta, {"videos": videos})
    write(root / "mask_dict.json", masks)
    return root


def mevis_v2(root: Path) -> Path:
    by_numbers(root / "valid_u", root / "valid_u/meta_expressions_v2.json", None)
    return root


def revos(root: Path) -> Path:
    by_numbers(root, root / "meta_expressions_valid_.json", (0, 1, 0, 2, 2))
    objects = [[rle.encode(labels_of(f, 2) == k) for k in (1, 2)] for f in range(len(FRAMES))]
    foreground = {name: {"masks_rle": objects} for name in ("v1", "v2")}
    write(root / "mask_dict_foreground.json", foreground)
    return root


def ref_sav(root: Path) -> Path:
    """With the pictures in folders; those of the movies are the same."""
    return by_numbers(root, root / "meta_expressions_valid.json", (0, 1, 1, None, None))


def long_rvos(root: Path) -> Path:
    """A folder per object; frames without it have no PNG."""
    base, videos = root / "valid", {}
    for name in ("v1", "v2"):
        pictures(base / "JPEGImages", name, 2)
        for frame, stem in enumerate(FRAMES):
            for number in (1, 2):
                mask = labels_of(frame, 2) == number
                if mask.any():
                    path = base / "Annotations" / name / str(number) / f"{stem}.png"
                    save_image(path, mask.astype(np.uint8) * 255)
        expressions = {
            str(i): {"exp": f"the {NAMES[k]} square", "obj_id": k + 1, "type": kind}
            for i, (k, kind) in enumerate(
                ((0, "static"), (1, "dynamic"), (1, "static+dynamic"))
            )
        }
        videos[name] = {"expressions": expressions, "frames": list(FRAMES)}
    write(base / "meta_expressions.json", {"videos": videos})
    return root


def reason_vos(root: Path) -> Path:
    """Masks in folders named after source, video and object; every second frame has one."""
    videos = {}
    for name, source in (("v1", "MOSE"), ("v_2", "BURST")):
        pictures(root / "JPEGImages", name, 2)
        for number in (1, 2):
            for frame in (0, 2):
                mask = labels_of(frame, 2) == number
                path = root / f"Annotations/{source}_{name}_{number}/{FRAMES[frame]}.png"
                save_image(path, mask.astype(np.uint8) * 255)
        videos[name] = {
            "source": source,
            "frames": list(FRAMES),
            "expressions": [
                {"obj_id": 1, "exp_id": 0, "exp_text": "what is red?", "is_sent": True},
                {"obj_id": 2, "exp_id": 1, "exp_text": "the green thing", "is_sent": False},
            ],
        }
    write(root / "meta_expressions.json", {"videos": videos})
    return root


def ref_youtube_vos(root: Path) -> Path:
    """The official tree, with the masks of the validation split."""
    flat = builders.youtube_vos(root / "valid")
    meta = root / "meta_expressions/valid/meta_expressions.json"
    meta.parent.mkdir(parents=True)
    (flat / "meta_expressions.json").rename(meta)
    return root


def spoil(truth: np.ndarray, seed: int) -> np.ndarray:
    """A prediction that is partly right: moved, with holes, missing and empty frames."""
    random = np.random.default_rng(seed)
    found = np.roll(truth, random.integers(-3, 4, 2), axis=(1, 2))
    found = found & (random.random(truth.shape) > 0.1)
    found[random.integers(0, len(found))] = 0
    if seed % 3 == 2:
        found[0, 5:9, 30:50] = 1
    return (found if seed % 4 else np.zeros_like(found)).astype(np.uint8)


def write_masks(folder: Path, frames: tuple[str, ...], masks: np.ndarray) -> None:
    """PNGs with 0 and 1, which every official reader understands."""
    for name, mask in zip(frames, masks, strict=True):
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask.astype(np.uint8)).save(folder / f"{name}.png")


def movies(root: Path) -> None:
    """Movies in place of the folders of pictures, one frame a picture."""
    for folder in sorted((root / "JPEGImages").iterdir()):
        movie(root / "videos" / folder.name / f"{folder.name}.mp4", sorted(folder.iterdir()))
    shutil.rmtree(root / "JPEGImages")


def movie(path: Path, pictures: list[Path]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt = SIZE[1], SIZE[0], "yuv420p"
        stream.bit_rate = 4_000_000
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(np.array(Image.open(picture)), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def coco_truth(path: Path, masks: dict[str, np.ndarray]) -> None:
    """Ground truth by image id in the form of MTTR."""
    images = [{"id": k, "height": m.shape[0], "width": m.shape[1]} for k, m in masks.items()]
    annotations = [
        {
            "id": number,
            "image_id": key,
            "category_id": 1,
            "segmentation": rle.encode(mask),
            "area": float(mask.sum()),
            "bbox": [0, 0, 1, 1],
            "iscrowd": 0,
        }
        for number, (key, mask) in enumerate(masks.items(), 1)
    ]
    categories = [{"id": 1, "name": "dummy_class"}]
    write(path, {"categories": categories, "images": images, "annotations": annotations})


def a2d_sentences(root: Path) -> Path:
    """Two movies; the second object is annotated on one frame only."""
    rows, masks = [], {}
    for name in ("_one", "two"):
        pictures(root / "made", name, 2)
        movie(root / f"Release/clips320H/{name}.mp4", sorted((root / "made" / name).iterdir()))
        for instance, frame in ((0, 1), (0, 3), (1, 3)):
            rows.append([f"The {NAMES[instance]}  square", name, frame, instance])
            truth = labels_of(frame - 1, 2) == instance + 1
            masks[f"v_{name}_f_{frame}_i_{instance}"] = truth
    shutil.rmtree(root / "made")
    write(root / "a2d_sentences_single_frame_test_annotations.json", rows)
    coco_truth(root / "a2d_sentences_test_annotations_in_coco_format.json", masks)
    return root


def jhmdb_sentences(root: Path) -> Path:
    """Two clips of pictures numbered from 1, three samples each."""
    rows, masks = [], {}
    for name, action in (("clip_a", "jump"), ("clip_b", "sit")):
        folder = root / "Rename_Images" / action / name
        for number in range(len(FRAMES)):
            save_image(folder / f"{number + 1:05d}.png", scene(*SIZE, number, 1)[0])
        for frame in (1, 2, 4):
            place = f"data/jhmdb_sentences/Rename_Images/{action}/{name}/{frame:05d}.png"
            rows.append([name, place, "puppet_mask.mat", len(FRAMES), "red square jumping"])
            masks[f"v_{name}_f_{frame}"] = labels_of(frame - 1, 1) == 1
    write(root / "jhmdb_sentences_samples_metadata.json", rows)
    coco_truth(root / "jhmdb_sentences_gt_annotations_in_coco_format.json", masks)
    return root


def davis_2016(root: Path) -> Path:
    """One object a video, 0 and 255, and a list of paths."""
    lines = []
    for name in ("s1", "s2"):
        for number, stem in enumerate(FRAMES):
            image, labels = scene(*SIZE, number, 1)
            save_image(root / f"JPEGImages/480p/{name}/{stem}.jpg", image)
            save_image(root / f"Annotations/480p/{name}/{stem}.png", labels * 255)
            lines.append(
                f"/JPEGImages/480p/{name}/{stem}.jpg /Annotations/480p/{name}/{stem}.png"
            )
    (root / "ImageSets/480p").mkdir(parents=True)
    (root / "ImageSets/480p/val.txt").write_text("\n".join(lines) + "\n")
    return root


def youtube_vos(root: Path, split: str = "valid", whole: bool = True) -> Path:
    """A seen and an unseen object, which comes in on frame 1; ``whole``: all annotations."""
    base, videos = root / split, {}
    for name in ("y1", "y2"):
        for number, stem in enumerate(FRAMES):
            image, labels = scene(*SIZE, number, 2)
            if number == 0:
                image[labels == 2], labels[labels == 2] = 128, 0
            save_image(base / f"JPEGImages/{name}/{stem}.jpg", image)
            if whole or number < 2:
                save_labels(base / f"Annotations/{name}/{stem}.png", labels)
        objects = {
            "1": {"category": "dog", "frames": list(FRAMES)},
            "2": {"category": "tractor", "frames": list(FRAMES[1:])},
        }
        videos[name] = {"objects": objects}
    write(base / "meta.json", {"videos": videos})
    return root
