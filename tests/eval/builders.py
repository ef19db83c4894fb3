"""Small data sets on disk with exact ground truth: coloured squares on grey."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
from car_video.eval.data import rle
from PIL import Image

from car_video.io.label_outputs.panoptic_png import rgb_of_ids

from .fakes import COLOURS

NAMES = list(COLOURS)


def scene(height: int, width: int, step: int, objects: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture with up to three squares, moved by ``step``, and its label map."""
    image = np.full((height, width, 3), 128, np.uint8)
    labels = np.zeros((height, width), np.uint8)
    for number in range(objects):
        top, left = 4 + 3 * number + step, 3 + 16 * number + step
        image[top : top + 12, left : left + 12] = COLOURS[NAMES[number]]
        labels[top : top + 12, left : left + 12] = number + 1
    return image, labels


def save_labels(path: Path, labels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(labels.astype(np.uint8), "L")
    image.putpalette([i for i in range(256) for _ in range(3)])
    image.save(path)


def save_image(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path, format="PNG" if path.suffix == ".png" else None)


def davis(
    root: Path,
    sequences: dict[str, int] | None = None,
    frames: int = 5,
    annotators: tuple[str, ...] = ("annot1",),
    heights: dict[str, int] | None = None,
) -> Path:
    """A DAVIS-2017 tree: sequence name -> number of objects."""
    sequences = {"one": 1, "two": 2, "three": 3} if sequences is None else sequences
    for name, objects in sequences.items():
        height = (heights or {}).get(name, 40)
        for frame in range(frames):
            image, labels = scene(height, 64, frame, objects)
            save_image(root / f"JPEGImages/480p/{name}/{frame:05d}.png", image)
            save_labels(root / f"Annotations/480p/{name}/{frame:05d}.png", labels)
    lists = root / "ImageSets/2017"
    lists.mkdir(parents=True)
    (lists / "val.txt").write_text("\n".join(sequences) + "\n")
    texts = root / "davis_text_annotations"
    texts.mkdir()
    for annotator in annotators:
        lines = [
            f'{name} {number + 1} "a {NAMES[number]} square"'
            for name, objects in sequences.items()
            for number in range(objects)
        ]
        (texts / f"Davis17_{annotator}.txt").write_text("\n".join(lines) + "\n")
    return root


def youtube_vos(root: Path, truth: bool = True) -> Path:
    """Flat Ref-YouTube-VOS form with two videos and three expressions."""
    videos = {}
    for name, objects in (("v1", 2), ("v2", 1)):
        for frame in range(4):
            image, labels = scene(40, 64, frame, objects)
            save_image(root / f"JPEGImages/{name}/{frame:05d}.png", image)
            if truth:
                save_labels(root / f"Annotations/{name}/{frame:05d}.png", labels)
        videos[name] = {
            "frames": [f"{frame:05d}" for frame in range(4)],
            "expressions": {
                str(i): {"exp": f"the {NAMES[i]} square", "obj_id": str(i + 1)}
                for i in range(objects)
            },
        }
    (root / "meta_expressions.json").write_text(json.dumps({"videos": videos}))
    return root


def polygon(mask: np.ndarray) -> list[list[float]]:
    """The polygon of a square mask."""
    rows, columns = np.nonzero(mask)
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    return [[float(v) for v in (left, top, right, top, right, bottom, left, bottom)]]


def coco_instances(labels: np.ndarray, image_id: int, categories: dict[int, int]) -> list[dict]:
    """COCO annotations of a label map; categories: label -> COCO category."""
    return [
        {
            "id": image_id * 10 + label,
            "image_id": image_id,
            "category_id": category,
            "iscrowd": 0,
            "area": float((labels == label).sum()),
            "bbox": [0, 0, 1, 1],
            "segmentation": polygon(labels == label),
        }
        for label, category in categories.items()
    ]


def refer(root: Path, dataset: str = "refcoco", pictures: int = 3) -> Path:
    """REFER's official form: ``refs(unc).p`` and ``instances.json`` in a folder per set."""
    images, annotations, refs = [], [], []
    for number in range(1, pictures + 1):
        image, labels = scene(40, 64, number, 3)
        name = f"COCO_train2014_{number:012d}.png"
        save_image(root / dataset / "images" / name, image)
        images.append({"id": number, "file_name": name, "height": 40, "width": 64})
        annotations += coco_instances(labels, number, {1: 1, 2: 2, 3: 3})
        for label in (1, 2):
            ref = number * 10 + label
            sentences = [
                {"sent_id": ref * 10 + i, "raw": text, "sent": text.lower(), "tokens": []}
                for i, text in enumerate((f"The {NAMES[label - 1].upper()} square", "thing"))
            ]
            refs.append(
                {
                    "ref_id": ref,
                    "ann_id": ref,
                    "image_id": number,
                    "category_id": label,
                    "split": "train" if number == pictures else "val",
                    "file_name": name,
                    "sentences": sentences,
                    "sent_ids": [s["sent_id"] for s in sentences],
                }
            )
    data = {"images": images, "annotations": annotations, "categories": []}
    (root / dataset / "instances.json").write_text(json.dumps(data))
    with (root / dataset / "refs(unc).p").open("wb") as file:
        pickle.dump(refs, file, protocol=2)
    return root


def grefer(root: Path) -> Path:
    """gRefCOCO: one target, two targets, none."""
    image, labels = scene(40, 64, 1, 2)
    save_image(root / "images/COCO_train2014_000000000001.png", image)
    data = {
        "images": [
            {"id": 1, "file_name": "COCO_train2014_000000000001.png", "height": 40, "width": 64}
        ],
        "annotations": coco_instances(labels, 1, {1: 1, 2: 2}),
        "categories": [],
    }
    refs = [
        ([11], "red square", False),
        ([11, 12], "the red and green squares", False),
        ([-1], "an elephant", True),
        ([-1], "the red elephant", True),
    ]
    entries = [
        {
            "ref_id": i,
            "image_id": 1,
            "split": "val",
            "ann_id": annotation,
            "no_target": none,
            "category_id": [1],
            "sentences": [{"sent_id": 100 + i, "raw": text, "sent": text}],
        }
        for i, (annotation, text, none) in enumerate(refs)
    ]
    (root / "grefs(unc).json").write_text(json.dumps(entries))
    (root / "instances.json").write_text(json.dumps(data))
    return root


def voc(root: Path, pictures: int = 3) -> Path:
    """A VOC2012 tree with classes 1 and 2 and a border of ignored pixels."""
    for number in range(pictures):
        image, labels = scene(40, 64, number, 2)
        labels[0] = 255
        save_image(root / f"JPEGImages/p{number}.jpg", image)
        save_labels(root / f"SegmentationClass/p{number}.png", labels)
    lists = root / "ImageSets/Segmentation"
    lists.mkdir(parents=True)
    (lists / "val.txt").write_text("".join(f"p{number}\n" for number in range(pictures)))
    return root


def ade(root: Path, pictures: int = 2) -> Path:
    """ADE20K's tree with classes 1 and 2."""
    for number in range(pictures):
        image, labels = scene(40, 64, number, 2)
        save_image(root / f"images/validation/ADE_val_{number:08d}.jpg", image)
        save_labels(root / f"annotations/validation/ADE_val_{number:08d}.png", labels)
    return root


def panoptic(
    root: Path,
    annotation: str,
    labels: str,
    picture: str,
    categories: tuple[int, int, int],
    pictures: int = 2,
) -> list[dict]:
    """Two squares and what is around them in COCO's panoptic form.

    Args:
        root: of the data set.
        annotation: JSON file.
        labels, picture: names of PNG and picture with ``{}`` for the picture's name.
        categories: of the squares, and of the rest.
    """
    images, annotations = [], []
    for number in range(pictures):
        image, found = scene(40, 64, number, 2)
        name = f"city_{number:06d}"
        save_image(root / picture.format(name), image)
        ids = np.where(found == 0, 70_000, found).astype(np.int32)
        ids[:2] = 0
        save_image(root / labels.format(name), rgb_of_ids(ids))
        images.append({"id": name, "file_name": Path(picture.format(name)).name})
        segments = [
            {
                "id": identity,
                "category_id": category,
                "area": int((ids == identity).sum()),
                "iscrowd": 0,
            }
            for identity, category in zip((1, 2, 70_000), categories, strict=True)
        ]
        annotations.append(
            {
                "image_id": name,
                "file_name": Path(labels.format(name)).name,
                "segments_info": segments,
            }
        )
    kinds = [{"id": c, "isthing": int(n < 2)} for n, c in enumerate(categories)]
    data = {"images": images, "annotations": annotations, "categories": kinds}
    (root / annotation).parent.mkdir(parents=True, exist_ok=True)
    (root / annotation).write_text(json.dumps(data))
    return annotations


def panoptic_instances(root: Path, path: str, categories: tuple[int, int]) -> None:
    """``instances.json`` of the same pictures."""
    images, annotations = [], []
    for number in range(2):
        _, labels = scene(40, 64, number, 2)
        name = f"city_{number:06d}.jpg"
        images.append({"id": number + 1, "file_name": name, "height": 40, "width": 64})
        annotations += coco_instances(
            labels, number + 1, dict(zip((1, 2), categories, strict=True))
        )
    data = {"images": images, "annotations": annotations, "categories": []}
    (root / path).write_text(json.dumps(data))


def ade_panoptic(root: Path) -> Path:
    """ADE20K: bed and windowpane before a wall."""
    panoptic(
        root, "ade20k_panoptic_val.json", "ade20k_panoptic_val/{}.png",
        "images/validation/{}.jpg", (7, 8, 0),
    )  # fmt: skip
    for number in range(2):
        _, labels = scene(40, 64, number, 2)
        classes = np.array([1, 8, 9], np.uint8)[labels]
        save_labels(root / f"annotations/validation/city_{number:06d}.png", classes)
    panoptic_instances(root, "ade20k_instance_val.json", (7, 8))
    return root


def coco_panoptic(root: Path) -> Path:
    """COCO: a person and a bicycle before a banner."""
    panoptic(
        root, "annotations/panoptic_val2017.json", "annotations/panoptic_val2017/{}.png",
        "val2017/{}.jpg", (1, 2, 92),
    )  # fmt: skip
    panoptic_instances(root, "annotations/instances_val2017.json", (1, 2))
    return root


def cityscapes(root: Path) -> Path:
    """Cityscapes: a person and a rider on a road."""
    panoptic(
        root, "gtFine/cityscapes_panoptic_val.json",
        "gtFine/cityscapes_panoptic_val/{}_gtFine_panoptic.png",
        "leftImg8bit/val/city/{}_leftImg8bit.png", (24, 25, 7),
    )  # fmt: skip
    (root / "gtFine/val/city").mkdir(parents=True)
    for number in range(2):
        _, labels = scene(40, 64, number, 2)
        numbers = np.array([7, 24_000, 25_000], np.uint16)[labels]
        name = f"city_{number:06d}_gtFine_instanceIds.png"
        Image.fromarray(numbers).save(root / "gtFine/val/city" / name)
    return root


def mapillary(root: Path) -> Path:
    """Mapillary Vistas: a bird and an animal on a curb."""
    panoptic(
        root, "validation/panoptic/panoptic_2018.json", "validation/panoptic/{}.png",
        "validation/images/{}.jpg", (1, 2, 3),
    )  # fmt: skip
    return root


def wide_classes(root: Path) -> Path:
    """Class maps of 16 bits, as ADE20K-847 and PASCAL Context 459 have them."""
    for number in range(2):
        image, labels = scene(40, 64, number, 2)
        save_image(root / f"images/validation/a{number}.jpg", image)
        classes = np.array([65_535, 0, 1], np.uint16)[labels]
        (root / "annotations/validation").mkdir(parents=True, exist_ok=True)
        Image.fromarray(classes).save(root / f"annotations/validation/a{number}.tif")
    return root


def coco_object(root: Path, pictures: int = 2) -> Path:
    """COCO's ``instances.json`` with persons and bicycles."""
    images, annotations = [], []
    for number in range(1, pictures + 1):
        image, labels = scene(40, 64, number, 2)
        save_image(root / f"images/{number:012d}.png", image)
        images.append(
            {"id": number, "file_name": f"{number:012d}.png", "height": 40, "width": 64}
        )
        annotations += coco_instances(labels, number, {1: 1, 2: 2})
    categories = [{"id": 1, "name": "person"}, {"id": 2, "name": "bicycle"}]
    data = {"images": images, "annotations": annotations, "categories": categories}
    (root / "instances.json").write_text(json.dumps(data))
    return root


def mevis(root: Path, anno_ids: tuple[int, ...] = (0, 1)) -> Path:
    """valid_u with RLE masks: one expression for both squares, one for none."""
    data = youtube_vos(root / "valid_u", truth=False)
    meta = json.loads((data / "meta_expressions.json").read_text())
    masks: dict[str, list] = {"0": [], "1": []}
    for frame in range(4):
        _, labels = scene(40, 64, frame, 2)
        masks["0"].append(rle.encode(labels == 1))
        masks["1"].append(rle.encode(labels == 2) if frame else None)
    expressions = {
        "0": {"exp": "a red square moving", "obj_id": [0], "anno_id": [0]},
        "1": {"exp": "red and green squares", "obj_id": [0, 1], "anno_id": list(anno_ids)},
        "2": {"exp": "a flying elephant", "obj_id": [], "anno_id": []},
    }
    frames = meta["videos"]["v1"]["frames"]
    videos = {"v1": {"expressions": expressions, "frames": frames}}
    (data / "meta_expressions.json").write_text(json.dumps({"videos": videos}))
    (data / "mask_dict.json").write_text(json.dumps(masks))
    return root


def context(root: Path) -> Path:
    """A VOC2010 tree as MMSegmentation's conversion of PASCAL Context makes it."""
    for number in range(2):
        image, labels = scene(40, 64, number, 2)
        save_image(root / f"JPEGImages/p{number}.jpg", image)
        save_labels(root / f"SegmentationClassContext/p{number}.png", labels)
    lists = root / "ImageSets/SegmentationContext"
    lists.mkdir(parents=True)
    (lists / "val.txt").write_text("p0\np1\n")
    return root
