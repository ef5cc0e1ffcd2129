"""Makes the pictures of the docs from the sample company: a statement and sheets as LibreOffice prints them, the task pane
and the ribbon's file in Chromium.

    python docs/pictures/make.py

Needs what the tests need, Pillow, and for the window of LibreOffice Xvfb and ImageMagick. In the pane Excel's place is
taken by the tests' stand-in for Office.js; all else is real.
"""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
COLORS = 48
SCREEN = ":93"
LADDER = (("From", "Reward"), (5000, 0.02), (10001, 0.04), (25001, 0.06))
RIBBON_LOOK = """<!doctype html><meta charset=utf-8><style>
body { font: 12px Carlito, Calibri, sans-serif; color: #1F2937; margin: 0; background: #F5F7FA }
h1 { font-size: 13px; margin: 6px 14px 0; padding: 3px 8px; display: inline-block; border-bottom: 3px solid #1F6FB2 }
table { border-collapse: collapse; background: white; width: 100%; font: inherit }
td { border-right: 1px solid #D5DBE3; vertical-align: top; padding: 8px 8px 22px; position: relative; white-space: nowrap }
div { display: flex; flex-flow: column wrap; align-content: flex-start; height: 72px }
p { position: absolute; bottom: 3px; left: 0; right: 0; margin: 0; text-align: center; color: #5B6675; font-size: 11px }
b { background: #E6EEF6; color: #1F6FB2; display: inline-block; text-align: center; border-radius: 3px }
.large { text-align: center; padding: 0 8px; height: 72px }
.large b { display: block; margin: 0 auto 3px; width: 32px; line-height: 32px; font-size: 17px }
.normal { height: 24px; padding: 0 8px } .normal b { width: 16px; line-height: 16px; margin-right: 5px }
</style>"""
FORMULAS = (
    "=REBATE_TIER(A2,$F$2:$G$4)",
    "=REBATE_AMOUNT(A2,$F$2:$G$4)",
    '=REBATE_AMOUNT(A2,$F$2:$G$4,"Incremental")',
    "=REBATE_TO_NEXT_TIER(A2,$F$2:$G$4)",
)


def keep(picture: Image.Image, name: str, colors: int = COLORS) -> None:
    """Save a picture in few colours."""
    picture.convert("RGB").quantize(colors, dither=Image.Dither.NONE).save(HERE / name, optimize=True)
    print(f"{name}: {(HERE / name).stat().st_size // 1024} KB")


def to_pdf(book: Path, folder: Path, options: tuple[str, ...] = (), environment: dict[str, str] | None = None) -> Path:
    """A workbook as LibreOffice prints it."""
    profile = options or (f"-env:UserInstallation={(folder / 'profile').as_uri()}",)
    command = ["timeout", "180", "soffice", *profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder), str(book)]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return folder / f"{book.stem}.pdf"


def page_of(pdf: Path, sheet: str | None, width: int) -> Image.Image:
    """The first page of a sheet, which the footer names; None: of the file."""
    texts = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True, text=True).stdout.split("\f")
    number = 1 if sheet is None else next(at for at, text in enumerate(texts, 1) if re.search(rf"· {sheet}\s", text))
    target = pdf.with_suffix("")
    command = ["pdftoppm", "-png", "-singlefile", "-scale-to-x", str(width), "-scale-to-y", "-1", "-f", str(number), "-l", str(number)]
    subprocess.run([*command, str(pdf), str(target)], check=True)
    return Image.open(target.with_suffix(".png"))


def task_pane(book: Path, folder: Path) -> None:
    """The task pane: the health of the workbook, how the figure of the selected cell came about, and all actions."""
    from web_browser import browser, pane, server, sheets_of

    with server(folder) as running, browser() as chromium, pane(chromium, running.url, sheets_of(book), width=340, height=700) as page:
        page.wait_for_selector("#view-health .card", timeout=60_000)
        page.screenshot(path=folder / "health.png")
        page.evaluate("__select('Attainment', 4, 3)")
        page.click("#tab-cell")
        page.wait_for_selector("#view-cell .steps", timeout=60_000)
        page.screenshot(path=folder / "cell.png")
        page.click("#action-more")
        page.screenshot(path=folder / "menu.png")
    shown = [Image.open(folder / f"{name}.png") for name in ("health", "cell", "menu")]
    together = Image.new("RGB", (sum(one.width + 24 for one in shown) - 24, shown[0].height), "white")
    for at, one in enumerate(shown):
        together.paste(one, (at * (one.width + 24), 0))
    keep(together, "task-pane.png", 160)  # red and amber stay apart


