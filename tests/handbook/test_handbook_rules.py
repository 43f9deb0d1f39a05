"""The handbook without a database: cutting documents, reading files, and finding the right clause for a plain question."""

from __future__ import annotations

import contextlib
import copy
import io
import zipfile
from datetime import date

import docx
import pytest
from docx.oxml.ns import qn
from hypothesis import given
from hypothesis import strategies as st

from handlers.handbook import document_files as policy_files
from handlers.handbook.built_in import Passage, passages_at, passages_of
from handlers.handbook.document_files import read_policy
from handlers.handbook.document_heads import body, has_id_number, read_head
from handlers.handbook.passages import TextLine, cut
from handlers.handbook.search import LONGEST, SearchHit, best_hits, nearest, parse_question, shorten
from handlers.reading import Unreadable
from storage.handbook.index import BREAK, tokens
from tests.support.documents import RULES, TABLE, pdf, word
from tests.support.plan import PLAN

PASSAGES = passages_of(PLAN)


def _best(question: str, passages: list[Passage] = PASSAGES) -> SearchHit:
    return best_hits(parse_question(question), passages, 4)[0]


@pytest.mark.parametrize(
    ("question", "key", "said"),
    [
        ("危房改造能补多少钱", "2.4", "危房"),
        ("C级危房怎么办", "2.4", "C 级"),
        ("公示要几天", "step:publicize", "至少5天"),
        ("入户核查几天内办完", "step:verify", "2个工作日"),
        ("异议多久答复", "step:objection", "5个工作日"),
        ("孩子不上学了归谁管", "2.1", "镇中心小学"),
        ("停水了找谁", "2.5", "镇水管所"),
        ("医保参保归哪个部门", "2.3", "镇劳动保障事务所"),
        ("抽查比例不低于多少", "时间安排(三)", "30%"),
        ("排查整改什么时候结束", "时间安排(二)", "10月31日"),
        ("部署会是哪天", "时间安排(一)", "10月1日"),
        ("小额信贷有什么要求", "4.4", "应贷尽贷"),
        ("慢病有哪几种", "2.2", "高血压、糖尿病、结核病、严重精神障碍"),
        ("住院要先交钱吗", "2.2", "先治疗后缴费"),
        ("整户没有劳动能力能消除风险吗", "3.5", "暂不标注消除"),
        ("监测对象最后谁来确定", "3.3", "县级"),
        ("驻村干部的职责有哪些", "7.1", "4项"),
        ("高价彩礼怎么管", "7.2", "彩礼"),
        ("打工的路费给补吗", "5.4", "交通费"),
        ("四个不摘", "8", "四个不摘"),
        ("公益岗位", "5.1", "岗位"),
        ("2.4", "2.4", ""),
    ],
)
def test_a_plain_question_finds_its_clause_and_the_sentence_that_answers(question: str, key: str, said: str) -> None:
    hit = _best(question)
    assert hit.passage.key == key
    assert said in hit.line


@pytest.mark.parametrize(
    ("question", "key"),
    [("房子漏雨怎么办", "risk:housing"), ("公示几天", "step:publicize"), ("怎么申报", "steps"), ("孩子辍学", "risk:education")],
)
def test_a_household_is_answered_from_what_is_for_everybody(question: str, key: str) -> None:
    assert _best(question, [one for one in PASSAGES if one.for_all]).passage.key == key


def test_clauses_of_the_plan_are_for_cadres_and_procedures_for_everybody() -> None:
    assert not any(one.for_all for item in PLAN.items for one in passages_at(PLAN, item.id))
    assert all(one.for_all for one in passages_at(PLAN, "step:publicize"))
    assert passages_at(PLAN, "9.9") == []


def test_what_the_handbook_does_not_say_is_not_found() -> None:
    for question in ("低保", "白菜多少钱一斤", "🙂", "", "是多少"):
        assert best_hits(parse_question(question), PASSAGES, 4) == [], question


def test_an_answer_for_part_of_a_question_says_how_much_of_it_it_covers() -> None:
    assert _best("医保报销比例是多少").covered < 0.5 < _best("公示几天").covered


def test_a_wrong_statement_of_the_quiz_is_never_given_for_an_answer() -> None:
    wrong = [one.text for one in PLAN.questions if one.form == "truefalse" and not one.answer]
    assert wrong
    for text in wrong:
        assert text not in _best(text).line


def test_questions_near_to_one_that_has_no_answer() -> None:
    assert nearest("危房能卖吗", ["公示几天", "危房怎么办", "怎么申报"], 1) == ["危房怎么办"]


def test_neighbours_make_a_term_only_where_nothing_stands_between_them() -> None:
    passages = [Passage("a", "一", "", "", "就医，保险公司"), Passage("b", "二", "", "", "医保卡")]
    assert [hit.passage.key for hit in best_hits(parse_question("医保"), passages, 4)] == ["b"]


