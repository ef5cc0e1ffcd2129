Attribute VB_Name = "RebatesHelp"
Option Explicit
Option Private Module
' Written from rebate_udfs/registry.py by: python -m rebate_udfs.hosts.build_xlam --write
' What Excel's function wizard says of each function and argument.

Private texts() As Variant
Private told As Long

#If Not Mac Then

' Excel takes descriptions for an add-in only while it counts as a workbook.
Public Sub RebatesDescribe()
    On Error GoTo done
    Application.ScreenUpdating = False
    ThisWorkbook.IsAddin = False
    Describe_REBATE_TIER
    Describe_REBATE_RATE
    Describe_REBATE_AMOUNT
    Describe_REBATE_EFFECTIVE_RATE
    Describe_REBATE_TO_NEXT_TIER
    Describe_REBATE_NEXT_TIER_VALUE
    Describe_REBATE_GROWTH
    Describe_REBATE_MIX
    Describe_REBATE_MDF
    Describe_REBATE_SHIP_DEBIT
    Describe_REBATE_ACCRUE
    Describe_REBATE_EXPECTED
    Describe_REBATE_ALLOCATE
    Describe_REBATE_VERSION
    Describe_REBATE_BOOK
    Describe_REBATE_ACCRUAL
    Describe_REBATE_EARNED
    Describe_REBATE_ATTAINMENT
    Describe_REBATE_PAYABLE
    Describe_REBATE_CLAIM
    Describe_REBATE_TABLE
    Describe_REBATE_EXPLAIN
    Describe_REBATE_CHECK
done:
    ThisWorkbook.IsAddin = True
    Application.ScreenUpdating = True
End Sub

Private Sub Describe_REBATE_TIER()
    StartHelp 3
    Tell "What was bought in the period: money or units. A range gives a result of its shape."
    Tell "Range with From and Reward, or From, To and Reward; ascending; a header row is allowed. Percent " & _
        "rewards as 4 %, not 4."
    Tell "At Least (default): a tier is reached at its From. More Than: only above it."
    Register "REBATE_TIER", "Number of the tier that a measure reaches, 0 for none."
End Sub

Private Sub Describe_REBATE_RATE()
    StartHelp 3
    Tell "What was bought in the period: money or units. A range gives a result of its shape."
    Tell "Range with From and Reward, or From, To and Reward; ascending; a header row is allowed. Percent " & _
        "rewards as 4 %, not 4."
    Tell "At Least (default): a tier is reached at its From. More Than: only above it."
    Register "REBATE_RATE", "Reward of the tier that a measure reaches, 0 for none."
End Sub

Private Sub Describe_REBATE_AMOUNT()
    StartHelp 6
    Tell "What was bought in the period: money or units. A range gives a result of its shape."
    Tell "Range with From and Reward, or From, To and Reward; ascending; a header row is allowed. Percent " & _
        "rewards as 4 %, not 4."
    Tell "Retrospective (default), Incremental, Rolling, Total or Linear; names of other systems are " & _
        "accepted."
    Tell "Percent (default), Per Unit or Lump Sum."
    Tell "What the reward is applied to, when it is not the measure; split over the bands as the measure is."
    Tell "At Least (default): a tier is reached at its From. More Than: only above it."
    Register "REBATE_AMOUNT", "Rebate that a measure earns, rounded to 2 places."
End Sub

Private Sub Describe_REBATE_EFFECTIVE_RATE()
    StartHelp 6
    Tell "What was bought in the period: money or units. A range gives a result of its shape."
    Tell "Range with From and Reward, or From, To and Reward; ascending; a header row is allowed. Percent " & _
        "rewards as 4 %, not 4."
    Tell "Retrospective (default), Incremental, Rolling, Total or Linear; names of other systems are " & _
        "accepted."
    Tell "Percent (default), Per Unit or Lump Sum."
    Tell "What the reward is applied to, when it is not the measure; split over the bands as the measure is."
    Tell "At Least (default): a tier is reached at its From. More Than: only above it."
    Register "REBATE_EFFECTIVE_RATE", "Unrounded rebate divided by its base, 0 when the base is 0."
End Sub

