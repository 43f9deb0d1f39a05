"""What has happened in the invented town, in the words of those who report it."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.cases.table import Act


@dataclass(frozen=True, slots=True)
class ClueStory:
    """A hardship: its kinds (codes of the plan), how it is told, what the visit found, and what helped."""

    kinds: tuple[str, ...]
    detail: str
    seen: str
    help: str


@dataclass(frozen=True, slots=True)
class ProblemStory:
    """A line of the ledger: its task, what is wrong, what is to be done, and what the people on it say of it."""

    item: str
    wrong: str
    measures: str
    progress: tuple[str, str]
    done: str
    returned: str = "照片看不出整改后的样子，请补充说明"
    reopened: str = "抽查发现问题又出现了，请再整改"
    whole_town: bool = False


OF_THE_STORY = ClueStory(
    ("medical",),
    "孙女住院两次，报销后自己还要付九千多元，快承担不起了。",
    "看了住院单据，自付九千二百元，儿子在外打零工，困难属实。",
    "办了大病救助，返还四千三百元；儿子介绍到帮扶车间。",
)
"""The earlier case of the household whose phone is shown; it ended well."""

CLUES = (
    ClueStory(
        ("housing",),
        "房顶漏雨，东墙裂了一道缝，下雨天不敢住人。",
        "东墙裂缝两指宽，屋顶三处漏雨。",
        "已鉴定为 C 级，修缮加固完工。",
    ),
    ClueStory(
        ("housing", "disaster"), "大风掀了半个房顶，临时盖了塑料布。", "房顶受损约二十平方米。", "发放救灾补助，房顶已换新。"
    ),
    ClueStory(("medical",), "查出重病，住院自己花了三万多。", "有住院单据，自付三万一千元。", "纳入大病救治，办理医疗救助。"),
    ClueStory(
        ("medical", "income"),
        "家里劳力做了手术，半年干不了活，药费不断。",
        "手术后在家休养，家里没有别的收入。",
        "慢病签约，安排家属公益岗位。",
    ),
    ClueStory(("insurance",), "今年的医保没交上，怕看病没着落。", "全家两人未参保。", "当天补缴，资助已落实。"),
    ClueStory(("education",), "孩子不愿上学，在家待了一周。", "孩子厌学，父母在外打工。", "老师上门劝返，已回校上课。"),
    ClueStory(
        ("education", "income"),
        "两个孩子念书，生活费凑不齐。",
        "两个孩子在读，主要收入靠种地。",
        "落实教育资助，每学期一千元。",
    ),
    ClueStory(("water",), "井水发黄，有味，不敢喝。", "水样浑浊，邻近三户也一样。", "换了滤芯，水质检测合格。"),
    ClueStory(
        ("income",), "今年粮食减产，收入比去年少了一大半。", "玉米减产六成，收入明显下降。", "落实生产补贴，介绍冬季务工。"
    ),
    ClueStory(("employment",), "厂里停工，回家两个月没找到活。", "夫妻两人都没有务工。", "一人安排到帮扶车间，一人当护林员。"),
    ClueStory(("industry",), "养的鹅病死了大半，本钱赔进去了。", "存栏从三百只减到八十只。", "技术员上门，办理小额信贷。"),
    ClueStory(("disaster",), "地势低，雨水泡了院子和苞米地。", "三亩地绝收，院墙倒了一段。", "理赔到账，院墙修好。"),
    ClueStory(
        ("epidemic", "income"), "疫情期间出不去打工，家里没有进项。", "两个月没有工资收入。", "发放临时救助，联系就近务工。"
    ),
    ClueStory(("accident",), "干活时摔伤了腿，三个月下不了地。", "腿骨骨折，正在休养。", "临时救助两千元，邻里帮着秋收。"),
    ClueStory(
        ("marriage_funeral", "income"),
        "家里办丧事借了钱，还要还账。",
        "外债两万元，劳力只剩一人。",
        "减免部分费用，安排公益岗位。",
    ),
    ClueStory(("disability",), "行动不便，想办残疾证，不知道找谁。", "走路要扶墙，符合评定条件。", "上门评定，补贴已发放。"),
    ClueStory(("other",), "院外的路一下雨就出不去门。", "门前四十米土路积水。", "村里垫了砂石，能通车了。"),
)

JOINED = "我也去看过，情况差不多，请一并核实。"

NOT_FOUND = (
    "去看了，房子和饮水都没有问题，收入也稳定，暂不符合条件。有变化请再申报。",
    "报销已经到账，自付部分家里能承担。以后有变化可以再报。",
    "孩子是请病假，现在已经回校。",
)

NOTES = {
    Act.OBJECT: "只看了一间房，另一间没有看，请再核一次。",
    Act.UPHOLD: "镇里和驻村队一起去看过，两间房都安全。有变化请再申报。",
    Act.AUTHORIZE: "农户已在纸上签字",
    Act.RETURN: "会议记录看不清，请补拍。",
    Act.SECURE: "收入稳定，“三保障”和饮水安全都有了着落。",
}
"""What is noted with an act; what the visit saw and what helped is told by the story itself."""

PROBLEMS = (
    ProblemStory(
        "1",
        "有户的帮扶措施只写了“发展庭院经济”,没有具体内容。",
        "逐户改写帮扶措施，写清项目、时间和收入。",
        ("已走访，了解了想种什么", "措施已改好，正在找苗"),
        "措施改好并落实，户主签了字",
    ),
    ProblemStory(
        "2.1",
        "控辍保学台账缺转学去向。",
        "核对学籍，补齐去向。",
        ("正在和学校核对名单", "还差两名学生的回执"),
        "台账已补齐，附转学证明",
    ),
    ProblemStory(
        "2.2",
        "部分慢病患者本季度没有随访记录。",
        "签约医生补随访，记录入册。",
        ("已约好随访时间", "随访了一半人"),
        "随访全部完成，记录已录入",
    ),
    ProblemStory(
        "2.3", "有脱贫人口没有参保。", "逐户核对，随时参保缴费。", ("联系上三人", "已缴两人，另一人在外地"), "应参保的都已参保"
    ),
    ProblemStory(
        "2.4",
        "住房安全鉴定牌没有挂，鉴定表缺签字。",
        "补签鉴定表，挂牌。",
        ("鉴定表已找到，正在补签", "牌子已做好"),
        "鉴定牌挂好，表格齐全",
        returned="照片里看不到鉴定牌，请补拍",
    ),
    ProblemStory(
        "2.5",
        "冬季供水管道埋得浅，去年冻过。",
        "加深埋管，入冬前做好保温。",
        ("已开挖一百米", "保温材料到位，正在包裹"),
        "管道加深并保温，通水正常",
        reopened="回访有两户水压不足，请再检查",
    ),
    ProblemStory(
        "3.2", "防返贫监测员走访记录不全。", "补齐九月走访记录，每月检查。", ("补了一半", "还差一个屯"), "走访记录已补齐"
    ),
    ProblemStory(
        "3.3",
        "民主评议记录没有参会人签字。",
        "重新评议，到会人员签字。",
        ("已通知开会", "会开了，两人没到"),
        "重新评议，签字齐全",
        returned="会议记录的日期写错了，请改正",
    ),
    ProblemStory(
        "3.4", "监测户的帮扶计划没有完成时限。", "每项措施写明时限和责任人。", ("正在逐户补", "还差两户"), "计划已补全"
    ),
    ProblemStory("3.7", "账上人口和户口簿对不上。", "入户核对，账实一致。", ("核对了三个屯", "差异还有四人"), "已全部核对一致"),
    ProblemStory(
        "4.1",
        "帮扶项目收益没有分到户。",
        "开会定分配方案，公示后发放。",
        ("方案已讨论", "正在公示"),
        "收益已发放，有签领表",
        returned="签领表缺两户签字，请补上",
    ),
    ProblemStory(
        "4.4",
        "符合条件的户有贷款需求没有办。",
        "逐户对接银行，应贷尽贷。",
        ("已统计需求", "银行正在审批"),
        "两户已放款，一户自愿放弃",
    ),
    ProblemStory(
        "5.1", "公益岗位人员没有上岗记录。", "补考勤表，重签协议。", ("协议已重签", "考勤表正在补"), "考勤和协议都补齐"
    ),
    ProblemStory("5.4", "外出务工交通补助有人没领到。", "核对名单，补发到人。", ("名单已核对", "已报市里审批"), "补助已到账"),
    ProblemStory(
        "6.1.2",
        "屯里的路坑洼，下雨积水。",
        "垫砂石，修排水沟。",
        ("砂石已到", "修了三百米"),
        "路修完，排水沟通了",
        reopened="雨后又有一段积水，请再处理",
    ),
    ProblemStory(
        "6.1.4",
        "有空置危房没有拆除，没有警示。",
        "设警示牌，动员拆除。",
        ("警示牌已立", "户主同意拆除"),
        "危房已拆，场地清理完",
    ),
    ProblemStory(
        "7.1", "驻村干部工作日志不连续。", "按日补记，每周检查。", ("正在补", "还差一周"), "日志已补齐", whole_town=True
    ),
    ProblemStory(
        "7.2",
        "积分制没有兑换记录。",
        "公布积分，按季兑换。",
        ("积分表已公布", "物品已采购"),
        "完成一次兑换，有登记",
        whole_town=True,
    ),
    ProblemStory(
        "2.2", "家庭医生签约名册没有更新。", "重新核对名册。", ("核对了九个村", "还差三个村"), "名册已更新", whole_town=True
    ),
    ProblemStory(
        "2.5", "水质检测报告没有公示。", "各村张贴检测报告。", ("报告已打印", "贴了十个村"), "所有村都已张贴", whole_town=True
    ),
)
