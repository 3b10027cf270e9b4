"""The commands of `python -m analysis` by name, and the views that `export` writes.

A command is a module whose docstring says what it does and whose `configure(parser)` declares its options and sets
`run`: a function from what was parsed to the exit status, or its address as "module:function". A view is a class of
`analysis.commands.views.view.View`. To add one, write its file and add its line here. These modules are imported for
`--help`, so none of them imports torch at its top; what `run` names may.
"""

COMMANDS = {
    "measure": "analysis.commands.measure",
    "export": "analysis.commands.export",
    "sweep": "analysis.commands.sweep",
    "report": "analysis.commands.report",
    "findings": "analysis.commands.findings",
    "superpixels": "analysis.commands.superpixels",
}
"""Module of each command."""

VIEWS = {
    "groupings": "analysis.commands.views.groupings:Groupings",
    "redundancy": "analysis.commands.views.redundancy:Redundancy",
    "rollout": "analysis.commands.views.rollout:RollOut",
    "faithfulness": "analysis.commands.views.faithfulness:FaithfulnessView",
    "receptive-field": "analysis.commands.views.receptive_field:ReceptiveFieldView",
    "what-if": "analysis.commands.views.what_if:WhatIf",
    "what-if-all": "analysis.commands.views.trials:TrialsView",
    "ablation": "analysis.commands.views.ablation:AblationView",
    "similarity": "analysis.commands.views.similarity:SimilarityView",
    "steps": "analysis.commands.views.steps:Steps",
    "cost": "analysis.commands.views.cost:Cost",
    "compare": "analysis.commands.views.compare:Compare",
    "dataset": "analysis.commands.views.dataset:Dataset",
    "figure-script": "analysis.commands.views.figure_script:FigureScript",
    "anchor": "analysis.commands.views.anchor:AnchorView",
    "head-maps": "analysis.commands.views.head_maps:HeadMapsView",
}
"""Class of each view."""
