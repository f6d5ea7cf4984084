"""Arguments that several verbs of the command line share.

What verbs do with them is written in the modules of the verbs.
"""

from typing import Annotated

from cyclopts import Parameter

From = Annotated[str | None, Parameter(name="--from", help="First month, YYYY-MM or YYYY-MM-01.")]
To = Annotated[str | None, Parameter(name="--to", help="Last month, YYYY-MM or YYYY-MM-01, included.")]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON instead of a table.")]
Model = Annotated[str, Parameter(help="The model, by its name or alias (model_1, model_2).")]
AnyModel = Annotated[str | None, Parameter(help="One model by its name or alias; all without.")]
Approver = Annotated[str, Parameter(help="Who answers for the decision.")]
Reason = Annotated[str, Parameter(help="Why, for those who read the audit log later.")]
