"""The page in widgets of gradio, and which of them does what."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable
from importlib.resources import files
from typing import Any

import gradio as gr

from car_video.page.downloads import choices
from car_video.page.outbox import Outbox, next_number
from car_video.page.pages import Pages, Reply
from car_video.page.session import Session

PRESET_WORDS = {
    "default": "normal",
    "fast": "a little faster",
    "best": "careful, three times as slow",
}
Values = dict[Any, Any]
"""What widgets are given; the others stay as they are."""
PATIENCE = 20.0
"""Seconds after which a page that has asked for replies is told that there are none; less than
``LOST`` of ``ears.js``."""
OTHER = "Another video or picture"
_EVENT: dict[str, Any] = {
    "show_progress": "hidden",
    "concurrency_limit": None,
    "trigger_mode": "multiple",  # else what is done while an answer is awaited would be lost
    "api_visibility": "private",
}


def asset(name: str) -> str:
    """A script or style sheet of the page."""
    return (files("car_video.page") / "assets" / name).read_text(encoding="utf-8")


def theme() -> gr.Theme:
    """Calm colours, and fonts that every computer has: none is fetched."""
    return gr.themes.Base(
        primary_hue="teal",
        neutral_hue="slate",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )


class Interface:
    """The widgets of the page, and their wiring.

    Args:
        pages: what happens.

    Attributes:
        blocks: of gradio, to be launched.
    """

    def __init__(self, pages: Pages) -> None:
        self._pages, self._sessions = pages, pages.sessions
        with gr.Blocks(title="car-video", analytics_enabled=False) as self.blocks:
            self._build()
            self._nothing: Values = dict.fromkeys(self._outputs(), gr.skip())
            self._wire()

    # --- widgets ------------------------------------------------------------------------

    def _build(self) -> None:
        self.head = gr.HTML(
            "<h1>car-video</h1><p>Masks of what a sentence names, in a video or a picture. "
            "Nothing leaves the computer that runs this.</p>",
            elem_id="head",
            js_on_load=f"{asset('keys.js')}\n{asset('folder.js')}",
        )
        with gr.Accordion("Video or picture", open=True, elem_id="source") as self.source:
            with gr.Row(equal_height=True):
                self.upload = gr.File(
                    label="Drop a video, pictures, a folder of pictures, or a saved project",
                    file_count="multiple",
                    height=130,
                    scale=3,
                    elem_id="upload",
                )
                with gr.Column(scale=1, min_width=200):
                    self.example = gr.Button(
                        "Try the example",
                        size="md",
                        visible=self._pages.example_clip is not None,
                        elem_id="example",
                    )
                    self.folder = gr.UploadButton(
                        "Choose a folder", file_count="directory", size="md", elem_id="folder"
                    )
                    self.camera_open = gr.Button(
                        "Use the camera", size="md", elem_id="camera-open"
                    )
            self.camera = gr.Video(
                sources=["webcam"], label="Record a short clip", visible=False, height=300
            )
        self.message = gr.HTML(elem_id="message")
        self.ears = gr.HTML(js_on_load=asset("ears.js"), elem_id="ears")
        with gr.Row(visible=False, elem_id="work") as self.work:
            with gr.Column(scale=3, min_width=320):
                self._build_frame()
            with gr.Column(scale=1, min_width=280):
                self._build_tools()

    def _build_frame(self) -> None:
        self.text = gr.Textbox(
            label="What to look for",
            placeholder="the dog, the woman in red, …",
            submit_btn="Look",
            max_length=300,
            elem_id="text",
        )
        self.chips = self._part("chips", "chips.js", "choose", "drop")
        self.stage = self._part("stage", "stage.js", "point", "box", "step")
        with gr.Row(equal_height=True) as self.transport:
            self.before = gr.Button("◀", min_width=48, scale=0, elem_id="before")
            self.slider = gr.Slider(
                0, 1, 0, step=1, label="Frame", scale=6, min_width=160, elem_id="slider"
            )
            self.after = gr.Button("▶", min_width=48, scale=0, elem_id="after")
        self.timeline = self._part("timeline", "timeline.js", "seek")
        self.weakest = gr.Button("Where is it weakest?", size="sm", elem_id="weakest")

    def _build_tools(self) -> None:
        self.run = gr.Button("Run the whole clip", variant="primary", size="md", elem_id="run")
        self.cancel = gr.Button(
            "Cancel", variant="stop", size="md", visible=False, elem_id="cancel"
        )
        with gr.Accordion("Options of the run", open=False):
            presets = list(self._sessions.engine.presets)
            self.preset = gr.Radio(
                [(PRESET_WORDS.get(name, name), name) for name in presets],
                value=presets[0],
                label="How carefully",
                visible=len(presets) > 1,
            )
            self.assumed = gr.Checkbox(
                self._sessions.engine.first.assume_present,
                label="What I look for is there at some time",
                visible=not self._sessions.engine.always_assumes,
                elem_id="assumed",
            )
            with gr.Row():
                self.start = gr.Number(None, label="From second", min_width=80)
                self.end = gr.Number(None, label="To second", min_width=80)
                self.stride = gr.Number(
                    1, label="Every n-th frame", minimum=1, precision=0, min_width=80
                )
        self.others = self._part("others", "chips.js", "take")
        with gr.Row():
            self.absent = gr.Button(
                "It is not here", size="sm", min_width=100, elem_id="absent"
            )
            self.forget = gr.Button(
                "As it was found", size="sm", min_width=100, elem_id="forget"
            )
        self.carry = gr.Button(
            "Carry corrections on", size="sm", variant="primary", elem_id="carry"
        )
        with gr.Row():
            self.undo = gr.Button("Undo", size="sm", min_width=80, elem_id="undo")
            self.redo = gr.Button("Redo", size="sm", min_width=80, elem_id="redo")
        with gr.Accordion("Download", open=False, elem_id="downloads"):
            self.format = gr.Dropdown(
                choices(), value=choices()[0][1], label="What", elem_id="format"
            )
            self.soft = gr.Checkbox(False, label="Soft edges, for mattes")
            self.fetch = gr.Button("Download", size="md", elem_id="download")
            self.save = gr.Button("Save project", size="md", elem_id="save")
            self.link = self._part("link", "download.js")
        with gr.Accordion("The same without the page", open=False):
            self.commands = gr.Textbox(
                label="Command",
                info="The clip and the files with corrections are in the saved project.",
                lines=2,
                interactive=False,
                buttons=["copy"],
                elem_id="commands",
            )

    @staticmethod
    def _part(name: str, script: str, *events: str) -> gr.HTML:
        """A part of our own: HTML that Python writes, and a script with these events."""
        text = f"{asset('keep_focus.js')}\n{asset(script)}"
        assert all(f"'{event}'" in text for event in events)
        return gr.HTML(elem_id=name, js_on_load=text, apply_default_css=False)

    # --- wiring -------------------------------------------------------------------------

    def _wire(self) -> None:
        pages, event, data = self._pages, self._on, self._with_data
        event(self.upload.upload, pages.open, self.upload)
        event(self.folder.upload, pages.open_folder, self.folder)
        data(self.head.nothing, lambda s, e: pages.open_folder(s, []))
        event(self.example.click, pages.example)
        # As it is recorded: gradio would call ffmpeg, which need not be there, to mirror it.
        event(
            self.camera.stop_recording,
            lambda s, recorded: pages.open(s, _paths(recorded)),
            self.camera,
            preprocess=False,
        )
        self.camera_open.click(lambda: gr.update(visible=True), None, self.camera, **_EVENT)
        event(self.text.submit, pages.add, self.text)
        data(self.chips.choose, lambda s, e: pages.choose(s, int(e.number)))
        data(self.chips.drop, lambda s, e: pages.drop(s, int(e.number), str(e.text)))
        data(self.others.take, lambda s, e: pages.take(s, int(e.number)))
        data(self.timeline.seek, lambda s, e: pages.seek(s, int(e.frame), int(e.number)))
        data(
            self.stage.point,
            lambda s, e: pages.point(s, e.x, e.y, bool(e.positive), int(e.frame)),
        )
        data(
            self.stage.box,
            lambda s, e: pages.box(s, (e.x, e.y, e.width, e.height), int(e.frame)),
        )
        data(self.stage.step, lambda s, e: pages.seek(s, s.current + int(e.by)))
        event(self.slider.input, self._moved, self.slider, trigger_mode="always_last")
        event(self.before.click, lambda s: pages.seek(s, s.current - 1))
        event(self.after.click, lambda s: pages.seek(s, s.current + 1))
        event(self.weakest.click, pages.weakest)
        frames = self.start, self.end, self.stride
        event(self.run.click, pages.run, self.preset, *frames, self.assumed)
        event(self.cancel.click, pages.cancel)
        event(self.absent.click, pages.absent)
        event(self.forget.click, pages.forget)
        event(self.carry.click, pages.carry)
        event(self.undo.click, pages.undo)
        event(self.redo.click, pages.redo)
        event(self.fetch.click, pages.download, self.format, self.soft)
        event(self.save.click, pages.save)
        self.blocks.load(self._begin, None, self._outputs(), **_EVENT)
        self.ears.more(self._listen, None, self._outputs(), **_EVENT)
        self.blocks.unload(self._left)

    def _left(self, request: gr.Request) -> None:
        """The page was closed or loaded anew."""
        self._sessions.drop(str(request.session_hash))

    def _on(
        self,
        listener: Callable[..., Any],
        action: Callable[..., Iterable[Reply]],
        *inputs: Any,
        **options: Any,
    ) -> None:
        """Let an event of a widget be answered by an action."""

        def act(request: gr.Request, *given: Any) -> None:
            session = self._sessions.of(str(request.session_hash))
            _send(session, action(session, *given))

        listener(act, list(inputs), None, **{**_EVENT, **options})

    def _with_data(
        self, listener: Callable[..., Any], action: Callable[..., Iterable[Reply]]
    ) -> None:
        """The same for a part of our own, whose events say something."""

        def act(request: gr.Request, event: gr.EventData) -> None:
            session = self._sessions.of(str(request.session_hash))
            _send(session, action(session, event))

        listener(act, None, None, **_EVENT)

    def _moved(self, session: Session, frame: int) -> Iterable[Reply]:
        """The slider was moved, and stands where a person has put it."""
        session.outbox.frame = frame
        return self._pages.seek(session, frame)

    async def _begin(self, request: gr.Request) -> Values:
        """A page was opened."""
        self._sessions.of(str(request.session_hash))
        return await self._listen(request)

    async def _listen(self, request: gr.Request) -> Values:
        """What is new for a page, which asks again when it has that."""
        session = self._sessions.known(str(request.session_hash))
        if session is None:  # the last question of a page that was closed meanwhile
            return self._nothing
        outbox = session.outbox
        coming = await outbox.take(PATIENCE)
        if coming is None:
            return self._nothing
        typed = [reply.typed for reply, _ in coming if reply.typed]
        values = self._nothing | {self.ears: _heard(typed)}
        for reply, _ in coming:
            values |= self._done(reply)
        shown = [reply for reply, newest in coming if newest]
        return values | self._shown(shown[-1], outbox) if shown else values

    def _outputs(self) -> list[Any]:
        return [
            *(self.message, self.source, self.work, self.stage, self.chips),
            *(self.others, self.timeline, self.slider, self.transport, self.weakest),
            *(self.run, self.cancel, self.absent, self.forget, self.carry, self.undo),
            *(self.redo, self.fetch, self.save, self.link, self.commands),
            *(self.camera, self.ears),
        ]

    def _shown(self, reply: Reply, outbox: Outbox[Reply]) -> Values:
        """Values of a reply that is newer than what the page shows."""
        view = reply.view
        several = view.last > 0
        asks = view.can_run
        slider = {"maximum": max(1, view.last), "label": view.place}
        if view.frame != outbox.frame:  # else a hand that moves it would be put back
            outbox.frame = slider["value"] = view.frame
        return {
            self.message: reply.message,
            self.work: gr.update(visible=view.opened),
            self.stage: view.stage,
            self.chips: view.chips,
            self.others: view.others,
            self.timeline: view.timeline,
            self.slider: gr.update(**slider),
            self.transport: gr.update(visible=several),
            self.weakest: gr.update(visible=several and view.has_answers),
            self.run: gr.update(
                value=view.run, interactive=view.can_run, visible=not view.busy
            ),
            self.cancel: gr.update(visible=view.busy),
            self.absent: gr.update(interactive=asks),
            self.forget: gr.update(interactive=view.can_forget),
            self.carry: gr.update(interactive=view.can_carry, visible=several),
            self.undo: gr.update(interactive=view.can_undo),
            self.redo: gr.update(interactive=view.can_redo),
            self.fetch: gr.update(interactive=view.has_answers),
            self.save: gr.update(interactive=view.opened and not view.busy),
            self.commands: view.commands,
        }

    def _done(self, reply: Reply) -> Values:
        """What only this reply says, so that it is told even after newer ones."""
        values: Values = {self.link: reply.download} if reply.download else {}
        if reply.opened:
            values[self.source] = gr.update(open=False, label=OTHER)
            values[self.camera] = gr.update(value=None, visible=False)
        return values


def _heard(typed: Iterable[str]) -> str:
    """HTML that is new every time, with the words that were taken."""
    taken = "".join(f'<i data-typed="{html.escape(words)}"></i>' for words in typed)
    return f'<i data-number="{next_number()}"></i>{taken}'


def _send(session: Session, replies: Iterable[Reply]) -> None:
    for reply in replies:
        session.outbox.put(reply, reply.view.number)


def _paths(recorded: Any) -> list[str]:
    """Where a recording of the browser has been put, as gradio says it."""
    held = recorded if isinstance(recorded, dict) else {}
    held = held["video"] if isinstance(held.get("video"), dict) else held
    return [str(held["path"])] if held.get("path") else []
