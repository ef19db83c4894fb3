"""``View``: everything that the page shows, as text and numbers; no widget has a part in it."""

from __future__ import annotations

import html
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np

from car_video.io.palette import overlay_colours
from car_video.page import words
from car_video.page.drawing import colours, frame_url, thumbnail_url
from car_video.page.outbox import next_number
from car_video.page.session import Session
from car_video.page.timeline import timeline_svg
from car_video.types import Alternative, Frame, FramePrediction

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True)
class View:
    """What the page shows.

    Attributes:
        number: of views that were made later are larger.
        opened: there is a clip.
        stage: HTML of the frame with its masks, clicks and box.
        chips: HTML of the expressions.
        others: HTML of the alternatives.
        timeline: HTML of the timeline.
        frame: index of the frame.
        last: index of the last one.
        place: of the frame in the clip, in words.
        busy: something is under way.
        can_run: there is something to look for.
        run: what the button for it says.
        can_carry: something is corrected that other frames do not know.
        can_forget: something is said of this frame that can be taken back.
        can_undo: there is something to undo.
        can_redo: something was undone.
        has_answers: there is something to download.
        commands: lines for a shell.
    """

    number: int
    opened: bool = False
    stage: str = ""
    chips: str = ""
    others: str = ""
    timeline: str = ""
    frame: int = 0
    last: int = 0
    place: str = ""
    busy: bool = False
    can_run: bool = False
    run: str = "Run the whole clip"
    can_carry: bool = False
    can_forget: bool = False
    can_undo: bool = False
    can_redo: bool = False
    has_answers: bool = False
    commands: str = ""


def view_of(
    session: Session,
    prediction: FramePrediction | None = None,
    others: tuple[tuple[Alternative, ...], ...] = (),
) -> View:
    """What a session looks like now.

    Args:
        session: the session.
        prediction: of the frame that is shown; None: what is known of it without asking.
        others: alternatives on the frame.
    """
    number = next_number()
    clip, work = session.clip, session.work
    if clip is None:
        return View(number)
    index, query = session.current, session.chosen
    if prediction is None:
        prediction = session.shown(index)
    frame = session.frame(index)
    key = (index, query)
    made = work.pending.get(key)
    url = frame_url(frame, prediction)
    run = "Run the whole clip" if not clip.single else "Look at the picture"
    if work.frames:
        run = "Run again" if work.complete else "Go on with the run"
    return View(
        number,
        opened=True,
        stage=_stage(url, frame, clip.pixel_aspect, made, bool(work.expressions)),
        chips=_chips(session, prediction),
        others=_others(session, frame.image, others),
        timeline=timeline_svg(work, len(clip), index, query, colours(len(work.expressions))),
        frame=index,
        last=len(clip) - 1,
        place=f"Frame {index} of {len(clip) - 1}, {words.clock(frame.time)}",
        busy=session.busy,
        can_run=bool(work.expressions) and not session.busy,
        run=run,
        can_carry=bool(work.frames and work.pending) and not session.busy,
        can_forget=made is not None and not session.busy,
        can_undo=session.can_undo,
        can_redo=session.can_redo,
        has_answers=bool(work.frames) and not session.busy,
        commands="\n".join(session.commands()),
    )


def message_html(text: str, kind: str = "note") -> str:
    """A line for people: a note, progress or an error."""
    role = "alert" if kind == "error" else "status"
    return f'<p class="message {kind}" role="{role}">{html.escape(text)}</p>' if text else ""


def download_html(token: str, name: str, count: int) -> str:
    """A link to a file that was made."""
    label = f"{html.escape(name)} ({words.size(count)})"
    return (
        f'<a class="download" href="files/{quote(token)}/{quote(name)}" '
        f'download="{html.escape(name)}">Download {label}</a>'
    )


