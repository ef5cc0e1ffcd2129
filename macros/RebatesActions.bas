Attribute VB_Name = "RebatesActions"
Option Explicit
Option Private Module
' What a press of a ribbon button does before and after Python, and what happens when a workbook is opened.

Private Const STOPPED As Long = 18 ' the error by which VBA tells of the Escape key
Private working As Boolean

' Run an action by its name and say what came of it. The Escape key stops it while Python computes.
Public Sub RebatesRun(ByVal action As String)
    Dim said As String, place As String
    If working Then
        RebatesSay "Rebates is still working; press Escape to stop it.", False
        Exit Sub
    End If
    On Error GoTo failed
    If ActiveWorkbook Is Nothing Then
        If action <> "new_workbook" Then
            RebatesSay "Open the workbook with your tables first; New Workbook makes one.", True
            Exit Sub
        End If
        Workbooks.Add
    End If
    If TypeName(ActiveSheet) = "Worksheet" Then place = ActiveCell.Address(External:=True)
    If action = "explain_cell" Then
        If RebatesSaidWhy(place) Then Exit Sub
    End If
    working = True
    Application.EnableCancelKey = xlDisabled
    Application.StatusBar = "Rebates is working ..."
    said = RebatesTalk(action, place, ActiveWorkbook.Date1904)
    working = False
    Application.EnableCancelKey = xlInterrupt
    RebatesSay Mid(said, 2), InStr("+*", Left(said, 1)) > 0
    If Left(said, 1) = "*" Then Application.OnUndo "Undo what Rebates has appended", "'" & ThisWorkbook.Name & "'!RebatesUndo"
    Exit Sub
failed:
    said = IIf(Err.Number = STOPPED, "Stopped; nothing more is written.", "This could not be done: " & Err.Description)
    Resume ended
ended:
    On Error Resume Next
    If working Then RebatesDo "", place, False, vbNullChar ' Python need not wait for an answer
    working = False
    Application.EnableCancelKey = xlInterrupt
    RebatesSay said, False
End Sub

' Python does what is to be done and asks; the person answers, until Python has nothing more to ask. Returns what it says at the end.
Public Function RebatesTalk(ByVal action As String, ByVal place As String, ByVal is1904 As Boolean) As String
    Dim said As String, parts As Variant
    said = RebatesDo(action, place, is1904, "")
    Do While Left(said, 1) = "?"
        parts = Split(Mid(said, 2), vbNullChar)
        said = RebatesDo("", place, is1904, RebatesAsked(parts(0), parts(1), parts(2)))
    Loop
    RebatesTalk = said
End Function

' What Excel's Undo calls after rows were appended.
Public Sub RebatesUndo()
    RebatesRun "undo"
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
    RebatesSay message, False, ActiveCell.Address(False, False)
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
