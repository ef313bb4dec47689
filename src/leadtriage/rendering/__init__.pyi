from .cards import cut as cut, draw_card as draw_card, draw_on_screen as draw_on_screen, render_card as render_card
from .files import write_csv as write_csv, write_json as write_json, write_rows as write_rows, write_xlsx as write_xlsx
from .html import (
    write_digest_html as write_digest_html,
    write_digest_markdown as write_digest_markdown,
    write_page as write_page,
)
from .render import (
    count_lines as count_lines,
    describe_hidden_columns as describe_hidden_columns,
    render_table as render_table,
    show_progress as show_progress,
)
from .sanitize import safe as safe, safe_lines as safe_lines
from .screen import Screen as Screen, detect_screen as detect_screen
