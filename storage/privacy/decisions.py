"""What becomes of everything that is kept when a person is forgotten: a decision for each column of each table. Pure.

The erasing runs from here (`storage.privacy.forgetting`), and so do what people read about it and docs/privacy.md. A table or
column without a decision fails `tests/privacy/test_forgetting.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Basis(Enum):
    """Why something is kept although somebody has asked to be forgotten: what people call it, the law, and until when."""

    ROSTER = "名册", "镇里按职责管", "在册就留"
    """The office's own list, asked of nobody here: its duty under the plan's third task (PIPL art. 13(1)(3) and 34)."""

    WORK = "报过、办过的事", "档案法", "按档案期限"
    """Archives Law art. 13 and 14, and the tables of 乡镇档案工作办法 and 村级档案管理办法 as the county has set them."""

    CONSENT = "同意和申请", "个人信息保护法", "至少 3 年"
    """PIPL art. 56 (records of processing) and 69 (the burden of proof)."""

    RECORD = "操作记录", "网络安全法", "长期"
    """Cybersecurity Law (logs), PIPL art. 51 and 54. The chain breaks with each row that is taken out of it."""

    def __init__(self, words: str, law: str, until: str) -> None:
        self.words = words
        self.law = law
        self.until = until


@dataclass(frozen=True)
class Decision:
    """What becomes of a table's rows that are of somebody.

    `whose`: each entry names columns that all have to be theirs for a row to be of them. `gone`: these rows are erased; with
    `only` no others than those whose columns have one of its values. `emptied` are columns that are made empty where the row
    stays, `kept` those that stay, and why, `plain` those that say nothing of a person.
    """

    whose: tuple[str, ...] = ()
    gone: bool = False
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    emptied: str = ""
    kept: Mapping[Basis, str] = field(default_factory=dict)
    plain: str = ""

    def basis_of(self, column: str) -> Basis | None:
        """Why the column is kept, if it is."""
        return next((basis for basis, columns in self.kept.items() if column in columns.split()), None)


def _gone(*whose: str, **only: tuple[str, ...]) -> Decision:
    """Every column goes with its row."""
    return Decision(whose, gone=True, only=only)


def _plain(columns: str) -> Decision:
    return Decision(plain=columns)


ERASED_WORDS = "登记的手机号、聊天和语音、没办完的、没交的照片、练题和提醒"
"""What people call what is erased."""

_ROSTER, _WORK, _CONSENT, _RECORD = Basis.ROSTER, Basis.WORK, Basis.CONSENT, Basis.RECORD

DECISIONS: Mapping[str, Decision] = {
    # what is said and asked from day to day
    "inbox": _gone("address", state=("done", "dead")),
    "downloads": _gone("address"),
    "outbox": _gone("address"),
    "talks": _gone("address", "person_id"),
    "web_messages": _gone("address"),
    "quiet_times": _gone("address"),
    "chart_orders": _gone("person_id", "address"),
    "ledger_orders": _gone("person_id", "address"),
    "notice_receipts": _gone("person_id"),
    "acknowledged": _gone("person_id"),
    "reminders": _gone("person_id"),
    "burden_days": _gone("person_id"),
    "quiz_cards": _gone("person_id"),
    "quiz_reviews": _gone("person_id"),
    "claim_attempts": _gone("address"),
    "door_codes": _gone("household_id name"),
    # who somebody is, and how they came in
    "persons": Decision(("id",), emptied="phone phone_blind", kept={_RECORD: "id name joined_at"}, plain="version"),
    "posts": Decision(
        ("person_id",),
        emptied="relation suspended_at",
        kept={
            _RECORD: "person_id role region unit household_id since until suspended_by confirmed_at confirmed_by disowned_at"
        },
        plain="id version",
    ),
    "chats": Decision(
        ("person_id", "stopped_id", "silent_id"),
        emptied="person_id stopped_id silent_id",
        kept={_RECORD: "address last_seen blocked_at used_at"},
        plain="platform held_until idle session",
    ),
    "admissions": Decision(
        ("person_id", "address"),
        emptied="phone",
        kept={
            _RECORD: "address name role region unit person_id invite_id asked_at decided_at decided_by accepted",
            _CONSENT: "text_version agreed_at",
        },
        plain="id by_office version",
    ),
    "arrivals": Decision(
        ("person_id", "address"),
        kept={
            _RECORD: "person_id address role region unit post_id told at stopped_at stopped_by settled_at settled_by restored"
        },
        plain="id newcomer bound version",
    ),
    "invites": Decision(
        ("person_name region",),
        emptied="person_name",
        kept={_RECORD: "role region unit revoked_at revoked_by created_by created_at"},
        plain="id token_blind uses_left expires_at waits version",
    ),
    "handovers": Decision(
        ("leaver_id", "successor_id"),
        kept={_WORK: "post_id leaver_id successor_id asked_by asked_at decided_by accepted done_at"},
        plain="id invite_id version",
    ),
    "consents": Decision(("person_id",), kept={_CONSENT: "person_id text_version agreed_at withdrawn_at"}, plain="id version"),
    "erasures": Decision(
        ("person_id",), kept={_CONSENT: "person_id asked_at decided_at decided_by accepted reason"}, plain="id version"
    ),
    "looks": Decision(("person_id",), kept={_CONSENT: "household_id day person_id way role region unit"}),
    # the roster
    "households": Decision(
        ("helper_id",),
        emptied="helper_id",
        kept={_ROSTER: "number village group_name head nickname kind able_to_work"},
        plain="id version",
    ),
    "members": Decision(
        ("household_id",),
        kept={_ROSTER: "household_id name relation id_number phone id_blind id_tail_blind phone_tail_blind"},
        plain="id version",
    ),
    # what was reported and done
    "clues": Decision(
        ("household_id", "reporter_id"),
        kept={
            _WORK: "number household_id village source kinds detail latitude longitude reporter_id said_by speaker step since "
            "begun_on clearing posted closed_as reported_at due_on",
            _CONSENT: "consent",
        },
        plain="id version",
    ),
    "joined_reports": Decision(("person_id",), kept={_WORK: "clue_id person_id detail at"}, plain="id"),
    "clue_events": Decision(("person_id",), kept={_WORK: "clue_id person_id at step outcome note facts"}, plain="id"),
    "follow_ups": Decision(("answered_by",), kept={_WORK: "clue_id asked_at solved answered_by"}, plain="id version"),
    "supports": Decision(
        ("household_id", "responsible_id"),
        kept={_WORK: "clue_id household_id national_number kind responsible_id begun_at"},
        plain="id version",
    ),
    "measures": Decision(kept={_WORK: "support_id kind text unit deadline percent done_at"}, plain="id version"),
    "measure_entries": Decision(("person_id",), kept={_WORK: "measure_id person_id text percent at"}, plain="id"),
    "visits": Decision(
        ("household_id", "person_id"),
        kept={_WORK: "household_id round village person_id at outcome met note latitude longitude"},
        plain="id version",
    ),
    "watch_entries": Decision(
        ("household_id", "checked_by", "ended_by"),
        kept={
            _WORK: "plan list household_id village name who id_blind note origin next_on checked_on checked_by on_time found "
            "ended_at ended_by reason"
        },
        plain="id version",
    ),
    "screening_lists": Decision(
        ("sender_id", "wanted_by"),
        kept={_WORK: "sha256 name sender_id region unit state kinds wanted_by handed_in_at"},
        plain="id confirmed version",
    ),
    "screening_rows": Decision(
        ("household_id",),
        kept={_WORK: "name id_blind village detail kinds unclear candidates household_id clue_id state why"},
        plain="id screening_id row_no",
    ),
    "reconciliations": Decision(
        ("person_id",), kept={_WORK: "source kinds sha256 listed matched person_id at"}, plain="id version"
    ),
    "differences": Decision(
        ("household_id", "person_id"),
        kept={
            _WORK: "reconciliation_id source fingerprint kind field village household_id member_id details owner_role "
            "owner_region owner_unit state how note returned person_id at"
        },
        plain="id version",
    ),
    "problems": Decision(
        ("household_id", "submitted_by"),
        kept={
            _WORK: "number source item region household_id description measures units responsible deadline state percent "
            "submitted_by opened_at closed_at"
        },
        plain="id fingerprint version",
    ),
    "problem_units": _plain("unit problem_id"),
    "problem_entries": Decision(
        ("person_id",), kept={_WORK: "problem_id person_id action text percent latitude longitude at"}, plain="id"
    ),
    "problem_signals": Decision(
        ("answered_by",),
        kept={_WORK: "problem_id kind detail state raised_at told_on answer answered_by answered_at"},
        plain="id version",
    ),
    "photo_hashes": Decision(
        ("person_id",), kept={_WORK: "problem_id person_id sha256 at hash band0 band1 band2 band3 same_as"}, plain="id"
    ),
    "fanouts": Decision(
        ("started_by",), kept={_WORK: "problem_id words due_on rectify_by started_by started_at"}, plain="id version"
    ),
    "fanout_tasks": Decision(
        ("answered_by",), kept={_WORK: "fanout_id village state found answered_by answered_at"}, plain="id version"
    ),
    "selfchecks": Decision(
        ("person_id",), kept={_WORK: "plan region unit item finding person_id at note problem_id clue_id"}, plain="id version"
    ),
    "supervisions": Decision(("person_id",), kept={_WORK: "village person_id at looked_at findings"}, plain="id"),
    "samples": Decision(("person_id",), kept={_WORK: "round seed roster person_id at"}, plain="id"),
    "sample_checks": Decision(
        ("household_id", "person_id"),
        kept={_WORK: "sample_id household_id village place reason holds note person_id at"},
        plain="id version",
    ),
    "indicator_values": Decision(
        ("person_id",), kept={_WORK: "year village code value reason person_id at"}, plain="id version"
    ),
    "weekly_reports": Decision(
        ("person_id",),
        gone=True,
        only={"state": ("draft", "skipped")},
        kept={_WORK: "person_id week village state text at"},
        plain="id version",
    ),
    "leaves": Decision(
        ("person_id", "deputy_id"), kept={_WORK: "person_id first_day last_day deputy_id filed_at"}, plain="id version"
    ),
    "assignments": Decision(
        ("person_id",), emptied="person_id", kept={_WORK: "subject subject_id region by_id at"}, plain="id version"
    ),
    "notices": Decision(
        ("sender_id",),
        kept={_WORK: "sender_id role region audience words file file_name expects filed_at repeated_at"},
        plain="id state reached version",
    ),
    "policies": Decision(
        ("added_by",),
        kept={_WORK: "title number dated for_all region sha256 file_name added_by added_at ended_at"},
        plain="id version",
    ),
    "passages": _plain("id policy_id place clause heading text words"),
    # files: those of what is kept stay; voices, and what nothing filed refers to, go
    "attachments": Decision(kept={_WORK: "subject subject_id sha256 at"}, plain="id"),
    "media": Decision(kept={_WORK: "sha256 size content_type kept_at"}),
    # the service's own
    "audit": Decision(kept={_RECORD: "seq at actor request action subject before after note chain"}),
    "audit_head": _plain("id seq chain"),
    "clock_marks": _plain("name at word"),
    "compatibility": _plain("id oldest version"),
    "counters": _plain("name value"),
    "daily_runs": _plain("job day"),
    "key_checks": _plain("number value"),
    "mornings": _plain("day at"),
    "tallies": _plain("id key region value"),
    "troubles": _plain("key words since told_at ended_at"),
}
