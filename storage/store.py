"""Everything a conversation or job may ask of storage, in one place."""

from __future__ import annotations

from functools import cached_property

from storage.burden import Burden
from storage.cases.clues import Clues
from storage.cases.follow_ups import FollowUps
from storage.cases.voices import Voices
from storage.charts.orders import ChartOrders
from storage.charts.problem_figures import ProblemFigures
from storage.counting.overview import Overview
from storage.database.transaction import Session
from storage.files.attachments import Attachments
from storage.files.media import Media
from storage.handbook.policies import Policies
from storage.indicators import Indicators
from storage.inspections.samples import Samples
from storage.inspections.supervisions import Supervisions
from storage.joining.admissions import Admissions
from storage.joining.consents import Consents
from storage.joining.invites import Invites
from storage.ledgers.orders import LedgerOrders
from storage.mail.chats import Chats
from storage.mail.drafts import Drafts
from storage.mail.quiet import QuietTimes
from storage.measures import Supports
from storage.notices.addressees import Addressees
from storage.notices.receipts import BroadcastReceipts
from storage.notices.sent import Broadcasts
from storage.people.assignments import Assignments
from storage.people.leaves import Leaves
from storage.people.persons import People
from storage.posts import Handovers
from storage.privacy import Erasures
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
from storage.screening.lists import Screenings
from storage.screening.results import ScreeningResults
from storage.selfchecks import SelfChecks
from storage.visits import Visits
from storage.watchlists import Watchlists
from storage.weekly.reports import WeeklyReports


class Store:
    """One session's aggregates, each made when first asked for."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @cached_property
    def admissions(self) -> Admissions:
        return Admissions(self.session)

    @cached_property
    def addressees(self) -> Addressees:
        return Addressees(self.session)

    @cached_property
    def assignments(self) -> Assignments:
        return Assignments(self.session)

    @cached_property
    def attachments(self) -> Attachments:
        return Attachments(self.session)

    @cached_property
    def chart_orders(self) -> ChartOrders:
        return ChartOrders(self.session)

    @cached_property
    def broadcast_receipts(self) -> BroadcastReceipts:
        return BroadcastReceipts(self.session)

    @cached_property
    def broadcasts(self) -> Broadcasts:
        return Broadcasts(self.session)

    @cached_property
    def burden(self) -> Burden:
        return Burden(self.session)

    @cached_property
    def chats(self) -> Chats:
        return Chats(self.session)

    @cached_property
    def clues(self) -> Clues:
        return Clues(self.session)

    @cached_property
    def consents(self) -> Consents:
        return Consents(self.session)

    @cached_property
    def deeds(self) -> Deeds:
        return Deeds(self.session)

    @cached_property
    def drafts(self) -> Drafts:
        return Drafts(self.session)

    @cached_property
    def erasures(self) -> Erasures:
        return Erasures(self.session)

    @cached_property
    def handovers(self) -> Handovers:
        return Handovers(self.session)

    @cached_property
    def fanouts(self) -> Fanouts:
        return Fanouts(self.session)

    @cached_property
    def follow_ups(self) -> FollowUps:
        return FollowUps(self.session)

    @cached_property
    def households(self) -> Households:
        return Households(self.session)

    @cached_property
    def indicators(self) -> Indicators:
        return Indicators(self.session)

    @cached_property
    def invites(self) -> Invites:
        return Invites(self.session)

    @cached_property
    def leaves(self) -> Leaves:
        return Leaves(self.session)

    @cached_property
    def ledger_orders(self) -> LedgerOrders:
        return LedgerOrders(self.session)

    @cached_property
    def media(self) -> Media:
        return Media(self.session)

    @cached_property
    def mornings(self) -> Mornings:
        return Mornings(self.session)

    @cached_property
    def overview(self) -> Overview:
        return Overview(self.session)

    @cached_property
    def people(self) -> People:
        return People(self.session)

    @cached_property
    def photo_hashes(self) -> PhotoHashes:
        return PhotoHashes(self.session)

    @cached_property
    def policies(self) -> Policies:
        return Policies(self.session)

    @cached_property
    def signals(self) -> Signals:
        return Signals(self.session)

    @cached_property
    def problem_figures(self) -> ProblemFigures:
        return ProblemFigures(self.session)

    @cached_property
    def problems(self) -> Problems:
        return Problems(self.session)

    @cached_property
    def quiet_times(self) -> QuietTimes:
        return QuietTimes(self.session)

    @cached_property
    def quiz(self) -> Quiz:
        return Quiz(self.session)

    @cached_property
    def reconciliations(self) -> Reconciliations:
        return Reconciliations(self.session)

    @cached_property
    def reminders(self) -> Reminders:
        return Reminders(self.session)

    @cached_property
    def screening_results(self) -> ScreeningResults:
        return ScreeningResults(self.session)

    @cached_property
    def screenings(self) -> Screenings:
        return Screenings(self.session)

    @cached_property
    def samples(self) -> Samples:
        return Samples(self.session)

    @cached_property
    def supervisions(self) -> Supervisions:
        return Supervisions(self.session)

    @cached_property
    def visits(self) -> Visits:
        return Visits(self.session)

    @cached_property
    def voices(self) -> Voices:
        return Voices(self.session)

    @cached_property
    def supports(self) -> Supports:
        return Supports(self.session)

    @cached_property
    def selfchecks(self) -> SelfChecks:
        return SelfChecks(self.session)

    @cached_property
    def watchlists(self) -> Watchlists:
        return Watchlists(self.session)

    @cached_property
    def weekly_reports(self) -> WeeklyReports:
        return WeeklyReports(self.session)
