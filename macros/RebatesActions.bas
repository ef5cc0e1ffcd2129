Attribute VB_Name = "RebatesActions"
Option Explicit
Option Private Module
' What a press of a ribbon button does before and after Python, and what happens when a workbook is opened.

Private Const TITLE As String = "Rebates"

' Run an action by its name and say what came of it.
Public Sub RebatesRun(ByVal action As String)
    Dim said As String, place As String
    On Error GoTo failed
    If ActiveWorkbook Is Nothing Then
        If action <> "new_workbook" Then
            MsgBox "Open the workbook with your tables first; New Workbook makes one.", vbInformation, TITLE
            Exit Sub
        End If
        Workbooks.Add
    End If
    If TypeName(ActiveSheet) = "Worksheet" Then place = ActiveCell.Address(External:=True)
    If action = "explain_cell" Then
        If RebatesSaidWhy(place) Then Exit Sub
    End If
    Application.StatusBar = "Rebates is working ..."
    said = RebatesDo(action, place, ActiveWorkbook.Date1904)
    Application.StatusBar = False
    If said <> "" Then MsgBox Mid(said, 2), IIf(Left(said, 1) = "+", vbInformation, vbExclamation), TITLE
    Exit Sub
failed:
    Application.StatusBar = False
    MsgBox "This could not be done: " & Err.Description, vbExclamation, TITLE
End Sub

' Explain Cell on an error: compute the cell once more and show the message that the cell has no room for.
Private Function RebatesSaidWhy(ByVal place As String) As Boolean
    Dim message As String
    If place = "" Then Exit Function
    If InStr(1, ActiveCell.Formula, "REBATE_", vbTextCompare) = 0 Then Exit Function
    RebatesForget place
    ActiveCell.Calculate
    If Not IsError(ActiveCell.Value) Then Exit Function
    message = RebatesMessage(place)
    If message = "" Then Exit Function
    MsgBox message, vbExclamation, ActiveCell.Address(False, False)
    RebatesSaidWhy = True
End Function

' A handle in a saved file belongs to yesterday: compute it anew. Where that is not allowed, the figures stay as they were saved.
Public Sub RebatesRefresh(ByVal book As Object)
    Dim sheet As Object, found As Object, first As String, stale As Boolean
    On Error GoTo done
    For Each sheet In book.Worksheets
        Set found = sheet.UsedRange.Find("REBATE_BOOK(", LookIn:=xlFormulas, LookAt:=xlPart)
        first = ""
        Do While Not found Is Nothing
            If found.Address = first Then Exit Do
            If first = "" Then first = found.Address
            found.Dirty
            stale = True
            Set found = sheet.UsedRange.FindNext(found)
        Loop
    Next sheet
    If stale And Application.Calculation = xlCalculationAutomatic Then Application.Calculate
done:
End Sub
