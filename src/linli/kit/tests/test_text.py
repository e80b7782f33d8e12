"""Text helpers: what a person typed survives, what could mislead a reader goes."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.kit import text
from linli.kit.text import NumberKind

IDENTITY = "420921189901010013"  # nobody's: born in 1899, check digit valid


class TestClean:
    @given(st.text(max_size=200))
    def test_cleaning_twice_changes_nothing_more(self, raw: str) -> None:
        once = text.clean(raw)
        assert text.clean(once) == once

    @given(st.text(st.characters(exclude_categories=()), max_size=200))
    def test_result_is_nfc_and_can_be_stored(self, raw: str) -> None:
        cleaned = text.clean(raw)
        assert unicodedata.is_normalized("NFC", cleaned)
        assert "\x00" not in cleaned
        cleaned.encode("utf-8")

    @pytest.mark.parametrize(
        "name",
        [
            "\U00020bb7野家",  # 𠮷, extension B
            "\U00030edd",  # extension G
            "\ue863某某",  # private use, an old rare-character mapping
            "买买提·吐尔逊",
            "ئابدۇرەھىم مۇھەممەت",
            "葛\U000e0100城",  # a variation sequence
            "ＡＢＣ１２３",  # full width stays full width
            "㎡",
            "👩‍🌾",  # a legitimate joiner
            "می‌خواهم",
        ],
    )
    def test_real_names_and_legitimate_joiners_survive(self, name: str) -> None:
        assert text.clean(name) == unicodedata.normalize("NFC", name)

    @pytest.mark.parametrize(
        "hidden",
        ["\u202e", "\u2066", "\u200b", "\u200d", "\u200e", "\ufeff", "\x00", "\x1b", "\ud800", "\u00ad"],
    )
    def test_invisible_controls_go(self, hidden: str) -> None:
        assert text.clean(f"路{hidden}灯") == "路灯"

    def test_newlines_become_one_kind(self) -> None:
        assert text.clean("一\r\n二\r三\u2028四\n五\t六") == "一\n二\n三\n四\n五\t六"

    def test_a_flood_of_combining_marks_is_cut(self) -> None:
        assert len(text.clean("灯" + "\u0301" * 5000)) <= 10

    def test_decomposed_and_composed_become_the_same(self) -> None:
        assert text.clean("cafe\u0301") == text.clean("caf\u00e9")


class TestPersonalNumbers:
    @pytest.mark.parametrize(
        ("said", "kind", "masked"),
        [
            ("请打13800000000找他", NumberKind.MOBILE, "请打138****0000找他"),
            ("130-0000-1234", NumberKind.MOBILE, "130-****-1234"),
            ("+86 138 0000 0000", NumberKind.MOBILE, "+86 138 **** 0000"),
            ("１３８００００００００", NumberKind.MOBILE, "１３８****００００"),
            ("镇里座机0712-0000-118", NumberKind.LANDLINE, "镇里座机0712-****-*18"),
            ("（0712）4760000", NumberKind.LANDLINE, "（0712）*****00"),
            ("家里电话：4760000", NumberKind.LANDLINE, "家里电话：47***00"),
            (f"身份证{IDENTITY}", NumberKind.IDENTITY, "身份证420921********0013"),
            ("420921 18990101 0013", NumberKind.IDENTITY, "420921 ******** 0013"),
            ("420921990101001", NumberKind.IDENTITY, "420921*****1001"),
            ("卡号6222 0000 0000 0000 000", NumberKind.BANK_CARD, "卡号6222 **** **** ***0 000"),
        ],
    )
    def test_a_personal_number_is_found_and_its_middle_masked(
        self, said: str, kind: NumberKind, masked: str
    ) -> None:
        spans = text.mask_candidates(said)
        assert [span.kind for span in spans] == [kind]
        assert text.mask(said, spans) == masked
        assert text.mask_candidates(masked) == []

    @pytest.mark.parametrize(
        "said",
        [
            "拨打12345或者110",
            "2026年9月30日16:42",
            "2026-09-30 16:42:00",
            "欠了 12000 元，3 个月",
            "件号 261123-7K3M9",
            "31.251,113.998",
            "统一社会信用代码 51420921MJTEXT001Y",
            "电线杆号 0712-03-118",
            "服务热线 400-000-0000",
        ],
    )
    def test_an_ordinary_number_is_left_alone(self, said: str) -> None:
        assert text.mask_candidates(said) == []

    def test_a_check_digit_only_raises_certainty(self) -> None:
        right = text.mask_candidates(IDENTITY)[0]
        wrong = text.mask_candidates(IDENTITY[:-1] + "4")[0]
        assert right.kind == wrong.kind == NumberKind.IDENTITY
        assert (right.is_certain, wrong.is_certain) == (True, False)

    def test_two_numbers_in_one_breath_are_two(self) -> None:
        spans = text.mask_candidates("13800000000 13900000000、0712-4760000")
        assert [span.kind for span in spans] == [NumberKind.MOBILE, NumberKind.MOBILE, NumberKind.LANDLINE]

    @given(st.text(st.sampled_from("0123456789Xx -.()（）１２电话号码13"), max_size=120))
    def test_spans_are_ordered_inside_the_text_and_masking_keeps_its_length(self, said: str) -> None:
        spans = text.mask_candidates(said)
        edges = [edge for span in spans for edge in (span.start, span.end)]
        assert edges == sorted(edges)
        assert all(0 <= edge <= len(said) for edge in edges)
        masked = text.mask(said, spans)
        assert len(masked) == len(said)
        assert all(a == b or b == "*" for a, b in zip(said, masked, strict=True))


class TestSearch:
    def test_grams_are_single_characters_and_pairs(self) -> None:
        assert text.grams("路灯坏") == ["路", "灯", "坏", "路灯", "灯坏"]

    def test_case_width_and_punctuation_are_folded_away(self) -> None:
        assert text.folded("ＬＥＤ灯，坏了！\n路 灯") == "led灯 坏了 路 灯"
        assert text.folded("ئۇيغۇر \U00020bb7\ue863 😀") == "ئۇيغۇر \U00020bb7\ue863"

    def test_terms_are_what_stands_between_spaces_and_marks(self) -> None:
        assert text.terms("路灯，LED 路灯 *") == ["路灯", "led"]
        assert text.terms(" %'\x00😀") == []
        assert len("".join(text.terms("灯" * 900))) == 100

    def test_hits_are_marked_whatever_their_width_and_case(self) -> None:
        pieces = text.marked("换了 ＬＥＤ 路灯，又坏", text.terms("led 路灯"))
        assert [piece.text for piece in pieces if piece.is_hit] == ["ＬＥＤ", "路灯"]
        assert "".join(piece.text for piece in pieces) == "换了 ＬＥＤ 路灯，又坏"
        assert text.marked("没有", ["路灯"]) == [text.Piece("没有")]

    @given(st.text(max_size=80), st.text(min_size=1, max_size=6), st.integers(8, 40))
    def test_an_excerpt_is_a_stretch_of_the_text_with_the_first_hit_in_view(
        self, said: str, asked: str, limit: int
    ) -> None:
        wanted = text.terms(asked)
        pieces = text.marked(said, wanted, limit)
        shown = "".join(piece.text for piece in pieces)
        assert shown.strip("…") in " ".join(said.split())
        if any(term in text.folded(said) for term in wanted) and text.width(said) <= limit:
            assert any(piece.is_hit for piece in pieces)
        assert text.width(shown.strip("…")) <= limit + 1

    def test_a_query_of_one_character_asks_for_that_character(self) -> None:
        assert text.query_grams("灯") == ["灯"]
        assert text.query_grams("村部 路灯") == ["村部", "路灯"]

    @given(st.text(st.sampled_from("路灯村部小学门口坏了，。 LED12\U00020bb7\ue863"), max_size=60), st.data())
    def test_every_piece_of_a_text_finds_it(self, whole: str, data: st.DataObject) -> None:
        start = data.draw(st.integers(0, len(whole)))
        end = data.draw(st.integers(start, len(whole)))
        words = text.folded(whole)
        for term in text.terms(whole[start:end]):
            assert term in words
            assert set(text.query_pairs(term)) <= set(text.grams(words))

    def test_like_texts_score_higher_than_unlike_ones(self) -> None:
        lamp = "小学门口两盏路灯不亮了"
        assert text.similar(lamp, "小学门口的路灯两盏都不亮") > 0.5
        assert text.similar(lamp, "养老保险怎么交") < 0.1

    @given(st.text(max_size=60), st.text(max_size=60))
    def test_likeness_is_symmetric_and_between_zero_and_one(self, a: str, b: str) -> None:
        assert text.similar(a, b) == text.similar(b, a)
        assert 0 <= text.similar(a, b) <= 1


class TestTitles:
    @pytest.mark.parametrize(
        ("said", "title"),
        [
            ("村部门前路灯连续三晚不亮。学生看不清路。", "村部门前路灯连续三晚不亮"),
            ("您好，我想反映一下，三组自来水断了两天，老人挑水吃", "三组自来水断了两天"),
            ("你好！请问，低保材料怎么交？", "低保材料怎么交"),
            ("昨晚，桥头护栏被撞断，夜里看不见", "昨晚，桥头护栏被撞断"),
            ("", ""),
            ("。。。", ""),
        ],
    )
    def test_a_title_is_the_first_clause_that_says_something(self, said: str, title: str) -> None:
        assert text.title_from(said) == title

    @given(st.text(max_size=300), st.integers(4, 40))
    def test_a_title_is_one_line_within_its_limit(self, said: str, limit: int) -> None:
        title = text.title_from(text.clean(said), limit)
        assert "\n" not in title
        assert text.width(title) <= limit

    def test_an_excerpt_keeps_the_word_in_view(self) -> None:
        long = "前言" * 60 + "路灯不亮" + "后话" * 60
        assert "路灯" in text.excerpt(long, 40, around="路灯")
        assert text.width(text.excerpt(long, 40, around="路灯")) <= 40
        assert text.excerpt("短\n话") == "短 话"


@pytest.mark.parametrize(
    "attack",
    [
        "1" * 100_000,
        "1-" * 50_000,
        "1 -" * 30_000,
        "(" * 100_000,
        "你好，" * 30_000,
        "电话" * 50_000,
        "\u0301" * 100_000,
    ],
)
def test_no_text_takes_long(attack: str) -> None:
    started = time.process_time()
    text.mask_candidates(attack)
    text.clean(attack)
    text.title_from(attack)
    text.grams(text.folded(attack))
    text.marked(attack, text.terms(attack))
    assert time.process_time() - started < 30  # a quadratic search takes minutes
