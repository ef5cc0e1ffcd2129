Attribute VB_Name = "RebatesRibbon"
Option Explicit
' Written from rebate_udfs/registry.py by: python -m rebate_udfs.hosts.build_xlam --write
' What the buttons of the tab Rebates call.

Public Sub RebatesOnCheck(ByVal control As Object)
    RebatesRun "check"
End Sub

Public Sub RebatesOnCalculate(ByVal control As Object)
    RebatesRun "calculate"
End Sub

Public Sub RebatesOnMakeStatements(ByVal control As Object)
    RebatesRun "make_statements"
End Sub

Public Sub RebatesOnExplainCell(ByVal control As Object)
    RebatesRun "explain_cell"
End Sub

Public Sub RebatesOnNewWorkbook(ByVal control As Object)
    RebatesRun "new_workbook"
End Sub

Public Sub RebatesOnActivateFunctions(ByVal control As Object)
    RebatesRun "activate_functions"
End Sub

Public Sub RebatesOnHelp(ByVal control As Object)
    RebatesRun "help"
End Sub
