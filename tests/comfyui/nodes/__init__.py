"""Nodes for the tests alone: a VIDEO that was trimmed or cropped in the graph, as newer versions of ComfyUI make it.

The trap is in both: the stream is still that of the whole file. The older ComfyUI of the tests has no such nodes.
"""

import av
from comfy_api.latest import ComfyExtension, InputImpl, io


def write_part(source, path, size=None, seconds=None):
    """The upper left corner of `size`, or the first seconds."""
    with av.open(source) as old, av.open(path, "w") as new:
        stream = new.add_stream("libx264", rate=old.streams.video[0].average_rate, options={"crf": "0"})
        frames = [f.to_ndarray(format="rgb24") for f in old.decode(video=0) if seconds is None or f.time < seconds]
        stream.width, stream.height = size or (frames[0].shape[1], frames[0].shape[0])
        for frame in frames:
            corner = frame[: stream.height, : stream.width].copy()
            new.mux(stream.encode(av.VideoFrame.from_ndarray(corner, "rgb24")))
        new.mux(stream.encode(None))


class Trimmed(InputImpl.VideoFromFile):
    def __init__(self, file, start, length):
        super().__init__(file)
        self._window = (start, length)

    def get_active_trim_window(self):
        return self._window

    def get_duration(self):
        start, length = self._window
        return length or super().get_duration() - start


class Cropped(InputImpl.VideoFromFile):
    """One that tells nothing but its size, and can be written."""

    def __init__(self, file, width, height):
        super().__init__(file)
        self._size = (width, height)

    def get_dimensions(self):
        return self._size

    def save_to(self, path, **_):
        write_part(self.get_stream_source(), path, size=self._size)


class Shortened(InputImpl.VideoFromFile):
    """One that is shorter than its file and does not say where it begins."""

    def get_duration(self):
        return super().get_duration() / 2

    def save_to(self, path, **_):
        write_part(self.get_stream_source(), path, seconds=self.get_duration())


class TestChange(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        ways = io.Combo.Input("way", options=["trim", "crop", "shorten"])
        return io.Schema(
            node_id="TestChange", category="test", inputs=[io.Video.Input("video"), ways], outputs=[io.Video.Output()]
        )

    @classmethod
    def execute(cls, video, way):
        file = video.get_stream_source()
        if way == "trim":
            return io.NodeOutput(Trimmed(file, 0.5, 1.0))
        return io.NodeOutput(Cropped(file, 96, 64) if way == "crop" else Shortened(file))


class Extension(ComfyExtension):
    async def get_node_list(self):
        return [TestChange]


async def comfy_entrypoint():
    return Extension()
