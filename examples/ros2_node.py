"""A ROS 2 node that asks ``car-video serve``: masks of what a topic's pictures show.

    car-video serve &
    python3 ros2_node.py --ros-args -p expressions:="['a person']" \
        -r image/compressed:=/camera/image_raw/compressed

Subscribes to ``image/compressed`` (sensor_msgs/CompressedImage, JPEG or PNG) and to
``expressions`` (std_msgs/String, one a line), which changes what is looked for. Publishes
``mask`` (sensor_msgs/Image, mono8, 0 background, k the k-th expression) and ``objects``
(std_msgs/String, the server's answer as JSON). Header and stamp of a mask are those of its
picture. Only the newest picture is answered, so that a slow machine lags behind by one frame at
most. Beside ROS 2 it needs numpy, ``websockets`` and ``pycocotools``.
"""

from __future__ import annotations

import json
import os
import threading

import numpy as np
import rclpy
from pycocotools import mask as coco
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


def label_map(answer: dict) -> np.ndarray:
    """uint8 [H, W]: 0 background, k where the mask of the k-th object is; the surer wins."""
    labels = np.zeros(answer["size"], np.uint8)
    order = sorted(enumerate(answer["objects"]), key=lambda one: (one[1]["score"], -one[0]))
    for place, found in order:
        labels[coco.decode(found["segmentation"]).astype(bool)] = place + 1
    return labels


class CarVideoNode(Node):
    """Pictures in, masks out."""

    def __init__(self) -> None:
        super().__init__("car_video")
        url = self.declare_parameter("url", "ws://127.0.0.1:8765/v1/segment").value
        expressions = self.declare_parameter("expressions", ["a person"]).value
        token = os.environ.get("CAR_VIDEO_TOKEN")
        headers = {"Authorization": f"Bearer {token}"} if token else None
        self.socket = connect(url, additional_headers=headers, ping_interval=None)
        self.headers: dict[int, object] = {}
        self.sent = 0
        self.masks = self.create_publisher(Image, "mask", 1)
        self.objects = self.create_publisher(String, "objects", 1)
        self.look_for(list(expressions))
        self.create_subscription(
            CompressedImage, "image/compressed", self.on_picture, qos_profile_sensor_data
        )
        self.create_subscription(String, "expressions", self.on_expressions, 1)
        threading.Thread(target=self.receive, daemon=True).start()

    def look_for(self, expressions: list[str]) -> None:
        """Change what is looked for."""
        self.socket.send(json.dumps({"expressions": expressions, "keep": "newest"}))

    def on_expressions(self, message: String) -> None:
        """A line an expression."""
        self.look_for([line for line in message.data.splitlines() if line.strip()])

    def on_picture(self, message: CompressedImage) -> None:
        """Send a picture on, as it is."""
        stamp = message.header.stamp
        self.headers[self.sent] = message.header
        label = {"id": self.sent, "time": stamp.sec + stamp.nanosec * 1e-9}
        self.socket.send(json.dumps({"frame": label}))
        self.socket.send(bytes(message.data))
        self.sent += 1

    def receive(self) -> None:
        """Publish answers until the server closes."""
        try:
            for text in self.socket:
                self.on_answer(json.loads(text), text)
        except ConnectionClosed:
            pass
        finally:
            self.get_logger().error("no more answers come; start the node again")

    def on_answer(self, answer: dict, text: str) -> None:
        """Publish one answer under the header of its picture."""
        if answer["type"] == "error":
            self.headers.pop(answer.get("id"), None)
            self.get_logger().warning(answer["message"])
        if answer["type"] != "answer":
            return
        header = self.headers.pop(answer["id"])
        for number in list(self.headers):  # pictures come in from another thread
            if number < answer["id"]:
                del self.headers[number]  # dropped: a newer picture took its place
        labels = label_map(answer)
        mask = Image(header=header, encoding="mono8", is_bigendian=0)
        mask.height, mask.width = labels.shape
        mask.step = mask.width
        mask.data = labels.tobytes()
        self.masks.publish(mask)
        self.objects.publish(String(data=text))


def main() -> None:
    rclpy.init()
    node = CarVideoNode()
    try:
        rclpy.spin(node)
    except KeyboardInterrupt:
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
