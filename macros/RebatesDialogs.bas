Attribute VB_Name = "RebatesDialogs"
Option Explicit
Option Private Module
' The only module that shows something: what Python wants to know is asked here, what it has done is said here.
' A question is its kind, its words and a detail: a proposed text, or the kinds of files. Nothing chosen is vbNullChar alone.

Private Const PRODUCT As String = "Rebates"
Private Const FOLDERS As Long = 4 ' msoFileDialogFolderPicker

' The answer to a question of Python's.
Public Function RebatesAsked(ByVal kind As String, ByVal words As String, ByVal detail As String) As String
    Select Case kind
        Case "wait" ' the only moment at which the Escape key stops something
            Application.StatusBar = words
            Application.EnableCancelKey = xlErrorHandler
            DoEvents
            Application.EnableCancelKey = xlDisabled
        Case "yes"
            RebatesAsked = IIf(MsgBox(words, vbYesNo + vbQuestion, PRODUCT) = vbYes, "yes", "no")
        Case "text"
            RebatesAsked = InputBox(words, PRODUCT, detail)
            If RebatesAsked = "" Then RebatesAsked = vbNullChar
        Case "file", "files"
            RebatesAsked = RebatesFiles(words, detail, kind = "files")
        Case "folder"
            RebatesAsked = RebatesFolder(words)
    End Select
End Function

Private Function RebatesFiles(ByVal words As String, ByVal patterns As String, ByVal several As Boolean) As String
    Dim chosen As Variant
    RebatesFiles = vbNullChar
    chosen = Application.GetOpenFilename(FileFilter:="Files (" & patterns & ")," & patterns & ",All files (*.*),*.*", _
                                         Title:=words, MultiSelect:=several)
    If IsArray(chosen) Then
        RebatesFiles = Join(chosen, vbNullChar)
    ElseIf VarType(chosen) = vbString Then
        RebatesFiles = chosen
    End If
End Function

Private Function RebatesFolder(ByVal words As String) As String
    Dim dialog As Object
    RebatesFolder = vbNullChar
    Set dialog = Application.FileDialog(FOLDERS)
    dialog.Title = words
    If dialog.Show = -1 Then RebatesFolder = dialog.SelectedItems(1)
End Function

' A sentence for the person.
Public Sub RebatesSay(ByVal words As String, ByVal done As Boolean, Optional ByVal place As String = PRODUCT)
    Application.StatusBar = False
    If words <> "" Then MsgBox words, IIf(done, vbInformation, vbExclamation), place
End Sub
