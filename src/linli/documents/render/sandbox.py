"""Where the marks of a Word template run: they can show fields, choose and repeat, and nothing that grows."""

from __future__ import annotations

import operator
from typing import Any

from jinja2 import ChainableUndefined, StrictUndefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

MOST_LOOPS_IN_EACH_OTHER = 3
FORBIDDEN = (
    *(nodes.Assign, nodes.AssignBlock, nodes.With, nodes.Macro, nodes.CallBlock),
    *(nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.FilterBlock),
)
KEPT_FILTERS = ("default", "first", "last", "length", "count", "join", "trim")


class Sandbox(ImmutableSandboxedEnvironment):
    """No attribute of Python, no method of a text, no arithmetic that fills the memory, no loop without an end."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self, filters: dict[str, Any], strict: bool, finalize: Any) -> None:
        undefined = StrictUndefined if strict else ChainableUndefined
        super().__init__(autoescape=True, undefined=undefined, finalize=finalize)
        self.filters = {name: self.filters[name] for name in KEPT_FILTERS} | filters
        self.globals.clear()

    def compile(self, source: Any, *options: Any, **named: Any) -> Any:
        tree = self.parse(source) if isinstance(source, str) else source
        _look_over(tree)
        return super().compile(tree, *options, **named)

    def call_binop(self, context: Any, operator_: str, left: Any, right: Any) -> Any:
        if operator_ != "*" or not all(isinstance(side, int) and abs(side) < 10**9 for side in (left, right)):
            raise SecurityError(operator_)
        return operator.mul(left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return not isinstance(obj, str | int | float) and super().is_safe_attribute(obj, attr, value)


def _look_over(node: nodes.Node, loops: int = 0) -> None:
    if isinstance(node, FORBIDDEN):
        raise SecurityError(type(node).__name__.lower())
    if isinstance(node, nodes.For):
        loops += 1
        if loops > MOST_LOOPS_IN_EACH_OTHER or node.recursive:
            raise SecurityError("for")
    for child in node.iter_child_nodes():
        _look_over(child, loops)
