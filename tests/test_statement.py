"""What a distributor is told: its own figures in words, all of them, and nothing that is not its business."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from statement_runs import LINES, PROGRAM, SECOND_QUARTER, attainment, hand_made, sample_run, sample_statements, told, verdict

from rebate_udfs.model import Method, Period, RewardKind, Settings, Terms, Threshold
from rebate_udfs.rewards import LadderRow, read_ladder, reward
from rebate_udfs.statement import recipients
from rebate_udfs.statement.in_words import bands_in_words, date_text, pays_for, terms_of_program, tier_lines, worked_example


def north(**changes):
    """The statement of NORTH when its figure is changed."""
    program = changes.pop("program", PROGRAM)
    measure, base = changes.pop("measure", "7480"), changes.pop("base", "74800")
    return told(hand_made(attainment("NORTH", measure, base, program, **changes), program=program))[0]


def test_page_one_says_what_was_earned_and_what_is_next():
    period = north().programs[0].periods[0]
    assert period.earned == Decimal("1496.00")
    assert period.tier_text == "Tier 1 reached (2 %)"
    assert period.next_text == "Buy 2,521 more units by 2026-06-30 to earn USD 2,504.40 more."
    assert 0 < period.progress < 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"measure": "30000", "base": "300000"}, "You have reached the highest tier."),
        ({"program": PROGRAM.model_copy(update={"threshold": Threshold.MORE_THAN}), "measure": "4999"}, "Buy more than 1 unit on top by 2026-06-30"),
        ({"period": Period("2026-Q1", date(2026, 1, 1), date(2026, 3, 31))}, "This period ended on 2026-03-31."),
        ({"next_tier_value": Decimal("-5")}, "Buy 2,521 more units by 2026-06-30 to reach the next tier."),
        ({"status": "No Target", "ladder": ()}, ""),
    ],
)  # fmt: skip
def test_the_next_step_is_said_as_it_is(changes, said):
    assert north(**changes).programs[0].periods[0].next_text.startswith(said)


def test_a_family_is_told_its_own_figures_and_no_other():
    north_, south = told(hand_made())
    assert (north_.participant_id, south.participant_id) == ("NORTH", "SOUTH")
    assert [program.program_id for program in north_.programs] == ["P-1"]
    text = repr(north_)
    for secret in ("SOUTH", "Southern", "SECRET-INV", "P-9", "Hidden", "88.88", "99.99", "Underachievers", "777777"):
        assert secret not in text, secret
    assert [line.invoice_number for line in north_.counted] == ["INV-1", "INV-2", "INV-3"]
    assert [(line.invoice_number, line.reason) for line in north_.excluded] == [("INV-4", "Not in the program's scope.")]
    assert [(line.amount, line.period_id) for line in north_.payments] == [(Decimal("10.00"), "2026-Q1")]


def test_branches_are_sections_whose_parts_add_up():
    period = told(hand_made())[0].programs[0].periods[0]
    assert [(share.distributor_id, share.lines, share.earned) for share in period.branches] == [
        ("NORTH", 1, Decimal("1000.00")), ("NORTH-1", 1, Decimal("400.00")), ("NORTH-2", 1, Decimal("96.00")),
    ]  # fmt: skip
    assert sum(share.earned for share in period.branches) == period.earned


def test_a_branch_statement_holds_its_own_part_only():
    whole, one, two, _ = told(hand_made(), branches=True)
    assert [statement.participant_id for statement in (whole, one, two)] == ["NORTH", "NORTH-1", "NORTH-2"]
    assert one.programs[0].earned == Decimal("400.00")
    assert "NORTH-2" not in repr(one)
    assert "INV-1" not in repr(one)
    assert [line.invoice_number for line in two.excluded] == ["INV-4"]


def test_a_line_of_a_branch_that_moved_goes_to_the_family_of_its_day():
    run_ = hand_made()
    moved = tuple(
        row.model_copy(update={"member_to": date(2026, 3, 31)}) if row.distributor_id == "NORTH-2" else row for row in run_.tables.distributors
    )
    later = moved[2].model_copy(update={"parent_id": "SOUTH", "member_from": date(2026, 4, 1), "member_to": None})
    run_ = replace(run_, tables=replace(run_.tables, distributors=(*moved, later)))
    lines = [replace(line, participant_id="") if not line.counts else line for line in LINES]
    north_, south = told(run_, lines)
    assert "INV-4" not in repr(north_)
    assert [line.invoice_number for line in south.excluded] == ["INV-4"]


def test_a_line_without_a_currency_is_in_the_currency_of_the_books():
    north_ = told(hand_made(), [verdict("NORTH", "INV-1", "1", "1", currency="")])[0]
    assert [line.currency for line in north_.counted] == ["USD"]


def test_equal_content_has_one_hash_whatever_the_run_is_called():
    first, again = told(hand_made())[0], told(replace(hand_made(), run_id="another"))[0]
    assert first.content_hash == again.content_hash
    assert first.content_hash != told(hand_made(), LINES[:2])[0].content_hash
    assert pickle.loads(pickle.dumps(first)) == first


REFUSED = {(Method.ROLLING, RewardKind.LUMP_SUM), (Method.LINEAR, RewardKind.LUMP_SUM)}


@pytest.mark.parametrize(("method", "kind"), [(method, kind) for method in Method for kind in RewardKind if (method, kind) not in REFUSED])
def test_every_way_of_earning_is_said_in_sentences(method, kind):
    program = PROGRAM.model_copy(
        update={"method": method, "reward": kind, "minimum_payout": Decimal(50), "claim_required": True, "document": "Deal 7"}
    )
    terms = Terms(method=method, reward=kind)
    ladder, _ = read_ladder([LadderRow(Fraction(5000), None, Fraction("0.02")), LadderRow(Fraction(10001), None, Fraction("0.04"))], terms)
    sentences = [pays_for(program, ladder, (), "units", "USD"), *terms_of_program(program, ladder, (), "units", "USD", "yyyy-mm-dd")]
    assert all(sentence.endswith((".", ".)")) and sentence[0].isupper() and "None" not in sentence for sentence in sentences)
    assert len(set(sentences)) == len(sentences) > 7
    example = worked_example(program, ladder, terms, reward, "units", "USD", None)
    assert example[-1].startswith("You earn USD ")
    assert example[0].startswith(("Units 5,001-10,001 at", "Example: you buy 12,000 units"))


def test_the_worked_example_counts_units_like_people():
    rows = [LadderRow(Fraction(0), None, Fraction("0.1")), LadderRow(Fraction(15), None, Fraction("0.2"))]
    ladder, _ = read_ladder(rows, Terms(method=Method.INCREMENTAL))
    program = PROGRAM.model_copy(update={"method": Method.INCREMENTAL})
    assert bands_in_words(program, ladder, "units", "USD") == "Units 1-15 at 10 %, from the 16th 20 %."
    lines = tier_lines(ladder, program, "units", "USD")
    assert [(line.from_text, line.to_text, line.reward_text) for line in lines] == [
        ("From 0 units", "below 15 units", "10 %"),
        ("From 15 units", "and more", "20 %"),
    ]


def test_a_tier_that_pays_from_the_first_unit_says_so():
    rows = [LadderRow(Fraction(0), Fraction(249), Fraction("1.5")), LadderRow(Fraction(250), None, Fraction(2), True)]
    terms = Terms(method=Method.INCREMENTAL, reward=RewardKind.PER_UNIT)
    ladder, _ = read_ladder(rows, terms)
    program = PROGRAM.model_copy(update={"method": Method.INCREMENTAL, "reward": RewardKind.PER_UNIT})
    words = bands_in_words(program, ladder, "units", "USD")
    assert words == "Units 1-249 at USD 1.50 a unit, once you are at 250 units USD 2.00 a unit from the first unit."
    assert worked_example(program, ladder, terms, reward, "units", "USD", None)[-1] == "You earn USD 600.00."


def test_a_claim_is_asked_for_before_it_lapses():
    program = PROGRAM.model_copy(update={"claim_required": True})
    quarter = Period("2026-Q1", date(2026, 1, 1), date(2026, 3, 31))
    ended, running = (north(program=program, period=period).programs[0] for period in (quarter, SECOND_QUARTER))
    assert ended.claim_text == "Claim USD 1,486.00 for 2026-Q1 by 2026-06-29 or it lapses."
    assert running.claim_text == "This rebate has to be claimed within 90 days after a period has ended."
    assert running.next_due_on == date(2026, 7, 30)


def test_the_sample_company_gets_a_statement_for_every_family():
    run_, statements = sample_run(), sample_statements()
    assert [statement.participant_id for statement in statements] == [one.participant_id for one in recipients(run_)]
    begun = [row for row in run_.attainment if row.period.starts_on <= run_.as_of]
    figures = [period for statement in statements for program in statement.programs for period in program.periods]
    assert {(figure.figure_id, figure.earned) for figure in figures} == {(row.figure_id, row.earned) for row in begun}
    for statement in statements:
        for program in statement.programs:
            counted = sum(1 for line in statement.counted if line.program_id == program.program_id)
            rows = [row for row in begun if row.figure_id in {period.figure_id for period in program.periods}]
            assert counted == sum(row.transactions_used for row in rows), (statement.participant_id, program.program_id)


def test_dates_look_as_settings_ask():
    assert date_text(date(2026, 6, 3), "d. mmmm yyyy") == "3. June 2026"
    run_ = hand_made(settings=Settings(date_format="dd.mm.yyyy"))
    assert "by 30.06.2026 to" in told(run_)[0].programs[0].periods[0].next_text
