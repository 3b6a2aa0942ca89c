"""Other spellings of a config, turned into the one canonical form. Nothing else knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from statepipe.config.cases import normalized_cases
from statepipe.config.handlers import with_handlers
from statepipe.config.keys import add_double, canonical_keys
from statepipe.config.problems import Problems, failure, suggestion
from statepipe.config.pushes import with_return
from statepipe.config.spellings import (
    ARC,
    DATA_MODE,
    FUNCTION_LISTS,
    FUNCTIONS,
    NETWORK,
    SIMPLE,
    STATE,
    STATE_ARC,
    TOP,
    Level,
)
from statepipe.config.tree import Entry, ListNode, MapNode, Node, Scalar, Spot, is_broken
from statepipe.errors import ConfigError

_WHOLE = ("states", "networks")


def normalized(root: Node, problems: Problems) -> MapNode:
    """Return the canonical tree of a config as written.

    Unknown keys, keys that are refused so far, and double spellings are added to `problems`
    and left out. Raises ConfigError where there is no network at all.
    """
    if is_broken(root):
        raise ConfigError(problems.found)
    if not isinstance(root, MapNode):
        raise failure(root.at, "a config must be a mapping", "begin with name: and states:")
    top = canonical_keys(TOP, root, problems)
    simple = [entry for entry in top.entries if entry.key in SIMPLE]
    others = tuple(entry for entry in top.entries if entry.key not in SIMPLE)
    if simple and top.entry("networks"):
        message = f"'{simple[0].written}' stands beside 'networks'"
        advice = "give networks, or the states and arcs of one network called main"
        problems.add(simple[0].at, message, advice)
    elif simple:
        others = (*others, _main_network(root.at, simple))
    elif any(is_broken(entry.value) for entry in root.entries if entry.key in _WHOLE):
        raise ConfigError(problems.found)
    elif top.entry("networks") is None:
        missing = failure(root.at, "the config has no states", "give states and arcs, or networks")
        raise ConfigError([*problems.found, *missing.problems])
    entries = tuple(_top_entry(entry, problems) for entry in others)
    return MapNode(entries, root.at)


def _main_network(at: Spot, simple: list[Entry]) -> Entry:
    name = _synthetic("name", Scalar("main", at))
    network = MapNode((name, *simple), at)
    return _synthetic("networks", ListNode((network,), at))


def _synthetic(key: str, value: Node) -> Entry:
    return Entry(key, value, value.at, key)


def _top_entry(entry: Entry, problems: Problems) -> Entry:
    match entry.key, entry.value:
        case "networks", ListNode() as networks:
            items = tuple(_network(item, problems) for item in networks.items)
            return replace(entry, value=replace(networks, items=items))
        case "tests", ListNode() as tests:
            return replace(entry, value=normalized_cases(tests, problems))
        case "data_mode", MapNode() as modes:
            return replace(entry, value=canonical_keys(DATA_MODE, modes, problems))
        case "data_mode", mode:
            return replace(entry, value=MapNode((replace(entry, key="default"),), mode.at))
        case "version", Scalar(value=int() | float() as number) if not isinstance(number, bool):
            return replace(entry, value=_number_as_text(entry.value))
    return entry


def _number_as_text(node: Scalar) -> Scalar:
    """Return the number as it was written: `1.10` is not 1.1 for a version."""
    return replace(node, value=node.source.text if node.source is not None else str(node.value))


def _network(node: Node, problems: Problems) -> Node:
    if not isinstance(node, MapNode):
        return node
    network = canonical_keys(NETWORK, node, problems)
    inner_arcs: list[Node] = []
    entries, arcs = [], None
    for entry in network.entries:
        if entry.key == "states":
            states = _states(entry.value, inner_arcs, problems)
            entries.append(replace(entry, value=states))
        elif entry.key == "arcs":
            arcs = replace(entry, value=_arcs(entry.value, problems))
        else:
            entries.append(entry)
    return replace(network, entries=(*entries, *_all_arcs(network.at, inner_arcs, arcs)))


def _all_arcs(at: Spot, inner: list[Node], outer: Entry | None) -> tuple[Entry, ...]:
    if outer is not None and isinstance(outer.value, ListNode):
        items = (*inner, *outer.value.items)
        return (replace(outer, value=replace(outer.value, items=items)),)
    if outer is not None:
        return (outer,)
    return (_synthetic("arcs", ListNode(tuple(inner), at)),) if inner else ()


def _states(node: Node, arcs: list[Node], problems: Problems) -> Node:
    if isinstance(node, MapNode):
        named = tuple(_named_state(entry, problems) for entry in node.entries)
        node = ListNode(named, node.at)
    if not isinstance(node, ListNode):
        return node
    return replace(node, items=tuple(_state(item, arcs, problems) for item in node.items))


def _named_state(entry: Entry, problems: Problems) -> MapNode:
    """Return the state of an entry in a mapping of states. No value: a state with no keys."""
    value = entry.value
    if not isinstance(value, MapNode):
        if not isinstance(value, Scalar) or value.value is not None:
            message = f"the state '{entry.key}' must be a mapping"
            problems.add(value.at, message, "as in  done: {is_end: true}")
        value = MapNode((), entry.at)
    name = Entry("name", Scalar(entry.key, entry.at), entry.at, entry.key)
    given = value.entry("name")
    if given is not None and _text(given.value) != entry.key:
        message = f"the state '{entry.key}' has another name inside"
        problems.add(given.at, message, "remove the inner name")
    others = tuple(child for child in value.entries if child.key != "name")
    return replace(value, entries=(name, *others))


def _text(node: Node | None) -> str | None:
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else None


def _state(node: Node, arcs: list[Node], problems: Problems) -> Node:
    """Return the canonical state; the arcs inside it go to the end of `arcs`."""
    if not isinstance(node, MapNode):
        return node
    state = canonical_keys(STATE, node, problems)
    entries: dict[str, Entry] = {}
    for entry in state.entries:
        if entry.key == "arcs":
            arcs += _inner_arcs(state.get("name"), entry.value, problems)
        elif entry.key == "functions" and isinstance(entry.value, MapNode):
            for function in canonical_keys(FUNCTIONS, entry.value, problems).entries:
                _put(entries, replace(function, written=f"functions.{function.written}"), problems)
        elif entry.key == "functions":
            problems.add(entry.value.at, "'functions' must be a mapping", "as in  transform: ...")
        else:
            _put(entries, entry, problems)
    handled = with_handlers(entries, problems)
    return replace(state, entries=tuple(_function_lists(handled)))


def _put(entries: dict[str, Entry], entry: Entry, problems: Problems) -> None:
    if entry.key in entries:
        add_double(entries[entry.key].written, entry, problems)
    else:
        entries[entry.key] = entry


def _function_lists(entries: Mapping[str, Entry]) -> list[Entry]:
    return [
        replace(entry, value=_functions(entry.value)) if entry.key in FUNCTION_LISTS else entry
        for entry in entries.values()
    ]


def _functions(node: Node) -> ListNode:
    """Return one function or a list of them as a list."""
    items = node.items if isinstance(node, ListNode) else (node,)
    return ListNode(tuple(_function(item) for item in items), node.at)


def _function(node: Node) -> Node:
    """Return the function with its code marked as code."""
    match node:
        case Scalar(value=str()):
            return replace(node, is_code=True)
        case MapNode():
            return replace(node, entries=tuple(_marked_code(entry) for entry in node.entries))
    return node


def _marked_code(entry: Entry) -> Entry:
    if entry.key == "code" and isinstance(entry.value, Scalar):
        return replace(entry, value=replace(entry.value, is_code=True))
    return entry


def _inner_arcs(state: Node | None, node: Node, problems: Problems) -> list[Node]:
    """Return the arcs of the state called `state`, each with its `from`."""
    if not isinstance(node, ListNode):
        problems.add(node.at, "'arcs' must be a list", "as in  arcs: [{target: done}]")
        return []
    found = [_arc(STATE_ARC, item, problems) for item in node.items]
    if _text(state) is None or not isinstance(state, Scalar):
        return []  # the state has no name, which is told where it is missing
    return [
        replace(arc, entries=(_synthetic("from", replace(state, at=arc.at)), *arc.entries))
        if isinstance(arc, MapNode)
        else arc
        for arc in found
    ]


def _arcs(node: Node, problems: Problems) -> Node:
    if not isinstance(node, ListNode):
        return node
    return replace(node, items=tuple(_arc(ARC, item, problems) for item in node.items))


def _arc(level: Level, node: Node, problems: Problems) -> Node:
    if not isinstance(node, MapNode):
        return node
    arc = with_return(canonical_keys(level, node, problems), problems)
    if level is STATE_ARC and arc.entry("to") is None and not problems.is_noted(arc.at, "to"):
        problems.add(arc.at, "'target' is missing", "add  target: ...")
        problems.note(arc.at, "to")
    return replace(
        arc, entries=tuple(replace(entry, value=_arc_value(entry)) for entry in arc.entries)
    )


def _arc_value(entry: Entry) -> Node:
    if entry.key == "transforms":
        return _functions(entry.value)
    return _function(entry.value) if entry.key == "condition" else entry.value


def with_start_marked(root: Node, problems: Problems) -> Node:
    """Return the canonical tree with `initial_state` turned into `is_start` of that state.

    To be called when the names are final, variables replaced.
    """
    networks = root.entry("networks") if isinstance(root, MapNode) else None
    if networks is None or not isinstance(networks.value, ListNode):
        return root
    items = tuple(_start_marked(item, problems) for item in networks.value.items)
    marked = replace(networks, value=replace(networks.value, items=items))
    others = (marked if entry is networks else entry for entry in _entries(root))
    return MapNode(tuple(others), root.at)


def _entries(node: Node) -> tuple[Entry, ...]:
    return node.entries if isinstance(node, MapNode) else ()


def _start_marked(network: Node, problems: Problems) -> Node:
    initial = network.entry("initial_state") if isinstance(network, MapNode) else None
    if initial is None or not isinstance(network, MapNode):
        return network
    states = network.get("states")
    items = states.items if isinstance(states, ListNode) else ()
    names = [_text(item.get("name")) for item in items if isinstance(item, MapNode)]
    if _text(initial.value) not in names or _text(initial.value) is None:
        message = f"'{initial.written}' names no state"
        advice = suggestion(str(_text(initial.value)), [name for name in names if name])
        problems.add(initial.value.at, message, advice)
        problems.note(network.at, "initial_state")
    marked = tuple(_marked_if(item, initial, problems) for item in items)
    entries = tuple(
        replace(entry, value=replace(states, items=marked))
        if entry.key == "states" and isinstance(states, ListNode)
        else entry
        for entry in network.entries
        if entry is not initial
    )
    return replace(network, entries=entries)


def _marked_if(state: Node, initial: Entry, problems: Problems) -> Node:
    if not isinstance(state, MapNode) or _text(state.get("name")) != _text(initial.value):
        return state
    given = state.entry("is_start")
    if given is None:
        start = Entry("is_start", Scalar(True, initial.value.at), initial.at, initial.written)
        return replace(state, entries=(*state.entries, start))
    if isinstance(given.value, Scalar) and given.value.value is False:
        message = f"'{given.written}' is false, but 'initial_state' names this state"
        problems.add(given.value.at, message, "remove one of them")
    return state