def ribbon(folder: Path) -> None:
    """The tab Rebates of Excel on the desktop as its file describes it; where Office puts pictures of its own stands a letter."""
    from lxml import etree
    from web_browser import browser

    file = ROOT / "addin" / "desktop" / "ribbon.xml"
    (tab,) = (one for one in etree.parse(file).getroot().iter() if one.tag is not etree.Comment and etree.QName(one).localname == "tab")
    groups = "".join(f"<td><div>{''.join(map(_button, group))}</div><p>{group.get('label')}</p></td>" for group in tab)
    (folder / "ribbon.html").write_text(f"{RIBBON_LOOK}<h1>{tab.get('label')}</h1><table><tr>{groups}</tr></table>", encoding="utf-8")
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 1060, "height": 134})
        page.goto((folder / "ribbon.html").as_uri())
        page.screenshot(path=folder / "ribbon.png")
    keep(Image.open(folder / "ribbon.png"), "ribbon.png")


def _button(button: Any) -> str:
    size, label = button.get("size"), button.get("label")
    return f"<span class={size}><b>{label[0]}</b>{label if size == 'normal' else label.replace(' ', '<br>')}</span>"


def cells(folder: Path) -> None:
    """Functions in cells of LibreOffice Calc, with the extension."""
    import test_calc
    import xlsxwriter

    purchases = (4999, 5000, 10001, 12480, 30000)
    with xlsxwriter.Workbook(folder / "cells.xlsx") as book:
        sheet: Any = book.add_worksheet("Sheet1")
        bold, money, percent = (book.add_format(one) for one in ({"bold": True}, {"num_format": "#,##0.00"}, {"num_format": "0%"}))
        sheet.write_row(0, 0, ("Purchases", "Tier", "On everything", "Band by band", "To next tier"), bold)
        sheet.write_row(0, 5, LADDER[0], bold)
        for row, (start, reward) in enumerate(LADDER[1:], 1):
            sheet.write_number(row, 5, start, money)
            sheet.write_number(row, 6, reward, percent)
        for row, value in enumerate(purchases, 1):
            sheet.write_number(row, 0, value, money)
            for column in (2, 3, 4):
                sheet.write_blank(row, column, None, money)
        for row, formula in enumerate(FORMULAS, len(purchases) + 3):
            sheet.write_string(row, 0, f"{'BCDE'[row - len(purchases) - 3]}2:  {formula}")
        sheet.set_column(0, 6, 14)
        sheet.set_landscape()
        sheet.hide_gridlines(0)
        sheet.print_row_col_headers()
        sheet.print_area(0, 0, len(purchases) + 7, 6)
        sheet.set_margins(0.2, 0.2, 0.2, 0.2)
    python, program = test_calc.programs()
    office = test_calc.Office(python, program, folder, {"REBATES_PYTHONPATH": sysconfig.get_path("purelib")}).start()
    office.open(str(folder / "cells.xlsx"))
    for row in range(2, len(purchases) + 2):
        for column, formula in zip("BCDE", FORMULAS, strict=True):
            office.put("Sheet1", f"{column}{row}", formula.replace("A2", f"A{row}").replace(",", ";"))
    office.save(str(folder / "cells.ods"))
    office.stop()
    page = page_of(to_pdf(folder / "cells.ods", folder, tuple(office.options), office.environment), None, 1000)
    keep(page.crop((0, 0, page.width, round(page.width * 0.27))), "cells.png")


def window(folder: Path) -> None:
    """LibreOffice's window after Calculate: the menu and the toolbar Rebates above the accruals. Needs Xvfb and ImageMagick."""
    import test_calc

    from rebate_udfs import demo
    from rebate_udfs.hosts.template import write_template

    (folder / "window").mkdir()
    python, program = test_calc.programs()
    shown = {"REBATES_PYTHONPATH": sysconfig.get_path("purelib"), "REBATES_TEST_WINDOWS": "1", "SAL_USE_VCLPLUGIN": "gen", "DISPLAY": SCREEN}
    with subprocess.Popen(["Xvfb", SCREEN, "-screen", "0", "1240x560x24"], stderr=subprocess.DEVNULL) as screen:
        try:
            office = test_calc.Office(python, program, folder / "window", shown).start()
            book = folder / "window" / "rebates.xlsx"
            write_template(book, sample=demo.sample())
            office.open(str(book), False)
            office.run("calculate", {"Quiet": True})
            office.select("Accruals", "A1")
            time.sleep(3)  # until all is drawn
            subprocess.run(["import", "-display", SCREEN, "-window", "root", str(folder / "window.png")], check=True)
            office.stop()
        finally:
            screen.terminate()
    keep(Image.open(folder / "window.png"), "window.png")


def main() -> None:
    """Make all of them."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        demo = folder / "demo"
        subprocess.run([sys.executable, "-m", "rebate_udfs.cli", "demo", str(demo), "--quiet"], check=True, cwd=ROOT)
        task_pane(demo / "rebates.xlsx", folder)
        ribbon(folder)
        statement = page_of(to_pdf(next((demo / "statements").glob("D-1600*.xlsx")), folder), None, 900)
        keep(statement.crop((0, 40, statement.width, round(statement.height * 0.83))), "statement.png")
        accruals = page_of(to_pdf(demo / "rebates.xlsx", folder), "Accruals", 1100)
        keep(accruals.crop((20, 40, accruals.width - 20, 430)), "accruals.png")
        cells(folder)
        window(folder)


if __name__ == "__main__":
    main()
