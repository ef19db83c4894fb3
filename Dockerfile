# car-video in a container, for the CPU:
#
#     docker build -t car-video .
#     docker run --rm -v "$PWD:/data" car-video clip.mp4 --expr "the man in red"
#
# for NVIDIA's GPUs (torch brings CUDA; the host needs the NVIDIA Container Toolkit):
#
#     docker build -t car-video:cuda --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu126 .
#     docker run --rm --gpus all -v "$PWD:/data" car-video:cuda clip.mp4 --expr "the man in red"
#
# as a server (docs/serve.md); inside a container it has to listen on all addresses:
#
#     docker run --rm -p 127.0.0.1:8765:8765 -e CAR_VIDEO_TOKEN=... car-video serve --host 0.0.0.0
FROM python:3.11-slim
# The wheels on PyPI bring 5 GB of CUDA libraries that a CPU does not use.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN pip install --no-cache-dir torch torchvision --index-url "$TORCH_INDEX"
COPY pyproject.toml README.md LICENSE NOTICE /src/
COPY car_video /src/car_video
COPY configs /src/configs
COPY eval /src/eval
COPY docs/man /src/docs/man
RUN pip install --no-cache-dir "/src[densecrf,report,serve]" && rm -rf /src
RUN useradd --create-home user
USER user
WORKDIR /data
ENTRYPOINT ["car-video"]
CMD ["--help"]
