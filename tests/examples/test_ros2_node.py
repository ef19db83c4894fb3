"""The ROS 2 node against stand-ins of the ROS packages, which are not on PyPI."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from car_video.serve.messages import FrameLabel, answer_message
from car_video.types import FramePrediction

EXAMPLE = Path(__file__).parents[2] / "examples" / "ros2_node.py"


class Message(SimpleNamespace):
    """Any message of ROS."""


class StandInNode:
    """What the example uses of ``rclpy.node.Node``."""

    def __init__(self, name: str) -> None:
        self.published: dict[str, list[Message]] = {}
        self.warnings: list[str] = []

    def declare_parameter(self, name: str, value: object) -> Message:
        return Message(value=value)

    def create_publisher(self, kind: type, topic: str, depth: int) -> Message:
        return Message(publish=self.published.setdefault(topic, []).append)

    def create_subscription(self, *_: object) -> None:
        pass

    def get_logger(self) -> Message:
        return Message(warning=self.warnings.append, error=self.warnings.append)


class StandInSocket:
    """What has been sent; no answers by itself."""

    def __init__(self) -> None:
        self.sent: list[str | bytes] = []

    def send(self, message: str | bytes) -> None:
        self.sent.append(message)

    def __iter__(self):
        return iter(())


@pytest.fixture
def node(monkeypatch):
    ros = {
        "rclpy": {},
        "rclpy.node": {"Node": StandInNode},
        "rclpy.qos": {"qos_profile_sensor_data": None},
        "sensor_msgs": {},
        "sensor_msgs.msg": {"Image": Message, "CompressedImage": Message},
        "std_msgs": {},
        "std_msgs.msg": {"String": Message},
    }
    for name, values in ros.items():
        module = ModuleType(name)
        vars(module).update(values)
        monkeypatch.setitem(sys.modules, name, module)
    spec = importlib.util.spec_from_file_location("ros2_node", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    socket = StandInSocket()
    monkeypatch.setattr(example, "connect", lambda url, **options: socket)
    return example.CarVideoNode()


def camera(number: int) -> Message:
    header = Message(stamp=Message(sec=number, nanosec=500_000_000), frame_id="camera")
    return Message(header=header, data=bytes([number]))


def answer(number: int) -> str:
    masks = np.zeros((2, 3, 4), bool)
    masks[0, :, :2] = masks[1, :, 1:3] = True
    found = FramePrediction(
        number, 0.0, ("a", "b"), masks, np.array([0.9, 0.8], np.float32), np.ones(2, bool)
    )
    return answer_message(found, FrameLabel(number), 0.1, 0)


def test_pictures_go_out_with_their_stamp_and_masks_come_back_under_it(node):
    assert json.loads(node.socket.sent[0])["expressions"] == ["a person"]
    pictures = [camera(n) for n in range(3)]
    for one in pictures:
        node.on_picture(one)
    assert json.loads(node.socket.sent[3]) == {"frame": {"id": 1, "time": 1.5}}
    assert node.socket.sent[4] == b"\x01"
    for number in (0, 2):  # the second one was dropped
        node.on_answer(json.loads(answer(number)), answer(number))
    masks = node.published["mask"]
    assert [one.header for one in masks] == [pictures[0].header, pictures[2].header]
    labels = np.frombuffer(masks[0].data, np.uint8).reshape(masks[0].height, masks[0].width)
    np.testing.assert_array_equal(labels, [[1, 1, 2, 0]] * 3)
    assert json.loads(node.published["objects"][1].data)["id"] == 2
    assert node.headers == {}


def test_expressions_change_and_errors_are_warnings(node):
    node.on_expressions(Message(data="a dog\n\n a cat"))
    assert json.loads(node.socket.sent[-1])["expressions"] == ["a dog", " a cat"]
    node.on_picture(camera(0))
    node.on_answer({"type": "error", "message": "no picture", "id": 0}, "")
    assert node.warnings[-1] == "no picture"
    assert node.headers == {}
    assert node.published["mask"] == []
