"""A list, a grouped report and a card to draw: ordinary values beside hostile ones."""

from __future__ import annotations

from datetime import date, datetime

from leadtriage.core.tables import Card, Column, Table

HOSTILE = {
    "escape sequence": "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "markup": "[b]bold[/b] [link=http://example.com]x[/link] [/]",
    "emoji name": ":smile: :warning:",
    "direction": "Anna\u202egnp.exe",
    "isolates": "\u2066hidden\u2069",
    "c1": "\x9b31m\x85",
    "lines": "first\r\nsecond\tthird",
    "formula": '=cmd|" /C calc"!A0',
    "phone": "+4930123456",
    "negative": "-5",
    "markdown": "|`<script>`|*x*",
    "wide": "渡辺 花子 👩🏽‍💼",
    "long": "word " * 300,
    "nothing": None,
}
"""What a lead may be called, by what is bad about it."""

QUEUE = Table(
    title="Queue",
    columns=(
        Column("rank", "#", keep=98, align="right"),
        Column("id", "Id", keep=95, align="right"),
        Column("name", "Name", keep=100),
        Column("company", "Company", keep=90),
        Column("email", "E-mail", keep=45),
        Column("score", "Score", keep=85, align="right", kind="bar"),
        Column("grade", "Grade", keep=92, kind="grade", shown="grade_shown"),
        Column("known", "Known", keep=35, align="right", kind="share"),
        Column("created", "Came in", keep=30),
        Column("bounced", "Bounced", keep=5),
        Column("age_days", "Age", keep=50, align="right", kind="days"),
        Column("next_step", "Next step", keep=97),
    ),
    rows=tuple(
        {
            "rank": place,
            "id": 12_340 + place,
            "name": name,
            "company": f"Company {place}",
            "email": f"lead{place}@example.com",
            "score": 100 - 11 * place,
            "grade": "ABCD"[place // 4],
            "grade_shown": "ABCD"[place // 4] + ("?" if place % 3 == 0 else ""),
            "known": place / 14,
            "created": date(2026, 11, place),
            "bounced": place % 2 == 0,
            "age_days": 20 - place,
            "next_step": "call: first contact overdue 2 d" if place % 2 else "ask budget: up to +20",
        }
        for place, name in enumerate(HOSTILE.values(), start=1)
    ),
    more=True,
)

STALE = Table(
    title="Stale leads",
    columns=(
        Column("id", "Id", keep=95, align="right"),
        Column("name", "Name", keep=100),
        Column("owner", "Owner", keep=60, shown="owner_shown"),
        Column("overdue_days", "Overdue", keep=96, align="right", kind="days"),
        Column("leads", "Leads", keep=20, align="right"),
    ),
    rows=(
        {"id": 1, "name": "Greta", "owner": "Anna", "owner_shown": "Anna", "overdue_days": 9, "leads": None},
        {"id": 2, "name": "Noah", "owner": "Anna", "owner_shown": "Anna", "overdue_days": -2, "leads": None},
        {"id": None, "name": None, "owner": None, "owner_shown": "no owner", "overdue_days": None, "leads": 12_000},
    ),
    group_by="owner",
)

CARD = Card(
    title="Greta [b]Hallbeck[/b] (lead 7)",
    facts=(("Grade", "B?"), ("Score", "42, potential 77, 40% known"), ("Need", "to replace \x1b[2J a tool " * 8)),
    tables=(
        Table(
            "Score by dimension",
            (
                Column("dimension", "", keep=100),
                Column("share", "", keep=90, kind="bar", shown="share_shown"),
                Column("ceiling", "Potential", keep=80, align="right"),
            ),
            (
                {"dimension": "fit", "share": 60, "share_shown": "15 of 25", "ceiling": 25},
                {"dimension": "timing", "share": -33, "share_shown": "-5 of 15", "ceiling": 5},
            ),
        ),
        Table(
            "History",
            (Column("at", "At", keep=90), Column("text", "What happened", keep=100)),
            ({"at": datetime(2026, 11, 12, 9, 30), "text": "imported from a file with a long name " * 4},),
        ),
        Table(
            "Files",
            (
                Column("example", "For example", keep=90, kind="line"),
                Column("file", "File", keep=100, kind="path"),
            ),
            (
                {"example": "greta.hallbeck@" + "hallbeck-" * 9 + "pumps.example.com", "file": "leads.csv"},
                {"example": None, "file": "/home/maria/exports of the trade show in Berlin/2026-11/leads.csv"},
            ),
        ),
    ),
    record={
        "id": 7,
        "name": "Greta [b]Hallbeck[/b]",
        "created_on": date(2026, 11, 12),
        "known": 0.4,
        "ledger": [{"dimension": "fit", "points": 15, "known": True}],
        "next_question": None,
    },
)

REVIEWED = Card(
    title="Greta [b]Hallbeck[/b], Hallbeck Pumps \x1b[2J (lead 7)",
    facts=(
        ("Title", "Head of \u202eservice"),
        ("E-mail", "greta.hallbeck@hallbeck-pumps-of-the-north.example.com"),
        ("Phone", "+4930123456"),
        ("Need", "We plan every service trip on paper, trips get lost, and customers call us twice. " * 5),
        ("Source", "Trade show, Autumn in Berlin"),
        ("Owner", "none"),
        ("Came in", "3 Nov, 17 days ago"),
        ("Last contact", "not contacted (as far as recorded)"),
        ("Industry", "Manufacturing"),
        ("Employees", "1,200"),
        ("Country", "DE, 渡辺"),
    ),
    tables=(
        Table(
            "Junk candidate, because",
            (Column("reason", "", keep=90), Column("text", "", keep=100)),
            (
                {"reason": "no_budget", "text": "flagged by Sam Fox: " + "told me by phone that there is none " * 4},
                {"reason": "no_need", "text": "the criteria: need says thesis, dissertation, homework or 7 more"},
            ),
        ),
        Table(
            "Score: 26 points, potential 76, 39% known, grade C?",
            (
                Column("points", "", keep=100, align="right"),
                Column("criterion", "", keep=99),
                Column("value", "", keep=98, kind="line"),
            ),
            tuple(
                {"points": points, "criterion": criterion, "value": value}
                for points, criterion, value in (
                    ("-10", "States a problem", "We plan every service trip on paper, trips get lost, and more " * 3),
                    ("+20", "Job title", "Head of \x1b[31mservice"),
                    ("?", "Revenue, as a stand-in", "unknown, could give +8"),
                    ("+5", "Company size", "1,200 (at least 1,001)"),
                    ("+5", "Business address", "business"),
                    ("+2", "Asked us for something", "Trade show"),
                    ("0", "Came in lately", "49 days"),
                )
            ),
        ),
        Table(
            "Missing answers could lift it to 76, grade A",
            (
                Column("gain", "", keep=100, align="right"),
                Column("grade", "", keep=99),
                Column("ask", "", keep=98, kind="line"),
            ),
            (
                {"gain": "+20", "grade": "to B", "ask": "Which budget is set aside for this?"},
                {"gain": "+20", "grade": "to B", "ask": "Who signs off on a purchase like this?"},
                {"gain": "+10", "grade": None, "ask": "When do you want this running?"},
            ),
        ),
        Table(
            "History, the latest first",
            (
                Column("at", "", keep=99),
                Column("by", "", keep=60),
                Column("text", "", keep=100, kind="line"),
            ),
            tuple(
                {"at": f"{day} Nov", "by": by, "text": text}
                for day, by, text in (
                    (18, "Sam Fox", "flagged as junk: no_budget: told me on the phone that there is none"),
                    (12, "Sam Fox", "call on 12 Nov 2026: no answer"),
                    (5, "crm", "status changed from New to Contacted (batch 2)"),
                    (3, "Maria", "imported from leads.csv (batch 1)"),
                )
            ),
        ),
        Table("Nothing in it", (Column("text", ""),), ()),
    ),
    record={},
)
