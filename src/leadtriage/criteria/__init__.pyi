from .fields import (
    LEAD_FIELDS as LEAD_FIELDS,
    MAPPING_ONLY_FIELDS as MAPPING_ONLY_FIELDS,
)
from .lint import CriteriaWarning as CriteriaWarning, lint_criteria as lint_criteria
from .loader import (
    digest_source as digest_source,
    example_criteria as example_criteria,
    example_text as example_text,
    load_criteria as load_criteria,
    read_criteria as read_criteria,
    read_source as read_source,
    starter_text as starter_text,
)
from .model import (
    AllOf as AllOf,
    AnyOf as AnyOf,
    Comparison as Comparison,
    Condition as Condition,
    Criteria as Criteria,
    Criterion as Criterion,
    DimensionRules as DimensionRules,
    FollowUp as FollowUp,
    Goal as Goal,
    Not as Not,
    Scalar as Scalar,
    TeamMember as TeamMember,
    Tier as Tier,
    find_comparisons as find_comparisons,
)
from .operators import FieldType as FieldType, Operand as Operand, Operator as Operator
from .parse.sections import WHOLE_TEAM as WHOLE_TEAM
from .parse.yaml import suggest as suggest
from .reference import render_schema as render_schema
