"""Machine, Network and State: what a program calls to build a config."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, Unpack

from statepipe.builder.caller import line_of_caller
from statepipe.builder.keys import CANONICAL, ArcKeys, MachineKeys, StateKeys
from statepipe.builder.portable import portable
from statepipe.builder.writing import as_json, as_yaml, save
from statepipe.config.problems import suggestion
from statepipe.errors import ConfigError, Place, Problem, named_type

Keys = dict[str, Any]  # a part of a config


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A state or an arc as it goes into the config, and the line that built it."""

    keys: Keys
    built: str


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """A state of a network. Made by `state`, `start` or `end` of a machine or a network."""

    name: str
    network: Network = field(repr=False)
    is_end: bool
    built: str

    @property
    def entrance(self) -> str:
        """What a config calls this state where an arc leads through its network from here."""
        return f"{self.network.name}:{self.name}"

    def to(self, target: State, **keys: Unpack[ArcKeys]) -> State:
        """Add an arc from this state to `target`, and return `target`, so that `to` can follow.

        With `through`, it leads through another network on the way. Raises ConfigError for an
        arc that cannot be: out of an end state, or to a state of another network.
        """
        self.network.add_arc(self, target, checked(keys, ArcKeys, "an arc"))
        return target


class Network:
    """States and the arcs between them. Made by `Machine.network`."""

    def __init__(self, machine: Machine, name: str, index: int, built: str) -> None:
        self.machine = machine
        self.name = name
        self.built = built
        self._keys = f"networks[{index}]"
        self._states: dict[str, Part] = {}
        self._arcs: list[Part] = []
        self._start: State | None = None

    @property
    def entrance(self) -> str:
        """What a config calls this network where an arc leads through it from its start."""
        return self.name

    def state(self, name: str, **keys: Unpack[StateKeys]) -> State:
        """Add a state. Raises ConfigError for a name that is taken, or a second start state."""
        given = state_keys(name, checked(keys, StateKeys, "a state"))
        built, at = line_of_caller(), f"{self._keys}.states[{len(self._states)}]"
        if name in self._states:
            message = f"two states are called {name!r}"
            refuse(at, message, f"the other one: {self._states[name].built}; rename one of them")
        state = State(name, self, given.get("is_end") is True, built)
        if given.get("is_start") is True:
            self._enter_at(state, at)
        self._states[name] = Part(given, built)
        return state

    def start(self, name: str, **keys: Unpack[StateKeys]) -> State:
        """Add the state that records enter at."""
        keys["is_start"] = True
        return self.state(name, **keys)

    def end(self, name: str, **keys: Unpack[StateKeys]) -> State:
        """Add a state that records leave at."""
        keys["is_end"] = True
        return self.state(name, **keys)

    def _enter_at(self, state: State, at: str) -> None:
        if self._start is not None:
            first = self._start
            message = f"{state.name!r} is a second start state; {first.name!r} is one already"
            refuse(at, message, f"the first one: {first.built}; a network has one start state")
        self._start = state

    def add_arc(self, source: State, target: State, keys: Keys) -> None:
        """Add an arc between two states; what `State.to` calls."""
        at = f"{self._keys}.arcs[{len(self._arcs)}]"
        check_target(source, target, at)
        if source.is_end:
            message = f"an arc leaves the end state {source.name!r}"
            refuse(at, message, f"it was built at {source.built}; a record ends there")
        if "through" in keys:
            keys = keys | {"through": entrance_of(keys["through"], self, at)}
        said = {CANONICAL.get(key, key): value for key, value in keys.items()}
        ends = {"from": source.name, "to": target.name}
        self._arcs.append(Part(ends | said, line_of_caller()))

    def part(self) -> Keys:
        """Return the network as a part of the config. Raises ConfigError if it has no start."""
        if self._start is None:
            what = "start state" if self._states else "states"
            message = f"no {what} in the network {self.name!r}"
            place = Place(keys=self._keys, built=self.built)
            advice = "build one with `start(name)`"
            raise ConfigError([Problem(place, message, advice)])
        arcs = {"arcs": copied(self._arcs)} if self._arcs else {}
        return {"name": self.name, "states": copied(self._states.values()), **arcs}

    def origins(self) -> dict[str, str]:
        """Return where its parts were built, by their keys in the config."""
        found = {self._keys: self.built}
        for key, parts in (("states", self._states.values()), ("arcs", self._arcs)):
            found |= {
                f"{self._keys}.{key}[{number}]": part.built for number, part in enumerate(parts)
            }
        return found


