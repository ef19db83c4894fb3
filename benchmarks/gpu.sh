#!/usr/bin/env bash
# What a machine with a CUDA GPU has to show, in under four minutes: the device tests, then times.
# Run from the repository's root:  benchmarks/gpu.sh [FOLDER with the frames of a clip [EXPR ...]]
# The expressions should name what is in the clip.
set -uo pipefail
cd "$(dirname "$0")/.."
python -m pytest -q -p no:cacheprovider tests/test_devices.py -k cuda
tests=$?
python -m benchmarks.gpu --compiled ${1:+--frames "$1"} ${2:+--expr "${@:2}"}
times=$?
exit $((tests || times))
