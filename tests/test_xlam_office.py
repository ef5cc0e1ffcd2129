"""A real Basic runs our VBA: LibreOffice opens a workbook with the built project and computes cells that call our functions.

Python is not asked here: the one module that calls xlwings is replaced by one that says what it was asked. Left out are
xlwings and its Dictionary, which are not ours and use what LibreOffice does not have.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import xlsxwriter
from conftest import absent, require_program, require_soffice

from rebate_udfs.hosts import build_xlam
from rebate_udfs.hosts.vba_project import CLASS, MODULE, SHEET, Module, vba_project

OTHERS = ("xlwings", "Dictionary")
ECHO = """Attribute VB_Name = "RebatesPython"
Option Explicit
Option Private Module
Private answers As String, asked As Long

' In Python's place: says what it was asked, or gives what the first argument names.
Public Function RebatesAsk(ByVal functionName As String, ByVal values As Variant, ByVal place As String, _
                           ByVal is1904 As Boolean, ByVal book As Object) As Variant
    Dim said As String, number As Long, table(1, 1) As Variant
    If functionName = "REBATE_RATE" Then
        RebatesAsk = Chr(0) & "#N/A" & Chr(0) & "nothing is known"
        Exit Function
    End If
    If functionName = "REBATE_CHECK" Then
        table(0, 0) = "a"
        table(0, 1) = 1.5
        table(1, 0) = Chr(0) & "#NUM!" & Chr(0) & "too large"
        table(1, 1) = ""
        RebatesAsk = table
        Exit Function
    End If
    If functionName = "REBATE_VERSION" Then Err.Raise 1000, , "no Python"
    said = functionName
    For number = LBound(values) To UBound(values)
        said = said & "|" & Described(values(number))
    Next number
    RebatesAsk = said
End Function

Private Function Described(ByVal value As Variant) As String
    If IsArray(value) Then
        Described = UBound(value, 1) & "x" & UBound(value, 2) & " ending in " & value(UBound(value, 1), UBound(value, 2))
    ElseIf VarType(value) = vbString Then
        If value = vbNullChar Then Described = "left out" Else Described = "text " & value
    Else
        Described = TypeName(value) & " " & value
    End If
End Function

' Asks three questions, one after the other, and says what was answered.
Public Function RebatesDo(ByVal action As String, ByVal place As String, ByVal is1904 As Boolean, ByVal answer As String) As String
    If action <> "" Then
        asked = 0
        answers = action & " in " & place & IIf(is1904, " of 1904", "")
        RebatesDo = "?wait" & Chr(0) & "computing" & Chr(0)
        Exit Function
    End If
    answers = answers & ", " & IIf(answer = vbNullChar, "cancelled", answer)
    asked = asked + 1
    Select Case asked
        Case 1: RebatesDo = "?text" & Chr(0) & "Which period?" & Chr(0) & "2026-02"
        Case 2: RebatesDo = "?yes" & Chr(0) & "Post it?" & Chr(0)
        Case 3: RebatesDo = "?folder" & Chr(0) & "Where?" & Chr(0)
        Case Else: RebatesDo = "+" & answers
    End Select
End Function
"""
TOLD = """Attribute VB_Name = "Told"
Option Explicit

' What is kept of an error for Explain Cell: the first message, also after a later function of the cell was fine; until it is computed anew.
Public Function Told() As String
    Dim shown As Variant
    shown = RebatesShown(Chr(0) & "#N/A" & Chr(0) & "nothing is known", "[book]Sheet!A1")
    shown = RebatesShown(Chr(0) & "#NUM!" & Chr(0) & "a second one", "[book]Sheet!A1")
    shown = RebatesShown(5, "[book]Sheet!A1")
    Told = RebatesMessage("[book]Sheet!A1") & ", " & RebatesMessage("[book]Sheet!A2")
    RebatesForget "[book]Sheet!A1"
    Told = Told & ", " & RebatesMessage("[book]Sheet!A1")
End Function

' A press of the button Check.
Public Sub Press()
    RealAsked "wait", "Rebates: computing, 2 s", ""
    RebatesOnCheck Nothing
    If RealAsked("nothing that there is", "", "") <> "" Then RebatesSay "an answer to no question", False
End Sub

' What is computed anew when a workbook is opened: its two handle cells, each once.
Public Function Refreshed() As String
    Dim book As New FakeBook
    RebatesRefresh book
    Refreshed = book.Said
End Function
"""
FAKE_BOOK = """Option Explicit
Public Worksheets As Collection
Public Said As String
Private at As Long

Private Sub Class_Initialize()
    Set Worksheets = New Collection
    Worksheets.Add Me
End Sub

' A sheet, its used cells and a cell of it, all in one.
Public Function UsedRange() As Object
    Set UsedRange = Me
End Function

Public Function Find(ByVal What As String, Optional ByVal LookIn As Variant, Optional ByVal LookAt As Variant) As Object
    at = 1
    If What = "REBATE_BOOK(" Then Set Find = Me
End Function

Public Function FindNext(ByVal after As Variant) As Object
    at = IIf(at = 1, 2, 1)
    Set FindNext = Me
End Function

Public Function Address() As String
    Address = "A" & at
End Function

Public Sub Dirty()
    Said = Said & "A" & at & " "
End Sub
"""
PERSON = """Attribute VB_Name = "RebatesDialogs"
Option Explicit
Option Private Module

' In the person's place: answers at once, with what was asked.
Public Function RebatesAsked(ByVal kind As String, ByVal words As String, ByVal detail As String) As String
    RebatesAsked = kind & " " & words & " " & detail
    If kind = "folder" Then RebatesAsked = vbNullChar
