"""What a loan application consists of: shared by training and serving, so that they cannot differ.

Left out on purpose: sex and marital status, age, nationality and the number of dependents. The data has them; the model does
as well without them (10-fold AUC 0.784 either way), and a lender may not decide by them.
"""

# Number fields: lowest and highest value in the data.
NUMBERS = {
    "duration_months": (4, 72),
    "amount": (250, 18424),  # Deutsche Mark
    "installment_rate": (1, 4),  # share of disposable income: 1 under 20 %, 2 to 25 %, 3 to 35 %, 4 over
    "residence_years": (1, 4),  # 4: four or more
    "existing_credits": (1, 4),
}

# Choice fields: the values that an application may have.
CHOICES = {
    "checking_account": ["negative", "0 to 200", "over 200", "none"],
    "credit_history": ["no credit", "all paid here", "paid duly", "delays", "critical"],
    "purpose": ["new car", "used car", "furniture", "radio or television", "appliance", "repairs", "education",
                "retraining", "business", "other"],
    "savings": ["under 100", "100 to 500", "500 to 1000", "over 1000", "unknown"],
    "employment": ["under 1 year", "1 to 4 years", "4 to 7 years", "over 7 years", "unemployed"],
    "other_debtors": ["none", "co-applicant", "guarantor"],
    "property": ["real estate", "insurance", "car or other", "unknown"],
    "other_installments": ["bank", "stores", "none"],
    "housing": ["rent", "own", "free"],
    "job": ["unskilled non-resident", "unskilled resident", "skilled", "management"],
    "telephone": ["yes", "no"],
}

FIELDS = [*CHOICES, *NUMBERS]
OPTIONAL = ["application"]  # the application's own number, for the log


def problems(application):
    """Everything that is wrong with an application, each as one sentence; empty when it can be scored."""
    if not isinstance(application, dict):
        return ["the body must be a JSON object with the fields of one application"]
    found = [f"missing field '{name}'" for name in FIELDS if name not in application]
    found += [f"unknown field '{name}'" for name in application if name not in FIELDS and name not in OPTIONAL]
    for name, allowed in CHOICES.items():
        if name in application and application[name] not in allowed:
            found.append(f"{name} must be one of: {', '.join(allowed)}")
    for name, (low, high) in NUMBERS.items():
        if name in application and not is_number(application[name], low, high):
            found.append(f"{name} must be a number from {low} to {high}")
    return found


def is_number(value, low, high):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high


def row(application):
    """The application as the model takes it: choices, then numbers."""
    return [application[name] for name in FIELDS]
