Attribute VB_Name = "RebatesRibbon"
Option Explicit
' Written from rebate_udfs/registry.py by: python -m rebate_udfs.hosts.build_xlam --write
' What the buttons of the tab Rebates call.

Public Sub RebatesOnNewWorkbook(ByVal control As Object)
    RebatesRun "new_workbook"
End Sub

Public Sub RebatesOnImportTransactions(ByVal control As Object)
    RebatesRun "import_transactions"
End Sub

Public Sub RebatesOnCheck(ByVal control As Object)
    RebatesRun "check"
End Sub

Public Sub RebatesOnCalculate(ByVal control As Object)
    RebatesRun "calculate"
End Sub

Public Sub RebatesOnValidateClaims(ByVal control As Object)
    RebatesRun "validate_claims"
End Sub

Public Sub RebatesOnClosePeriod(ByVal control As Object)
    RebatesRun "close_period"
End Sub

Public Sub RebatesOnReconcile(ByVal control As Object)
    RebatesRun "reconcile"
End Sub

Public Sub RebatesOnMakeStatements(ByVal control As Object)
    RebatesRun "make_statements"
End Sub

Public Sub RebatesOnReceiveStatements(ByVal control As Object)
    RebatesRun "receive_statements"
End Sub

Public Sub RebatesOnExplainCell(ByVal control As Object)
    RebatesRun "explain_cell"
End Sub

Public Sub RebatesOnActivateFunctions(ByVal control As Object)
    RebatesRun "activate_functions"
End Sub

Public Sub RebatesOnHelp(ByVal control As Object)
    RebatesRun "help"
End Sub
