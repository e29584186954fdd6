"""Invented names: people by the surnames usual on the island, firms, training institutions."""

import random

_SURNAMES = [
    "陈",
    "王",
    "李",
    "吴",
    "林",
    "符",
    "黄",
    "张",
    "周",
    "郑",
    "云",
    "韩",
    "邢",
    "何",
    "冯",
    "蔡",
    "许",
    "潘",
    "谢",
    "曾",
    "刘",
    "邓",
    "杨",
    "麦",
    "羊",
    "薛",
    "唐",
    "梁",
    "卢",
    "莫",
    "朱",
    "钟",
    "叶",
    "苏",
    "洪",
    "庄",
    "龙",
    "万",
    "欧阳",
    "司徒",
]
_WEIGHTS = [max(2, 60 - 2 * i) for i in range(len(_SURNAMES))]
_MALE = "海伟强军勇志明建国平波辉斌龙华文武光亮德昌兴才发荣贵福生东南山川江涛峰磊杰鹏宇浩晨钧镕祺"
_FEMALE = "丽芳英兰娟秀梅玲霞燕珍琼香月花萍红艳娜静敏慧妹婷雪莹颖佳怡琳瑶菊凤晓春"
_RARE = "䶮㛃㸆𬭊𬱖𠮷昶翀祎赟犇淼堃"
_LI = ["符", "董", "黄", "王", "林", "高"]
_MIAO = ["盘", "邓", "蒋", "赵", "李", "马"]
_DOTTED = ["阿依古丽·买买提", "艾力·吐尔逊", "古丽娜尔·艾山", "买买提·艾力", "巴特尔·那木吉拉", "扎西·次仁"]
_FIRM_WORDS = [
    "椰风",
    "五指山",
    "南渡江",
    "万泉",
    "琼岛",
    "海甸",
    "龙昆",
    "金盘",
    "天涯",
    "三角梅",
    "凤凰木",
    "博鳌",
    "文昌阁",
    "昌化江",
    "霸王岭",
    "尖峰岭",
    "铜鼓岭",
    "木兰湾",
    "东寨",
    "白沙门",
]
_FIRM_ENDINGS = [
    "建筑工程有限公司",
    "建设集团有限公司",
    "市政园林工程有限公司",
    "装饰工程有限公司",
    "机电安装有限公司",
    "劳务有限公司",
    "工程监理有限公司",
]
_SCHOOL_ENDINGS = ["职业培训学校", "建设教育培训中心", "建筑技能培训中心", "继续教育学院"]


def person_name(rng: random.Random, *, female: bool) -> str:
    kind = rng.random()
    if kind < 0.006:
        return rng.choice(_DOTTED)
    characters = _FEMALE if female else _MALE
    if kind < 0.05:
        return rng.choice(_LI) + rng.choice("亚阿") + rng.choice(characters)
    if kind < 0.07:
        return rng.choice(_MIAO) + rng.choice("文金德进") + rng.choice(characters)
    surname = rng.choices(_SURNAMES, _WEIGHTS)[0]
    given = "".join(rng.sample(characters, 1 if rng.random() < 0.2 else 2))
    if rng.random() < 0.01:
        given = given[:-1] + rng.choice(_RARE)
    return surname + given


def firm_name(rng: random.Random, number: int, area: str) -> str:
    place = rng.choice(["海南", area.removesuffix("市").removesuffix("县").partition("黎族")[0]])
    mark = _FIRM_WORDS[number % len(_FIRM_WORDS)]
    serial = number // len(_FIRM_WORDS)
    return f"{place}样例{mark}{_numeral(serial)}{rng.choice(_FIRM_ENDINGS)}"


def school_name(number: int, area: str) -> str:
    mark = _FIRM_WORDS[number % len(_FIRM_WORDS)]
    serial = number // len(_FIRM_WORDS)
    return f"{area.removesuffix('市')}样例{mark}{_numeral(serial)}{_SCHOOL_ENDINGS[number % len(_SCHOOL_ENDINGS)]}"


def _numeral(number: int) -> str:
    digits = "零一二三四五六七八九"
    return f"第{''.join(digits[int(d)] for d in str(number))}" if number else ""