def _stage(url: str, frame: Frame, pixel_aspect: float, made: object, asks: bool) -> str:
    width, height = frame.width, frame.height
    marks = []
    for x, y, positive in getattr(made, "points", ()):
        sign = "+" if positive else MINUS
        kind = "positive" if positive else "negative"
        marks.append(
            f'<b class="mark {kind}" style="left:{100 * x / width:.2f}%;'
            f'top:{100 * y / height:.2f}%">{sign}</b>'
        )
    box = getattr(made, "box", None)
    if box is not None:
        x, y, wide, high = box
        marks.append(
            f'<i class="box" style="left:{100 * x / width:.2f}%;top:{100 * y / height:.2f}%;'
            f'width:{100 * wide / width:.2f}%;height:{100 * high / height:.2f}%"></i>'
        )
    modes = "".join(
        f'<button type="button" data-mode="{mode}" data-key="mode-{mode}">{text}</button>'
        for mode, text in (("on", "+ on it"), ("off", f"{MINUS} not it"), ("box", "▢ box"))
    )
    hint = f"Click what is missing, with '{MINUS} not it' what is wrong, or draw a box."
    keys = (
        "Shift-click is what is wrong, dragging draws a box. Keys: arrows and Enter, X for "
        "what is wrong, Delete for as it was found, comma and full stop for the frame before "
        "and after."
    )
    tools = (
        f'<div class="modes" role="toolbar" aria-label="What a click means">{modes}</div>'
        f'<p class="hint" title="{keys}">{hint}</p>'
    )
    return (
        f'<div class="picture" style="--ratio:{width * pixel_aspect / height:.4f}" '
        f'tabindex="0" data-key="picture" data-width="{width}" '
        f'data-height="{height}" data-frame="{frame.index}" data-asks="{int(asks)}" '
        f'role="application" '
        f'aria-label="The frame. {hint} {keys}"><img src="{url}" alt="" draggable="false">'
        f'{"".join(marks)}<i class="cursor" hidden></i><i class="drawn" hidden></i></div>'
        f"{tools if asks else ''}"
    )


def _chips(session: Session, prediction: FramePrediction | None) -> str:
    work, index = session.work, session.current
    parts = []
    for number, text in enumerate(work.expressions):
        said = "…"
        if prediction is not None and len(prediction.expressions) > number:
            said = words.presence(
                bool(prediction.present[number]),
                float(prediction.scores[number]),
                index in work.by_hand(number),
            )
        chosen = number == session.chosen
        colour = colours(len(work.expressions))[number]
        label = html.escape(text)
        parts.append(
            f'<div class="chip{" chosen" if chosen else ""}" style="--colour:{colour}">'
            f'<button type="button" data-choose="{number}" data-key="choose-{number}" '
            f'aria-pressed="{str(chosen).lower()}"><span class="dot"></span>'
            f"<strong>{label}</strong><small>{said}</small></button>"
            f'<button type="button" class="drop" data-drop="{number}" data-text="{label}" '
            f'data-key="drop-{number}" aria-label="Remove {label}">{TIMES}</button></div>'
        )
    return f'<div class="chips">{"".join(parts)}</div>' if parts else ""


def _others(
    session: Session, image: np.ndarray, others: tuple[tuple[Alternative, ...], ...]
) -> str:
    query = session.chosen
    own = others[query] if query < len(others) else ()
    if not own:
        return ""
    colour = overlay_colours(len(session.work.expressions))[query].tolist()
    parts = [
        f'<button type="button" data-take="{place}" data-key="take-{place}" '
        f'aria-label="Take this one instead"><img src="'
        f'{thumbnail_url(image, one.mask, colour)}" alt="Alternative {place + 1}"></button>'
        for place, one in enumerate(own)
        if one.mask.any()
    ]
    text = html.escape(session.work.expressions[query])
    hint = f'<p class="hint">{text}: or is it this one?</p>'
    return f'{hint}<div class="others">{"".join(parts)}</div>'
