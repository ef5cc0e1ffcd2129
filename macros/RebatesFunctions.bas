Attribute VB_Name = "RebatesFunctions"
Option Explicit
' Written from rebate_udfs/registry.py by: python -m rebate_udfs.hosts.build_xlam --write
' The functions that cells call. On a Mac they come from the web add-in, whose names these would cover.

#If Not Mac Then

Public Function REBATE_TIER(measure As Variant, tiers As Variant, Optional threshold As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_TIER = RebatesAnswer("REBATE_TIER", Array( _
        RebatesTaken(measure), RebatesTaken(tiers), RebatesTaken(threshold)))
    Exit Function
failed:
    REBATE_TIER = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_RATE(measure As Variant, tiers As Variant, Optional threshold As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_RATE = RebatesAnswer("REBATE_RATE", Array( _
        RebatesTaken(measure), RebatesTaken(tiers), RebatesTaken(threshold)))
    Exit Function
failed:
    REBATE_RATE = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_AMOUNT( _
    measure As Variant, tiers As Variant, Optional method As Variant, Optional reward As Variant, _
    Optional base As Variant, Optional threshold As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_AMOUNT = RebatesAnswer("REBATE_AMOUNT", Array( _
        RebatesTaken(measure), RebatesTaken(tiers), RebatesTaken(method), RebatesTaken(reward), RebatesTaken(base), _
        RebatesTaken(threshold)))
    Exit Function
failed:
    REBATE_AMOUNT = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_EFFECTIVE_RATE( _
    measure As Variant, tiers As Variant, Optional method As Variant, Optional reward As Variant, _
    Optional base As Variant, Optional threshold As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_EFFECTIVE_RATE = RebatesAnswer("REBATE_EFFECTIVE_RATE", Array( _
        RebatesTaken(measure), RebatesTaken(tiers), RebatesTaken(method), RebatesTaken(reward), RebatesTaken(base), _
        RebatesTaken(threshold)))
    Exit Function
failed:
    REBATE_EFFECTIVE_RATE = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_TO_NEXT_TIER(measure As Variant, tiers As Variant, Optional threshold As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_TO_NEXT_TIER = RebatesAnswer("REBATE_TO_NEXT_TIER", Array( _
        RebatesTaken(measure), RebatesTaken(tiers), RebatesTaken(threshold)))
    Exit Function
failed:
    REBATE_TO_NEXT_TIER = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_NEXT_TIER_VALUE( _
    measure As Variant, tiers As Variant, Optional method As Variant, Optional reward As Variant, _
    Optional base As Variant, Optional threshold As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_NEXT_TIER_VALUE = RebatesAnswer("REBATE_NEXT_TIER_VALUE", Array( _
        RebatesTaken(measure), RebatesTaken(tiers), RebatesTaken(method), RebatesTaken(reward), RebatesTaken(base), _
        RebatesTaken(threshold)))
    Exit Function
failed:
    REBATE_NEXT_TIER_VALUE = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_GROWTH( _
    current As Variant, baseline As Variant, tiers As Variant, Optional reward_on As Variant, _
    Optional method As Variant, Optional threshold As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_GROWTH = RebatesAnswer("REBATE_GROWTH", Array( _
        RebatesTaken(current), RebatesTaken(baseline), RebatesTaken(tiers), RebatesTaken(reward_on), _
        RebatesTaken(method), RebatesTaken(threshold)))
    Exit Function
failed:
    REBATE_GROWTH = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_MIX( _
    focus As Variant, total As Variant, tiers As Variant, Optional base As Variant, Optional threshold As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_MIX = RebatesAnswer("REBATE_MIX", Array( _
        RebatesTaken(focus), RebatesTaken(total), RebatesTaken(tiers), RebatesTaken(base), RebatesTaken(threshold)))
    Exit Function
failed:
    REBATE_MIX = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_MDF(cost As Variant, participation As Variant, available As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_MDF = RebatesAnswer("REBATE_MDF", Array( _
        RebatesTaken(cost), RebatesTaken(participation), RebatesTaken(available)))
    Exit Function
failed:
    REBATE_MDF = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_SHIP_DEBIT( _
    quantity As Variant, cost As Variant, terms As Variant, Optional mode As Variant, Optional sell_price As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_SHIP_DEBIT = RebatesAnswer("REBATE_SHIP_DEBIT", Array( _
        RebatesTaken(quantity), RebatesTaken(cost), RebatesTaken(terms), RebatesTaken(mode), RebatesTaken(sell_price)))
    Exit Function
failed:
    REBATE_SHIP_DEBIT = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_ACCRUE( _
    base_to_date As Variant, forecast As Variant, tiers As Variant, Optional method As Variant, _
    Optional reward As Variant, Optional recognised As Variant, Optional forecast_base As Variant, _
    Optional threshold As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_ACCRUE = RebatesAnswer("REBATE_ACCRUE", Array( _
        RebatesTaken(base_to_date), RebatesTaken(forecast), RebatesTaken(tiers), RebatesTaken(method), _
        RebatesTaken(reward), RebatesTaken(recognised), RebatesTaken(forecast_base), RebatesTaken(threshold)))
    Exit Function
failed:
    REBATE_ACCRUE = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_EXPECTED( _
    base_to_date As Variant, forecasts As Variant, probabilities As Variant, tiers As Variant, _
    Optional method As Variant, Optional reward As Variant, Optional recognised As Variant, _
    Optional threshold As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_EXPECTED = RebatesAnswer("REBATE_EXPECTED", Array( _
        RebatesTaken(base_to_date), RebatesTaken(forecasts), RebatesTaken(probabilities), RebatesTaken(tiers), _
        RebatesTaken(method), RebatesTaken(reward), RebatesTaken(recognised), RebatesTaken(threshold)))
    Exit Function
failed:
    REBATE_EXPECTED = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_ALLOCATE(total As Variant, weights As Variant, Optional places As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_ALLOCATE = RebatesAnswer("REBATE_ALLOCATE", Array( _
        RebatesTaken(total), RebatesTaken(weights), RebatesTaken(places)))
    Exit Function
failed:
    REBATE_ALLOCATE = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_VERSION() As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_VERSION = RebatesAnswer("REBATE_VERSION", Array())
    Exit Function
failed:
    REBATE_VERSION = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_BOOK( _
    programs As Variant, tiers As Variant, distributors As Variant, products As Variant, transactions As Variant, _
    Optional enrollments As Variant, Optional scopes As Variant, Optional settings As Variant, _
    Optional baselines As Variant, Optional forecasts As Variant, Optional exchange_rates As Variant, _
    Optional claims As Variant, Optional payments As Variant, Optional disputes As Variant, _
    Optional ledger As Variant, Optional special_prices As Variant, Optional adjustments As Variant, _
    Optional accounts As Variant, Optional control_totals As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_BOOK = RebatesAnswer("REBATE_BOOK", Array( _
        RebatesTaken(programs), RebatesTaken(tiers), RebatesTaken(distributors), RebatesTaken(products), _
        RebatesTaken(transactions), RebatesTaken(enrollments), RebatesTaken(scopes), RebatesTaken(settings), _
        RebatesTaken(baselines), RebatesTaken(forecasts), RebatesTaken(exchange_rates), RebatesTaken(claims), _
        RebatesTaken(payments), RebatesTaken(disputes), RebatesTaken(ledger), RebatesTaken(special_prices), _
        RebatesTaken(adjustments), RebatesTaken(accounts), RebatesTaken(control_totals)))
    Exit Function
failed:
    REBATE_BOOK = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_ACCRUAL( _
    book As Variant, Optional program As Variant, Optional distributor As Variant, Optional as_of As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_ACCRUAL = RebatesAnswer("REBATE_ACCRUAL", Array( _
        RebatesTaken(book), RebatesTaken(program), RebatesTaken(distributor), RebatesTaken(as_of)))
    Exit Function
failed:
    REBATE_ACCRUAL = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_EARNED( _
    book As Variant, Optional program As Variant, Optional distributor As Variant, Optional period As Variant, _
    Optional as_of As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_EARNED = RebatesAnswer("REBATE_EARNED", Array( _
        RebatesTaken(book), RebatesTaken(program), RebatesTaken(distributor), RebatesTaken(period), _
        RebatesTaken(as_of)))
    Exit Function
failed:
    REBATE_EARNED = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_ATTAINMENT( _
    book As Variant, program As Variant, distributor As Variant, Optional as_of As Variant, Optional show As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_ATTAINMENT = RebatesAnswer("REBATE_ATTAINMENT", Array( _
        RebatesTaken(book), RebatesTaken(program), RebatesTaken(distributor), RebatesTaken(as_of), RebatesTaken(show)))
    Exit Function
failed:
    REBATE_ATTAINMENT = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_PAYABLE( _
    book As Variant, Optional program As Variant, Optional distributor As Variant, Optional as_of As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_PAYABLE = RebatesAnswer("REBATE_PAYABLE", Array( _
        RebatesTaken(book), RebatesTaken(program), RebatesTaken(distributor), RebatesTaken(as_of)))
    Exit Function
failed:
    REBATE_PAYABLE = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_CLAIM( _
    book As Variant, claim_id As Variant, Optional show As Variant, Optional distributor As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_CLAIM = RebatesAnswer("REBATE_CLAIM", Array( _
        RebatesTaken(book), RebatesTaken(claim_id), RebatesTaken(show), RebatesTaken(distributor)))
    Exit Function
failed:
    REBATE_CLAIM = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_TABLE( _
    book As Variant, name As Variant, Optional program As Variant, Optional distributor As Variant, _
    Optional as_of As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_TABLE = RebatesAnswer("REBATE_TABLE", Array( _
        RebatesTaken(book), RebatesTaken(name), RebatesTaken(program), RebatesTaken(distributor), RebatesTaken(as_of)))
    Exit Function
failed:
    REBATE_TABLE = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_EXPLAIN( _
    book As Variant, program As Variant, distributor As Variant, Optional period As Variant, Optional as_of As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_EXPLAIN = RebatesAnswer("REBATE_EXPLAIN", Array( _
        RebatesTaken(book), RebatesTaken(program), RebatesTaken(distributor), RebatesTaken(period), _
        RebatesTaken(as_of)))
    Exit Function
failed:
    REBATE_EXPLAIN = RebatesFailed("", Err.Description)
End Function

Public Function REBATE_CHECK(book As Variant) As Variant
    On Error GoTo failed
    If RebatesInWizard() Then Exit Function
    REBATE_CHECK = RebatesAnswer("REBATE_CHECK", Array(RebatesTaken(book)))
    Exit Function
failed:
    REBATE_CHECK = RebatesFailed("", Err.Description)
End Function

#End If