def test_words_are_folded_and_figures_kept_together() -> None:
    assert tokens("ＡＢＣ Ⅳ级，1.5万元") == ["abc", "iv", "级", BREAK, "1", "5", "万", "元"]
    assert tokens("30%") == ["30", BREAK]


@given(st.text(max_size=60))
def test_any_text_becomes_words_without_quotes_or_operators(text: str) -> None:
    for token in tokens(text):
        assert token == BREAK or token.isalnum()


@given(st.text(max_size=LONGEST + 20))
def test_any_question_can_be_asked(question: str) -> None:
    asked = parse_question(question)
    assert len(asked.phrases) <= 121
    for hit in best_hits(asked, PASSAGES[:20], 4):
        assert 0 < hit.covered <= 1
        assert len(shorten(hit.line, asked, 90)) <= 90


def test_a_long_sentence_is_shortened_to_whole_clauses_that_answer() -> None:
    long = "为做好这项工作，" * 8 + "住院报销比例为75%，" + "有关部门要加强配合，" * 8 + "确保落实。"
    told = shorten(long, parse_question("住院报销比例"), 60)
    assert "住院报销比例为75%" in told
    assert (told[0], told[-1]) == ("…", "…")


def test_a_document_is_cut_where_its_clauses_begin() -> None:
    written = (
        "一、总体要求", "坚持问题导向。", "二、重点任务", "（一）住房安全。及时鉴定房屋等级。",
        "1.组织鉴定。由乡建办负责，每季度一次，不漏一户，鉴定结果及时告诉农户和村委会。",
        "2.改造房屋。一万元以上的项目要公示，公示期间村民都可以提出意见，村里要逐条答复。",
    )  # fmt: skip
    parts = cut([TextLine(text) for text in written])
    assert [(part.clause, part.heading) for part in parts] == [
        ("一", "总体要求"),
        ("二(一)", "重点任务 › 住房安全"),
        ("二(一)1", "重点任务 › 住房安全 › 组织鉴定"),
        ("二(一)2", "重点任务 › 住房安全 › 改造房屋"),
    ]


def test_articles_and_numbers_of_manuals_are_cited_alone_and_short_lists_stay_together() -> None:
    lines = [
        "第一章 总则",
        "第一条 申请材料：",
        "（一）身份证；",
        "（二）户口本。",
        "第二章 附则",
        "2.1 报销比例 住院报销75%。",
    ]
    parts = cut([TextLine(line) for line in lines])
    assert [(part.clause, part.text) for part in parts[:1]] == [("第一条", "申请材料：\n（一）身份证；\n（二）户口本。")]
    assert cut([TextLine("2.1 报销比例 住院报销75%。")])[0].clause == "2.1"
    assert cut([TextLine("1.5万元以内不用公示。")])[0].clause == ""


_MARKS = ("第一条 ", "一、", "（一）", "1.", "2.1 ", "")


@given(st.lists(st.tuples(st.sampled_from(_MARKS), st.text("政策补助，。；元", min_size=1, max_size=50)), max_size=12))
def test_cutting_loses_no_sentence_and_makes_no_passage_too_long(written: list[tuple[str, str]]) -> None:
    parts = cut([TextLine(mark + text) for mark, text in written])
    assert all(part.text and len(part.text) <= 700 for part in parts)
    told = "".join(part.text + part.heading for part in parts)
    assert [text for _, text in written if text.strip("，。；") not in told] == []


def test_a_very_long_paragraph_is_split_between_sentences() -> None:
    parts = cut([TextLine("第一条 " + "每户补助一万元，按月发放到本人账户。" * 100)])
    assert len(parts) > 2
    assert all(part.clause == "第一条" and len(part.text) <= 600 and part.text.endswith("。") for part in parts)


def test_the_head_of_a_document_tells_title_number_and_date() -> None:
    lines = [TextLine(text) for text in RULES]
    head = read_head(lines, "文件.docx")
    assert (head.title, head.number) == ("瓦房镇城乡居民医疗保险报销办法", "瓦政发〔2022〕60号")
    assert head.dated == date(2022, 10, 8)
    assert [line.text for line in body(lines, head)] == list(RULES[4:11])
    assert read_head([TextLine("二〇二二年九月三十日")], "低保问答.txt").dated == date(2022, 9, 30)
    assert read_head([TextLine("一、对象")], "低保问答.txt").title == "低保问答"
    assert read_head([TextLine("低保", 1), TextLine("谁能申请")], "x.md").title == "低保"


def test_word_tables_are_read_row_by_row_with_their_headings() -> None:
    lines = [line.text for line in read_policy(word(table=TABLE))]
    assert lines[: len(RULES)] == list(RULES)
    assert lines[len(RULES) :] == ["房屋等级：C级，补助标准：每户1.5万元。", "房屋等级：D级，补助标准：每户3万元。"]