Private Sub Describe_REBATE_TO_NEXT_TIER()
    StartHelp 3
    Tell "What was bought in the period: money or units. A range gives a result of its shape."
    Tell "Range with From and Reward, or From, To and Reward; ascending; a header row is allowed. Percent " & _
        "rewards as 4 %, not 4."
    Tell "At Least (default): a tier is reached at its From. More Than: only above it."
    Register "REBATE_TO_NEXT_TIER", "What is missing to the next tier's From, 0 at the top."
End Sub

Private Sub Describe_REBATE_NEXT_TIER_VALUE()
    StartHelp 6
    Tell "What was bought in the period: money or units. A range gives a result of its shape."
    Tell "Range with From and Reward, or From, To and Reward; ascending; a header row is allowed. Percent " & _
        "rewards as 4 %, not 4."
    Tell "Retrospective (default), Incremental, Rolling, Total or Linear; names of other systems are " & _
        "accepted."
    Tell "Percent (default), Per Unit or Lump Sum."
    Tell "What the reward is applied to, when it is not the measure; split over the bands as the measure is."
    Tell "At Least (default): a tier is reached at its From. More Than: only above it."
    Register "REBATE_NEXT_TIER_VALUE", "Rebate at the next tier's From minus the rebate here; 0 at the top, negative where the payout " & _
        "falls."
End Sub

Private Sub Describe_REBATE_GROWTH()
    StartHelp 6
    Tell "Purchases of this period. A range gives a result of its shape."
    Tell "Purchases of the period compared with, above 0. A range gives a result of its shape."
    Tell "Range with From and Reward, or From, To and Reward; ascending; a header row is allowed. Percent " & _
        "rewards as 4 %, not 4."
    Tell "Increment (default): over the baseline. Over Threshold: over the reached tier's From. All: all " & _
        "purchases."
    Tell "Retrospective (default), Incremental, Rolling, Total or Linear; names of other systems are " & _
        "accepted."
    Tell "At Least (default): a tier is reached at its From. More Than: only above it."
    Register "REBATE_GROWTH", "Growth rebate: tiers on (current - baseline) / baseline. #N/A without a baseline above 0."
End Sub

Private Sub Describe_REBATE_MIX()
    StartHelp 5
    Tell "Purchases of the focus items. A range gives a result of its shape."
    Tell "All eligible purchases, the focus items included. A range gives a result of its shape."
    Tell "Range with From and Reward, or From, To and Reward; ascending; a header row is allowed. Percent " & _
        "rewards as 4 %, not 4."
    Tell "What the reward is applied to; the total when omitted."
    Tell "At Least (default): a tier is reached at its From. More Than: only above it."
    Register "REBATE_MIX", "Mix rebate: tiers on the share of focus items in the total. 0 when the total or the base is 0 or " & _
        "less."
End Sub

Private Sub Describe_REBATE_MDF()
    StartHelp 3
    Tell "What the activity cost. A range gives a result of its shape, each element against the whole fund."
    Tell "Share of the cost that is reimbursed, 0 to 1: 50 % or 0.5."
    Tell "What is left in the fund."
    Register "REBATE_MDF", "What a market development fund reimburses: cost x participation, at most what is available, never " & _
        "below 0."
End Sub

Private Sub Describe_REBATE_SHIP_DEBIT()
    StartHelp 5
    Tell "Units sold to the end customer. A range gives a result of its shape."
    Tell "What a unit cost the distributor. A range gives a result of its shape."
    Tell "By mode: the agreed price, the amount off, the percent off, or the margin kept. A range gives a " & _
        "result of its shape."
    Tell "Down To (default), Down By, Down By Percent or Margin."
    Tell "Price to the end customer, needed by Margin. A range gives a result of its shape."
    Register "REBATE_SHIP_DEBIT", "Claim under a special price: quantity x support a unit, neither below 0."
End Sub

Private Sub Describe_REBATE_ACCRUE()
    StartHelp 8
    Tell "Purchases so far. A range gives a result of its shape."
    Tell "Measure expected at period end. A range gives a result of its shape."
    Tell "Range with From and Reward, or From, To and Reward; ascending; a header row is allowed. Percent " & _
        "rewards as 4 %, not 4."
    Tell "Retrospective (default), Incremental, Rolling, Total or Linear; names of other systems are " & _
        "accepted."
    Tell "Percent (default), Per Unit or Lump Sum."
    Tell "What has been recognised so far; 0 when omitted."
    Tell "Base expected at period end; the forecast when omitted."
    Tell "At Least (default): a tier is reached at its From. More Than: only above it."
    Register "REBATE_ACCRUE", "Entry to post: effective rate at the forecast x base to date, rounded, minus what is recognised."
