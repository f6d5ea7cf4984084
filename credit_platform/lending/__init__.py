"""What a loan is: months, loan snapshots, delinquency, the default label, vintages, roll rates. Pure."""
