"""Finds the points of a recital that were said and not contradicted. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handlers.quiz.recital.actors import somebody_else
from handlers.quiz.recital.denial import denied
from handlers.quiz.recital.figures import bare, bounds_differ, other_end, wrong_figure
from handlers.quiz.recital.hearing import heard
from handlers.quiz.recital.tokens import Speech, speech
from storage.plan import Point, RecitalQuestion


@dataclass(frozen=True, slots=True)
class _Span:
    """Where a wording of a point was heard; `alone`: a figure by itself."""

    point: int
    start: int
    end: int
    alone: bool


def missed(question: RecitalQuestion, words: str) -> tuple[int, ...]:
    """The places of the points that were not said."""
    said = _said(question.points, words, to_avoid=question.to_avoid)
    return tuple(place for place in range(len(question.points)) if place not in said)


def says(point: Point, words: str, *, to_avoid: bool = False) -> bool:
    """Whether a point, the only one, is among what was said. `to_avoid` as in `RecitalQuestion`."""
    return bool(_said([point], words, to_avoid=to_avoid))


def _said(points: Sequence[Point], words: str, *, to_avoid: bool) -> set[int]:
    said = speech(words)
    spans = [
        _Span(place, start, end, bare(wording))
        for place, point in enumerate(points)
        for wording in point.accept
        for start, end in heard(wording, said)
    ]
    return {
        span.point
        for span in spans
        if not _contradicted(span, points[span.point], said, spans, to_avoid=to_avoid)
        and (not span.alone or _owner(span, said, spans) == span.point)
    }


def _contradicted(span: _Span, point: Point, said: Speech, spans: Sequence[_Span], *, to_avoid: bool) -> bool:
    where = (said, span.start, span.end)
    begins = frozenset(one.start for one in spans if one.point != span.point)
    return (
        denied(*where, begins, to_avoid=to_avoid)
        or bounds_differ(point, *where)
        or other_end(point, *where)
        or wrong_figure(point, *where)
        or somebody_else(point, *where)
    )


def _owner(figure: _Span, said: Speech, spans: Sequence[_Span]) -> int:
    """The point a figure belongs to: that of the nearest words between the same two breaks, those before it first."""
    first, last = said.part(figure.start, figure.end)
    beside = [span for span in spans if not span.alone and first <= span.start and span.end <= last]
    if not beside:
        return figure.point
    return min(beside, key=lambda span: (_distance(figure, span), span.point != figure.point)).point


def _distance(figure: _Span, words: _Span) -> int:
    behind = words.start > figure.start
    return max(words.start - figure.end, figure.start - words.end, 0) + behind
