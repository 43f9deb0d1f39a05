"""How well the labelled sets are understood.

.venv/bin/python -m tests.labelled.score sentences            # the tuning half, with everything that went wrong
.venv/bin/python -m tests.labelled.score answers
.venv/bin/python -m tests.labelled.score sentences --unseen   # figures, and not a word of the sentences
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.labelled import Half, answers, sentences
from tests.labelled.answer_score import AnswerScore, score_answers
from tests.labelled.sentence_score import SentenceScore, score_sentences


def main(arguments: Sequence[str]) -> int:
    score: SentenceScore | AnswerScore
    half = Half.UNSEEN if "--unseen" in arguments else Half.TUNING
    match [argument for argument in arguments if argument != "--unseen"]:
        case ["sentences"]:
            score = score_sentences(sentences(half))
        case ["answers"]:
            score = score_answers(answers(half))
        case _:
            sys.stderr.write("sentences or answers; with --unseen the figures of the unseen half, and nothing else\n")
            return 2
    if half is Half.TUNING:
        sys.stdout.write("".join(f"{miss}\n" for miss in score.misses))
    sys.stdout.write(f"{score}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
