"""The Statlog German Credit data, as it comes in the R package caret, which Debian ships as r-cran-caret.

The package is fetched by its name through apt, only unpacked (R is not needed) and kept in a cache outside this folder.
"""

import os
import pathlib
import subprocess
import tempfile

import features

CACHE = pathlib.Path(os.environ.get("MDL_DEV_CACHE", "~/.cache/mdl-dev")).expanduser() / "data"
MEMBER = "./usr/lib/R/site-library/caret/data/GermanCredit.RData"

# Our names for the data's columns; choices are in the order of features.CHOICES.
NUMBERS = {
    "duration_months": "Duration",
    "amount": "Amount",
    "installment_rate": "InstallmentRatePercentage",
    "residence_years": "ResidenceDuration",
    "existing_credits": "NumberExistingCredits",
}
CHOICES = {
    "checking_account": ("CheckingAccountStatus", ["lt.0", "0.to.200", "gt.200", "none"]),
    "credit_history": ("CreditHistory", ["NoCredit.AllPaid", "ThisBank.AllPaid", "PaidDuly", "Delay", "Critical"]),
    "purpose": ("Purpose", ["NewCar", "UsedCar", "Furniture.Equipment", "Radio.Television", "DomesticAppliance", "Repairs",
                            "Education", "Retraining", "Business", "Other"]),
    "savings": ("SavingsAccountBonds", ["lt.100", "100.to.500", "500.to.1000", "gt.1000", "Unknown"]),
    "employment": ("EmploymentDuration", ["lt.1", "1.to.4", "4.to.7", "gt.7", "Unemployed"]),
    "other_debtors": ("OtherDebtorsGuarantors", ["None", "CoApplicant", "Guarantor"]),
    "property": ("Property", ["RealEstate", "Insurance", "CarOther", "Unknown"]),
    "other_installments": ("OtherInstallmentPlans", ["Bank", "Stores", "None"]),
    "housing": ("Housing", ["Rent", "Own", "ForFree"]),
    "job": ("Job", ["UnemployedUnskilled", "UnskilledResident", "SkilledEmployee", "Management.SelfEmp.HighlyQualified"]),
}


def fetch():
    """The path of GermanCredit.RData; downloads the package when the cache does not have it."""
    path = CACHE / "GermanCredit.RData"
    if path.exists():
        return path
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=", "download", "r-cran-caret"], cwd=folder, check=True)
        package = next(pathlib.Path(folder).glob("r-cran-caret_*.deb"))
        files = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE, check=True).stdout
        data = subprocess.run(["tar", "-xO", MEMBER], input=files, stdout=subprocess.PIPE, check=True).stdout
        part = pathlib.Path(folder) / "part"
        part.write_bytes(data)
        part.rename(path)
    return path


def load(path):
    """Applications, as a list of dicts, and for each whether it went bad (True) or was repaid."""
    import rdata

    table = rdata.read_rda(path)["GermanCredit"]
    if len(table) != 1000 or sum(table["Class"] == "Bad") != 300:
        raise SystemExit(f"{path} is not the German Credit data: {len(table)} rows")
    columns = {name: table[column].astype(int).tolist() for name, column in NUMBERS.items()}
    for name, (prefix, levels) in CHOICES.items():
        columns[name] = choices(table, prefix, levels, features.CHOICES[name])
    # In this package telephone is 1 for those without one of their own.
    columns["telephone"] = ["no" if value == 1 else "yes" for value in table["Telephone"]]
    applications = [dict(zip(columns, values)) for values in zip(*columns.values())]
    return applications, (table["Class"] == "Bad").tolist()


def choices(table, prefix, levels, names):
    """One column of names from the 0/1 columns `prefix.level`, exactly one of which is 1 in each row."""
    flags = [(table[f"{prefix}.{level}"] == 1).tolist() for level in levels]
    column = []
    for row in zip(*flags):
        if sum(row) != 1:
            raise SystemExit(f"{prefix}: a row with {sum(row)} values")
        column.append(names[row.index(True)])
    return column
