"""Print the table of all cases."""

from rich.console import Console
from rich.table import Table

from credit_platform_tests.field_faults.catalogue import cases

table = Table("case", "what is delivered or done", "what is right", "test", show_lines=True)
for one in cases():
    table.add_row(one.name, one.given, one.right, one.test)
Console().print(table)