End Sub

Private Sub Describe_REBATE_EXPECTED()
    StartHelp 8
    Tell "Purchases so far."
    Tell "Measures that may be reached at period end, one for each scenario."
    Tell "Probability of each scenario: 0 or more, adding to 1."
    Tell "Range with From and Reward, or From, To and Reward; ascending; a header row is allowed. Percent " & _
        "rewards as 4 %, not 4."
    Tell "Retrospective (default), Incremental, Rolling, Total or Linear; names of other systems are " & _
        "accepted."
    Tell "Percent (default), Per Unit or Lump Sum."
    Tell "What has been recognised so far; 0 when omitted."
    Tell "At Least (default): a tier is reached at its From. More Than: only above it."
    Register "REBATE_EXPECTED", "Entry to post by expected value: sum(p x reward) / sum(p x forecast) x base to date, rounded, " & _
        "minus what is recognised."
End Sub

Private Sub Describe_REBATE_ALLOCATE()
    StartHelp 3
    Tell "What is to be split; it is rounded to places first."
    Tell "A weight for each part; 0 or less or empty gets nothing. The result has the range's shape."
    Tell "Decimal places of the parts, 0 to 15; 2 when omitted."
    Register "REBATE_ALLOCATE", "Splits a total over a range by weight, so that the rounded parts add up to it."
End Sub

Private Sub Describe_REBATE_VERSION()
    StartHelp 0
    Register "REBATE_VERSION", "Version of the product and of the workbook template it expects."
End Sub

Private Sub Describe_REBATE_BOOK()
    StartHelp 19
    Tell "The Programs table with its header row: Programs[#All]."
    Tell "The Tiers table with its header row: Tiers[#All]."
    Tell "The Distributors table with its header row: Distributors[#All]."
    Tell "The Products table with its header row: Products[#All]."
    Tell "The Transactions table with its header row, or text: the path of Parquet or CSV files."
    Tell "Enrollments[#All]: who takes part in which program."
    Tell "Scopes[#All]: what counts for a program."
    Tell "Settings[#All]: company, calendar, currency, rounding."
    Tell "Baselines[#All]: comparison figures of growth programs."
    Tell "Forecasts[#All]: what is expected by the end of a period."
    Tell "Exchange_Rates[#All]: what a unit of a currency is worth."
    Tell "Claims[#All]: what distributors ask for."
    Tell "Payments[#All]: what was paid and is proposed."
    Tell "Disputes[#All]: where a distributor does not agree."
    Tell "Ledger[#All]: what is posted."
    Tell "Special_Prices[#All]: agreed prices of ship and debit programs."
    Tell "Adjustments[#All]: opening balances and corrections."
    Tell "Accounts[#All]: your account numbers."
    Tell "Control_Totals[#All]: what your accounting system reports."
    Register "REBATE_BOOK", "The handle of a book: text with counts and a content hash. Give its cell as first argument to the " & _
        "functions on the workbook."
End Sub

Private Sub Describe_REBATE_ACCRUAL()
    StartHelp 4
    Tell "The cell that holds REBATE_BOOK, named Rebates in the template."
    Tell "Program ID; all programs when omitted (of several currencies: the sum in Base Currency)."
    Tell "Distributor ID; all when omitted. Its own figure, or its share where a parent is measured."
    Tell "The day up to which to compute; the book's As Of when omitted."
    Register "REBATE_ACCRUAL", "What should be recognised by the as-of date, before settlements."
End Sub

Private Sub Describe_REBATE_EARNED()
    StartHelp 5
    Tell "The cell that holds REBATE_BOOK, named Rebates in the template."
    Tell "Program ID; all programs when omitted (of several currencies: the sum in Base Currency)."
    Tell "Distributor ID; all when omitted. Its own figure, or its share where a parent is measured."
    Tell "Period such as 2026-Q1 or 2026, or a day in it; all that have begun when omitted."
    Tell "The day up to which to compute; the book's As Of when omitted."
    Register "REBATE_EARNED", "What was earned by the as-of date."
