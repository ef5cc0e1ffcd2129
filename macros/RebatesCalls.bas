Attribute VB_Name = "RebatesCalls"
Option Explicit
Option Private Module
' Between a cell and Python: what goes over, what comes back, and what was wrong with which cell.
' An argument that was left out, and an error on its way back, are marked by a character that no cell can hold.

Private Const MOST_MESSAGES As Long = 10000
Private messages As Collection

' What Python is given for an argument: a range becomes its plain values (Value would round currencies), an error stays one.
Public Function RebatesTaken(Optional ByVal value As Variant) As Variant
    If IsMissing(value) Then
        RebatesTaken = vbNullChar
    ElseIf TypeName(value) = "Range" Then
        RebatesTaken = RebatesValues(value)
    Else
        RebatesTaken = value
    End If
End Function

' Whole columns end where the sheet does; several areas are no range.
Private Function RebatesValues(ByVal cells As Object) As Variant
    Dim last As Long
    If cells.Areas.Count > 1 Then
        RebatesValues = CVErr(xlErrValue)
        Exit Function
    End If
    If cells.Rows.Count = cells.Worksheet.Rows.Count Then
        last = cells.Worksheet.UsedRange.Row + cells.Worksheet.UsedRange.Rows.Count - 1
        Set cells = cells.Resize(last)
    End If
    RebatesValues = cells.Value2
End Function

' Whether Excel's function wizard asks: it calls a function at every key, so nothing is computed for it.
Public Function RebatesInWizard() As Boolean
    On Error Resume Next
    RebatesInWizard = (Application.CommandBars("Standard").Controls(1).Enabled = False)
End Function

' The answer of a cell function; what goes wrong on the way is an error with a message, never a text.
Public Function RebatesAnswer(ByVal functionName As String, ByVal values As Variant) As Variant
    Dim book As Object, place As String, is1904 As Boolean
    On Error GoTo failed
    If TypeName(Application.Caller) = "Range" Then
        Set book = Application.Caller.Worksheet.Parent
        place = Application.Caller.Cells(1, 1).Address(External:=True)
        is1904 = book.Date1904
    Else
        Set book = ThisWorkbook
    End If
    RebatesAnswer = RebatesShown(RebatesAsk(functionName, values, place, is1904, book), place)
    Exit Function
failed:
    RebatesAnswer = RebatesFailed(place, Err.Description)
End Function

' #VALUE! for a cell, and why.
Public Function RebatesFailed(ByVal place As String, ByVal message As String) As Variant
    RebatesRemember place, "Python could not be asked: " & message
    RebatesFailed = CVErr(2015)
End Function

' What Python gave, with errors in their places as errors.
Public Function RebatesShown(ByVal result As Variant, ByVal place As String) As Variant
    Dim message As String, row As Long, column As Long
    If Not IsArray(result) Then
        result = RebatesCell(result, message)
    ElseIf RebatesIsLine(result) Then
        For column = LBound(result) To UBound(result)
            result(column) = RebatesCell(result(column), message)
        Next column
    Else
        For row = LBound(result, 1) To UBound(result, 1)
            For column = LBound(result, 2) To UBound(result, 2)
                result(row, column) = RebatesCell(result(row, column), message)
            Next column
        Next row
    End If
    RebatesRemember place, message
    RebatesShown = result
End Function

Private Function RebatesIsLine(ByVal result As Variant) As Boolean
    Dim columns As Long
    On Error GoTo flat
    columns = UBound(result, 2)
    Exit Function
flat:
    RebatesIsLine = True
End Function

' One cell of a result; the first message of a result is kept.
Private Function RebatesCell(ByVal value As Variant, ByRef message As String) As Variant
    Dim parts As Variant
    RebatesCell = value
    If VarType(value) <> vbString Then Exit Function
    If Left(value, 1) <> vbNullChar Then Exit Function
    parts = Split(value, vbNullChar)
    RebatesCell = CVErr(RebatesErrorNumber(parts(1)))
    If message = "" Then message = parts(1) & ": " & parts(2)
End Function

' The number by which VBA knows an Excel error.
Public Function RebatesErrorNumber(ByVal code As String) As Long
    Select Case code
        Case "#NULL!": RebatesErrorNumber = 2000
        Case "#DIV/0!": RebatesErrorNumber = 2007
        Case "#REF!": RebatesErrorNumber = 2023
        Case "#NAME?": RebatesErrorNumber = 2029
        Case "#NUM!": RebatesErrorNumber = 2036
        Case "#N/A": RebatesErrorNumber = 2042
        Case Else: RebatesErrorNumber = 2015
    End Select
End Function

' Keep what is wrong with a cell. Of several functions in its formula the first has its say; a later one that is fine takes nothing back.
Private Sub RebatesRemember(ByVal place As String, ByVal message As String)
    On Error Resume Next
    If message = "" Or place = "" Then Exit Sub
    If messages Is Nothing Then Set messages = New Collection
    If messages.Count < MOST_MESSAGES Then messages.Add message, place
End Sub

' Before a cell is computed anew: what was wrong with it is of yesterday.
Public Sub RebatesForget(ByVal place As String)
    On Error Resume Next
    messages.Remove place
End Sub

' What was wrong with a cell when it was last computed, empty for nothing.
Public Function RebatesMessage(ByVal place As String) As String
    On Error Resume Next
    RebatesMessage = messages.Item(place)
End Function
