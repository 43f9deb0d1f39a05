"""Who lives in a household: a head of a likely age, and those who would live with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from bot.demo.names import Inventor, Sex

ADULT, OLD = 18, 60


@dataclass(frozen=True, slots=True)
class Member:
    """One line of a household's register."""

    name: str
    relation: str
    id_number: str
    phone: str | None


_ABLE = (
    (20, ("配偶",)),
    (30, ("配偶", "子女")),
    (18, ("配偶", "子女", "子女")),
    (16, ("配偶", "子女", "父母")),
    (8, ("配偶", "孙辈")),
    (8, ("子女",)),
)
_NOT_ABLE = ((45, ("配偶",)), (30, ()), (25, ("孙辈",)))
"""Who lives with the head, and how many households of a hundred are like that."""


class Families:
    """Makes up families as of `today`."""

    def __init__(self, invent: Inventor, rng: Random, today: date) -> None:
        self._invent = invent
        self._rng = rng
        self._year = today.year

    def one(self, *, able_to_work: bool) -> list[Member]:
        """The head first."""
        shapes = _ABLE if able_to_work else _NOT_ABLE
        (shape,) = self._rng.choices([others for _, others in shapes], [weight for weight, _ in shapes])
        sex = Sex.MALE if self._rng.random() < 0.8 else Sex.FEMALE
        age = self._rng.randint(36, 58) if able_to_work else self._rng.randint(67, 84)
        if able_to_work and "孙辈" in shape:
            age = self._rng.randint(52, 60)
        surname = self._invent.surname()
        partner = self._invent.surname() if "配偶" in shape else surname
        family = partner if sex is Sex.FEMALE else surname
        members = [self.member("户主", surname, sex, age)]
        for other in shape:
            members.append(self._beside(other, sex, age, surname, partner, family))
        return members

    def member(self, relation: str, surname: str, sex: Sex, age: int, given: str | None = None) -> Member:
        """Somebody of that age; the head always has a telephone, children have none."""
        born = self._invent.birthday(self._year - age)
        often = 1.0 if relation == "户主" else 0.0 if age < ADULT else 0.3 if age > OLD else 0.8
        return Member(
            surname + (given or self._invent.given_name(sex, born.year)),
            relation,
            self._invent.id_number(born, sex),
            self._invent.phone() if self._rng.random() < often else None,
        )

    def _beside(self, other: str, head: Sex, age: int, surname: str, partner: str, family: str) -> Member:
        sex = self._invent.sex()
        match other:
            case "配偶":
                return self.member("配偶", partner, Sex(1 - head), age + self._rng.randint(-3, 3))
            case "子女":
                return self.member("儿子" if sex else "女儿", family, sex, age - self._rng.randint(23, 30))
            case "孙辈":
                return self.member("孙子" if sex else "孙女", family, sex, self._rng.randint(6, 15))
            case _:
                own = surname if sex else self._invent.surname()
                return self.member("父亲" if sex else "母亲", own, sex, min(92, age + self._rng.randint(21, 28)))
