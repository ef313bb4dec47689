"""Drafts the next migration: from the tables of the last one to those of `db/tables`.

Usage: python tools/draft_migration.py 0002 "Leads remember their time zone"
Read the draft, add the data changes that it needs, add the revision to `db.engine.REVISIONS`, and run `make format`.
"""

from __future__ import annotations

import argparse
import sys

from alembic import command
from sqlalchemy import create_engine

from leadtriage.db.migrate import make_config


def main() -> int:
    """Write the draft to `db/migrations/versions`."""
    parser = argparse.ArgumentParser(description="Draft the next migration.")
    parser.add_argument("revision", help="four digits")
    parser.add_argument("message", help="the change, as a sentence without a full stop")
    arguments = parser.parse_args()
    config = make_config()
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    with create_engine("sqlite://").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        command.revision(config, arguments.message, autogenerate=True, rev_id=arguments.revision)
    return 0


if __name__ == "__main__":
    sys.exit(main())
