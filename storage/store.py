"""Everything a conversation or job may ask of storage, in one place."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

from storage.burden import Burden
from storage.cases.clues import Clues
from storage.cases.follow_ups import FollowUps
from storage.cases.voices import Voices
from storage.charts.orders import ChartOrders
from storage.charts.problem_figures import ProblemFigures
from storage.counting.overview import Overview
from storage.database.clock_marks import ClockMarks
from storage.database.session import Session
from storage.files.attachments import Attachments
from storage.files.media import Media
from storage.handbook.policies import Policies
from storage.indicators import Indicators
from storage.inspections.samples import Samples
from storage.inspections.supervisions import Supervisions
from storage.joining.admissions import Admissions
from storage.joining.arrivals import Arrivals
from storage.joining.consents import Consents
from storage.joining.door_codes import DoorCodes
from storage.joining.invites import Invites
from storage.joining.newcomers import Newcomers
from storage.ledgers.orders import LedgerOrders
from storage.looks import Looks
from storage.mail.chats import Chats
from storage.mail.drafts import Drafts
from storage.mail.quiet import QuietTimes
from storage.measures import Measures
from storage.notices.addressees import Addressees
from storage.notices.receipts import NoticeReceipts
from storage.notices.sent import Notices
from storage.people.assignments import Assignments
from storage.people.leaves import Leaves
from storage.people.persons import People
from storage.posts import Handovers
from storage.privacy.erasures import Erasures
from storage.problems.deeds import Deeds
from storage.problems.fanouts import Fanouts
from storage.problems.ledger import Problems
from storage.problems.photo_hash import PhotoHashes
from storage.problems.signals import Signals
from storage.quiz import Quiz
from storage.reconciling import Reconciliations
from storage.reminders.mornings import Mornings
from storage.reminders.rows import Reminders
from storage.roster import Households
from storage.screening.lists import ScreeningLists
from storage.screening.results import ScreeningResults
from storage.selfchecks import SelfChecks
from storage.visits import Visits
from storage.watchlists import Watchlists
from storage.weekly.reports import WeeklyReports

Aggregate = TypeVar("Aggregate")


def _of(kind: Callable[[Session], Aggregate]) -> cached_property[Aggregate]:
    def made(store: Store) -> Aggregate:
        return kind(store.session)

    return cached_property(made)


class Store:
    """One session's aggregates, each made when first asked for."""

    def __init__(self, session: Session) -> None:
        self.session = session

    addressees = _of(Addressees)
    admissions = _of(Admissions)
    arrivals = _of(Arrivals)
    assignments = _of(Assignments)
    attachments = _of(Attachments)
    burden = _of(Burden)
    chart_orders = _of(ChartOrders)
    chats = _of(Chats)
    clock_marks = _of(ClockMarks)
    clues = _of(Clues)
    consents = _of(Consents)
    deeds = _of(Deeds)
    door_codes = _of(DoorCodes)
    drafts = _of(Drafts)
    erasures = _of(Erasures)
    fanouts = _of(Fanouts)
    follow_ups = _of(FollowUps)
    handovers = _of(Handovers)
    households = _of(Households)
    indicators = _of(Indicators)
    invites = _of(Invites)
    leaves = _of(Leaves)
    ledger_orders = _of(LedgerOrders)
    looks = _of(Looks)
    measures = _of(Measures)
    media = _of(Media)
    mornings = _of(Mornings)
    newcomers = _of(Newcomers)
    notice_receipts = _of(NoticeReceipts)
    notices = _of(Notices)
    overview = _of(Overview)
    people = _of(People)
    photo_hashes = _of(PhotoHashes)
    policies = _of(Policies)
    problem_figures = _of(ProblemFigures)
    problems = _of(Problems)
    quiet_times = _of(QuietTimes)
    quiz = _of(Quiz)
    reconciliations = _of(Reconciliations)
    reminders = _of(Reminders)
    samples = _of(Samples)
    screening_results = _of(ScreeningResults)
    screening_lists = _of(ScreeningLists)
    selfchecks = _of(SelfChecks)
    signals = _of(Signals)
    supervisions = _of(Supervisions)
    visits = _of(Visits)
    voices = _of(Voices)
    watchlists = _of(Watchlists)
    weekly_reports = _of(WeeklyReports)