End Sub

Private Sub Describe_REBATE_ATTAINMENT()
    StartHelp 5
    Tell "The cell that holds REBATE_BOOK, named Rebates in the template."
    Tell "Program ID."
    Tell "Distributor ID; a branch is shown the figure of the parent that is measured."
    Tell "The day up to which to compute; the book's As Of when omitted."
    Tell "Tier (default), Rate, Measure, Target, Percent, To Next, Next Value, Forecast, Forecast Tier, " & _
        "Accrual Tier or Status."
    Register "REBATE_ATTAINMENT", "How far a participant has come in a program: its tier, rate, measure, distance to the next tier " & _
        "and more."
End Sub

Private Sub Describe_REBATE_PAYABLE()
    StartHelp 4
    Tell "The cell that holds REBATE_BOOK, named Rebates in the template."
    Tell "Program ID; all programs when omitted (of several currencies: the sum in Base Currency)."
    Tell "Distributor ID; all when omitted. Its own figure, or its share where a parent is measured."
    Tell "The day up to which to compute; the book's As Of when omitted."
    Register "REBATE_PAYABLE", "What is due by the as-of date and not settled, never below 0."
End Sub

Private Sub Describe_REBATE_CLAIM()
    StartHelp 4
    Tell "The cell that holds REBATE_BOOK, named Rebates in the template."
    Tell "Claim ID as in the table Claims."
    Tell "Status (default), Claimed, Calculated, Approved, Paid, Reasons or Remedy."
    Tell "Distributor ID of who sent the claim; needed when two distributors use the same Claim ID."
    Register "REBATE_CLAIM", "How a claim stands: its status, amounts, reasons and what to do. Several lines sum their amounts " & _
        "and show the worst status."
End Sub

Private Sub Describe_REBATE_TABLE()
    StartHelp 5
    Tell "The cell that holds REBATE_BOOK, named Rebates in the template."
    Tell "Attainment, Accruals, Payable, Journal, Roll-Forward, Claims, Coach or Transactions."
    Tell "Program ID; all programs when omitted (of several currencies: the sum in Base Currency)."
    Tell "Distributor ID; all when omitted. Its own figure, or its share where a parent is measured."
    Tell "The day up to which to compute; the book's As Of when omitted."
    Register "REBATE_TABLE", "A result table with its header row, to spill over the cells below."
End Sub

Private Sub Describe_REBATE_EXPLAIN()
    StartHelp 5
    Tell "The cell that holds REBATE_BOOK, named Rebates in the template."
    Tell "Program ID."
    Tell "Distributor ID; a branch is shown the figure of the parent that is measured."
    Tell "Period such as 2026-Q1 or 2026, or a day in it; all that have begun when omitted."
    Tell "The day up to which to compute; the book's As Of when omitted."
    Register "REBATE_EXPLAIN", "How a figure came about: step, detail, quantity, rate and amount, to spill; the last row is what " & _
        "REBATE_EARNED gives."
End Sub

Private Sub Describe_REBATE_CHECK()
    StartHelp 1
    Tell "The cell that holds REBATE_BOOK, named Rebates in the template."
    Register "REBATE_CHECK", "Everything wrong with the book, to spill: severity, code, table, row, column, message and remedy."
End Sub

#End If

Private Sub StartHelp(ByVal arguments As Long)
    ReDim texts(0 To arguments)
    told = 0
End Sub

Private Sub Tell(ByVal text As String)
    told = told + 1
    texts(told) = text
End Sub

' Without arguments there is nothing to describe but the function itself; of others the first text stands at 1.
Private Sub Register(ByVal functionName As String, ByVal summary As String)
    Dim arguments() As Variant, place As Long, qualified As String
    qualified = "'" & ThisWorkbook.Name & "'!" & functionName
    If told = 0 Then
        Application.MacroOptions Macro:=qualified, Description:=summary, Category:="Rebates"
        Exit Sub
    End If
    ReDim arguments(1 To told)
    For place = 1 To told
        arguments(place) = texts(place)
    Next place
    Application.MacroOptions Macro:=qualified, Description:=summary, Category:="Rebates", ArgumentDescriptions:=arguments
End Sub