class Machine:
    """A machine, built state by state. Stands wherever a config is wanted, as in `SimpleFSM(m)`.

    Its own `state`, `start` and `end` build the network that records enter, `main_network`.
    """

    def __init__(
        self, name: str = "machine", *, main_network: str = "main", **keys: Unpack[MachineKeys]
    ) -> None:
        self.name = name
        self._keys = checked(keys, MachineKeys, "a machine")
        self._built = line_of_caller()
        self._networks: list[Network] = []
        self.main = self.network(main_network)

    def network(self, name: str) -> Network:
        """Add a network. Raises ConfigError for a name that is taken."""
        index, built = len(self._networks), line_of_caller()
        for network in self._networks:
            if network.name == name:
                message = f"two networks are called {name!r}"
                advice = f"the other one: {network.built}; rename one of them"
                refuse(f"networks[{index}]", message, advice)
        self._networks.append(Network(self, name, index, built))
        return self._networks[-1]

    def state(self, name: str, **keys: Unpack[StateKeys]) -> State:
        """Add a state. Raises ConfigError for a name that is taken, or a second start state."""
        return self.main.state(name, **keys)

    def start(self, name: str, **keys: Unpack[StateKeys]) -> State:
        """Add the state that records enter at."""
        return self.main.start(name, **keys)

    def end(self, name: str, **keys: Unpack[StateKeys]) -> State:
        """Add a state that records leave at."""
        return self.main.end(name, **keys)

    def config(self) -> Keys:
        """Return the config as a dict in canonical form, callables inside. Raises ConfigError."""
        several = {"main_network": self.main.name} if len(self._networks) > 1 else {}
        networks = [network.part() for network in self._networks]
        return {"name": self.name, **self._keys, **several, "networks": networks}

    def origins(self) -> Mapping[str, str]:
        """Return where each part was built, by its keys in the config."""
        found = {"": self._built}
        for network in self._networks:
            found |= network.origins()
        return found

    def to_yaml(self) -> str:
        """Return the config as the text of a YAML file. Raises ConfigError as `save` does."""
        return as_yaml(portable(self))

    def to_json(self) -> str:
        """Return the config as the text of a JSON file. Raises ConfigError as `save` does."""
        return as_json(portable(self))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a `.yaml`, `.yml` or `.json` file that loads to the same machine.

        Functions become inline code, by their source, or references to their modules. Raises
        ConfigError with every one that cannot, and why; nothing is written then.
        """
        save(portable(self), path)

    def __repr__(self) -> str:
        return f"<machine {self.name!r}, {len(self._networks)} networks>"


def copied(parts: Iterable[Part]) -> list[Keys]:
    return [dict(part.keys) for part in parts]


def state_keys(name: str, said: Keys) -> Keys:
    """Return the keys of a state in the order in which one reads them."""
    keys: Keys = {"name": name}
    keys |= {key: said[key] for key in ("is_start", "is_end") if key in said}
    return keys | said


def refuse(keys: str, message: str, advice: str | None) -> NoReturn:
    """Raise the ConfigError for what the caller has just built wrong."""
    raise ConfigError([Problem(Place(keys=keys, built=line_of_caller()), message, advice)])


def checked(keys: Mapping[str, Any], known: type, noun: str) -> Keys:
    """Return `keys`; ConfigError for one that is none."""
    for key in keys:
        if key not in known.__annotations__:
            advice = suggestion(key, known.__annotations__)
            refuse("", f"unknown key {key!r} in {noun}", advice)
    return dict(keys)


def check_target(source: State, target: object, at: str) -> None:
    """Raise ConfigError for a target that is no state, or one of another network."""
    if not isinstance(target, State):
        message = f"an arc leads to a state, not to {named_type(target)}"
        refuse(at, message, "give what `state`, `start` or `end` returned")
    if target.network is source.network:
        return
    other, own = target.network, source.network
    same = other.machine is own.machine
    where = f"network, {other.name!r}" if same else f"machine, {other.machine.name!r}"
    message = f"{target.name!r} is a state of another {where}"
    refuse(at, message, f"it was built at {target.built}; arcs stay within a network")


def entrance_of(through: object, network: Network, at: str) -> str:
    """Return what a config calls `through`; ConfigError if it is no part of the same machine."""
    if not isinstance(through, State | Network):
        message = f"an arc leads through a network, not through {named_type(through)}"
        refuse(at, message, "give what `network` returned, or one of its states")
    entered = through if isinstance(through, Network) else through.network
    if entered.machine is not network.machine:
        message = f"{through.name!r} belongs to another machine, {entered.machine.name!r}"
        refuse(at, message, f"it was built at {through.built}; arcs stay within a machine")
    return through.entrance
