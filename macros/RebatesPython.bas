Attribute VB_Name = "RebatesPython"
Option Explicit
Option Private Module
' The only module that calls xlwings: everything that Python does is asked for here.

Private Const HOST As String = "rebate_udfs.hosts.desktop"

' The answer of a cell function: a value, a line of them, or a table.
Public Function RebatesAsk(ByVal functionName As String, ByVal values As Variant, ByVal place As String, _
                           ByVal is1904 As Boolean, ByVal book As Object) As Variant
#If Mac Then
    Err.Raise 1000, Description:="on a Mac the functions come from the web add-in"
#Else
    RebatesAsk = XLPy.CallUDF(HOST, "answer", Array(functionName, values, place, is1904), book)
#End If
End Function

' Begin an action on the active workbook, or (no action) go on with the answer to its question. Returns what is said or asked, as one text.
Public Function RebatesDo(ByVal action As String, ByVal place As String, ByVal is1904 As Boolean, ByVal answer As String) As String
#If Mac Then
    RunPython "from rebate_udfs.hosts import desktop; desktop.act_and_say('" & action & "', " & IIf(is1904, "True", "False") & ")"
#Else
    RebatesDo = XLPy.CallUDF(HOST, "act", Array(action, place, is1904, answer), ActiveWorkbook)
#End If
End Function
