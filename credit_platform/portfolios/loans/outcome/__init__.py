"""How loans are paid: delinquency, the label, vintages, roll rates."""