End Function

Public Sub RebatesSay(ByVal words As String, ByVal done As Boolean, Optional ByVal place As String = "")
    ThisWorkbook.Worksheets(1).Range("F1").Value = IIf(done, "done: ", "not done: ") & words
End Sub
"""
STANDING_IN = {"RebatesPython": ECHO, "RebatesDialogs": PERSON}
WIZARD = 'Application.CommandBars("Standard").Controls(1).Enabled = False'
CASES = (  # formula, what the cell shows
    ("=REBATE_TIER(12480,A1:B3)", "REBATE_TIER|Double 12480|3x2 ending in 0.06|left out"),
    ('=REBATE_TIER(A1,A1:B3,"More Than")', "REBATE_TIER|Double 5000|3x2 ending in 0.06|text More Than"),
    ("=REBATE_TIER(A1:A3,A1:B3)", "REBATE_TIER|3x1 ending in 25001|3x2 ending in 0.06|left out"),
    ("=REBATE_MDF(1800,0.5,2000)", "REBATE_MDF|Double 1800|Double 0.5|Double 2000"),
    ("=REBATE_EXPECTED(1,A1:A3,B1:B3,A1:B3)",
     "REBATE_EXPECTED|Double 1|3x1 ending in 25001|3x1 ending in 0.06|3x2 ending in 0.06|left out|left out|left out|left out"),
    ('=RebatesErrorNumber("#N/A")', "2042"),
    ('=RebatesErrorNumber("#FIELD!")', "2015"),
    ("=REBATE_RATE(1,A1:B3)", "Error 2042"),  # Calc shows an error value of VBA in words
    ("=REBATE_VERSION()", "Error 2015"),  # Python cannot be reached: an error, not a text
    ("=INDEX(REBATE_CHECK(1),1,2)", "1.5"),
    ("=INDEX(REBATE_CHECK(1),2,1)", "Error 2036"),
    ('=IF(ISTEXT(REBATE_MDF(1,1,1)),"a text","none")', "a text"),
    ("=Told()", "#N/A: nothing is known, , "),
    ("=Refreshed()", "A1 A2 "),
    ('=RebatesTalk("close_period","A1",TRUE())',
     "+close_period in A1 of 1904, wait computing , text Which period? 2026-02, yes Post it? , cancelled"),
)  # fmt: skip


def project(path: Path) -> Path:
    """The built project with the echo in Python's place."""
    if importlib.util.find_spec("xlwings") is None:
        absent("xlwings is not installed")
    modules = []
    for module in build_xlam.modules():
        if module.name in OTHERS:
            continue
        if module.name == "RebatesDialogs":  # beside its stand-in, for what asks nobody
            modules.append(Module("RealDialogs", MODULE, module.source.replace("Rebates", "Real")))
        if module.name in STANDING_IN:
            module = replace(module, source=STANDING_IN[module.name])
        if module.name == "RebatesCalls":  # Calc's own wizard is not Excel's: a cell says whether one is open
            assert module.source.count(WIZARD) == 1
            module = replace(module, source=module.source.replace(WIZARD, 'ThisWorkbook.Worksheets(1).Range("E1").Value = 1'))
        if module.name == "RebatesActions":  # Calc's workbooks do not say which date system they have
            module = replace(module, source=module.source.replace("ActiveWorkbook.Date1904", "False"))
        if module.kind == SHEET:
            module = replace(module, name="Sheet1")
        if module.name == "RebatesFunctions":  # a word of LibreOffice's Basic, none of VBA's
            module = replace(module, source=re.sub(r"\bbase\b", "base_", module.source))
        modules.append(module)
    modules += [Module("Told", MODULE, TOLD), Module("FakeBook", CLASS, FAKE_BOOK)]
    path.write_bytes(vba_project("Rebates", modules))
    return path


def workbook(folder: Path) -> Path:
    path = folder / "functions.xlsm"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("Sheet1")
    for row, cells in enumerate(((5000, 0.02), (10001, 0.04), (25001, 0.06))):
        sheet.write_row(row, 0, cells)
    for row, (formula, _) in enumerate(CASES):
        sheet.write_formula(row, 3, formula)
    book.add_vba_project(str(project(folder / "vbaProject.bin")))
    book.set_vba_name("ThisWorkbook")
    sheet.set_vba_name("Sheet1")
    book.close()
    return path


def python_with_uno() -> str:
    for name in ("/usr/bin/python3", "python3"):
        python = require_program(name)
        if subprocess.run([python, "-c", "import uno"], capture_output=True, check=False).returncode == 0:
            return python
    absent("no Python with LibreOffice's uno is installed")
    raise AssertionError("not reached")


@pytest.mark.slow
def test_libreoffice_runs_the_functions_of_the_built_project(tmp_path: Path):
    soffice, python = require_soffice(), python_with_uno()
    script = Path(__file__).with_name("vba_office.py")
    command = [python, str(script), soffice, str(tmp_path / "profile"), str(workbook(tmp_path)), str(len(CASES))]
    done = subprocess.run(["timeout", "-k", "5", "150", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown, in_wizard, said = json.loads(done.stdout)
    for (formula, wanted), found in zip(CASES, shown, strict=True):
        assert found == wanted, formula
    for (formula, _), found in zip(CASES, in_wizard, strict=True):
        assert not formula.startswith("=REBATE_") or found in ("", "0"), f"{formula} computes while the function wizard is open"
    assert said == "done: check in [functions.xlsm]Sheet1!$A$1, wait computing , text Which period? 2026-02, yes Post it? , cancelled"