def test_numbers_that_word_counts_itself_are_part_of_the_text() -> None:
    document = docx.Document()
    kind = document.part.numbering_part.element.findall(qn("w:abstractNum"))[0]
    for depth, (form, text) in enumerate((("chineseCounting", "第%1条"), ("decimal", "%2."), ("bullet", "•"))):
        level = kind.findall(qn("w:lvl"))[depth] if depth < len(kind.findall(qn("w:lvl"))) else None
        if level is None:
            level = copy.deepcopy(kind.findall(qn("w:lvl"))[0])
            level.set(qn("w:ilvl"), str(depth))
            kind.append(level)
        level.find(qn("w:numFmt")).set(qn("w:val"), form)
        level.find(qn("w:lvlText")).set(qn("w:val"), text)
    wanted = kind.get(qn("w:abstractNumId"))
    numbers = document.part.numbering_part.element.findall(qn("w:num"))
    number = next(one.get(qn("w:numId")) for one in numbers if one.find(qn("w:abstractNumId")).get(qn("w:val")) == wanted)
    for depth, text in ((0, "总则。"), (1, "甲。"), (1, "乙。"), (0, "附则。"), (1, "丙。"), (2, "丁。"), (0, "")):
        listed = document.add_paragraph(text)._p.get_or_add_pPr().get_or_add_numPr()
        listed.get_or_add_numId().val, listed.get_or_add_ilvl().val = int(number), depth
    document.add_paragraph("完。")
    document.save(out := io.BytesIO())
    assert [line.text for line in read_policy(out.getvalue())] == [
        "第一条总则。", "1.甲。", "2.乙。", "第二条附则。", "1.丙。", "丁。", "完。",
    ]  # fmt: skip


def test_markdown_and_text_in_the_encodings_of_chinese_are_read() -> None:
    text = "# 低保问答\n\n## 标准\n- **每月** 400 元\n\n| 户型 | 标准 |\n|---|---|\n| 一人 | 400元 |\n"
    lines = read_policy(text.encode())
    assert [(line.text, line.level) for line in lines] == [
        ("低保问答", 1), ("标准", 2), ("每月 400 元", 0), ("户型：一人，标准：400元。", 0),
    ]  # fmt: skip
    assert cut(lines)[-1].heading == "低保问答 › 标准"
    for encoding in ("gb18030", "utf-8-sig", "utf-16"):
        assert read_policy("低保按月发放。".encode(encoding)) == [TextLine("低保按月发放。")]


def test_a_pdf_with_text_is_read_in_paragraphs_and_one_without_is_refused_kindly() -> None:
    lines = read_policy(
        pdf(
            ["低保政策明白卡", "第一条 家庭人均收入低于当地低保标准的，可以", "申请低保。", "第二条 低保金每月400元。", "- 1 -"]
        )
    )
    assert [line.text for line in lines] == [
        "低保政策明白卡",
        "第一条 家庭人均收入低于当地低保标准的，可以申请低保。",
        "第二条 低保金每月400元。",
    ]
    with pytest.raises(Unreadable, match="扫描"):
        read_policy(pdf([]))


def _zip(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        for name, content in files.items():
            box.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "没有文字"),
        (b" \n \n", "没有文字"),
        (b"\xd0\xcf\x11\xe0old", "另存为"),
        (b"PK\x03\x04 broken", "打不开"),
        (_zip(xl__workbook_xml=b"<x/>"), "不是 Word"),
        (_zip(word__document_xml=b"<!DOCTYPE x><x/>"), "不认识"),
        (_zip(word__document_xml=b"<x/>"), "打不开"),
        (_zip(word__document_xml=bytes(101 * 2**20)), "太大"),
        (b"%PDF-1.7 broken", "打不开"),
        (b"\xff\x00\xfe" * 5, "读不懂"),
        ("每户补助一万元。\n".encode() * 60_000, "太长"),
        (bytes(10 * 2**20 + 1), "太大"),
    ],
)
def test_what_is_no_document_is_refused_kindly(content: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        read_policy(content)


def test_a_pdf_of_too_many_pages_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_files, "_MOST_PAGES", 0)
    with pytest.raises(Unreadable, match="页"):
        read_policy(pdf([]))


@given(st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"%PDF-1.4\n"]))
def test_any_bytes_are_read_or_refused(content: bytes, before: bytes) -> None:
    with contextlib.suppress(Unreadable):
        assert all(line.text for line in read_policy(before + content))


def test_an_id_number_in_a_document_is_noticed_and_other_long_numbers_are_not() -> None:
    assert has_id_number([TextLine("张三 11010519491231002X")])
    assert not has_id_number([TextLine("账号 110105194912310021"), TextLine("电话 13800001001")])
