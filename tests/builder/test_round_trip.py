"""Any machine: built, as a dict, and from its files, it is the same machine."""

from __future__ import annotations

import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statepipe import DataHandlingMode, Machine
from statepipe.api.assemble import Core
from statepipe.builder.portable import portable
from statepipe.builder.saved import saved_function
from statepipe.builder.source import NoSourceError
from statepipe.config.load import load_config
from statepipe.functions.moment import Moments
from statepipe.graph.build import config_hash
from statepipe.plan.interpret import interpret, own
from statepipe.record import Outcome
from statepipe.testing import TEST_RUN
from tests.codegen.authors import TRANSFORMS, VERDICTS
from tests.codegen.networks import records


def can_be_saved(code: Any) -> bool:
    try:
        return isinstance(code, str) or bool(saved_function(code))
    except NoSourceError:  # which ones are is tested beside this
        return False


transforms = st.sampled_from([each for each in TRANSFORMS if can_be_saved(each)])
verdicts = st.sampled_from([each for each in VERDICTS if can_be_saved(each)])
some = st.lists(transforms, max_size=2)
arcs = st.tuples(st.integers(0, 4), st.none() | verdicts, some, st.integers(-1, 1))
states = st.tuples(some, st.lists(verdicts, max_size=1), st.lists(arcs, max_size=3))
drafts = st.tuples(
    st.lists(states, min_size=1, max_size=4),
    st.sampled_from([None, *DataHandlingMode]),
    st.integers(1, 9),
    st.sampled_from(["main", "other"]),
)


def built(draft: Any) -> Machine:
    drafted, mode, limit, network = draft
    modes: Any = {} if mode is None else {"data_mode": mode}
    machine = Machine("random", main_network=network, max_transitions=limit, **modes)
    made = [
        machine.state(f"s{number}", is_start=number == 0, transforms=changes, validators=checks)
        for number, (changes, checks, _) in enumerate(drafted)
    ]
    made.append(machine.end("z"))
    for source, (_, _, leading_out) in zip(made, drafted, strict=False):
        for to, condition, changes, priority in leading_out:
            keys: Any = {} if condition is None else {"when": condition}
            source.to(made[to % len(made)], transforms=changes, priority=priority, **keys)
    return machine


def core_of(config: Any) -> Core:
    return Core(config, DataHandlingMode.COPY, None, None, None, True)


def facts(outcome: Outcome) -> list[Any]:
    error = outcome.error
    kept = [repr(outcome.data), outcome.path, outcome.final_state]
    return [*kept, error and (error.error_type, error.role, error.state, error.arc)]


def results(config: Any, given_records: list[Any]) -> list[Any]:
    plan = core_of(config).plan
    moments = Moments(TEST_RUN, lambda: range(len(given_records)))
    return [
        facts(interpret(plan, own(plan, record), moments.promise(index)))
        for index, record in enumerate(copy.deepcopy(given_records))
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drafts, st.lists(records, min_size=1, max_size=3))
def test_a_machine_and_its_files_do_the_same(draft: Any, some_records: list[Any]) -> None:
    machine = built(draft)
    with TemporaryDirectory() as folder:
        for name in ("flow.yaml", "flow.json"):
            machine.save(Path(folder) / name)
        files = [str(Path(folder) / name) for name in ("flow.yaml", "flow.json")]
        same = [machine, machine.config(), portable(machine), *files]

        machines = [core_of(config).machine for config in same]
        assert len({str(results(config, some_records)) for config in same}) == 1
        assert machines[0].fingerprint == machines[1].fingerprint
        assert machines[2].fingerprint == machines[3].fingerprint == machines[4].fingerprint
        assert machines[2].config_hash == machines[3].config_hash == machines[4].config_hash


@settings(max_examples=30, deadline=None)
@given(drafts)
def test_saved_code_is_the_machine_s_own_code(draft: Any) -> None:
    machine = built(draft)
    texts_only = all(isinstance(each, str) for each in functions_in(machine.config()))

    assert core_of(machine.config()).machine.config_hash == core_of(machine).machine.config_hash
    assert not texts_only or config_hash(load_config(portable(machine)).model) == config_hash(
        load_config(machine).model
    )


def functions_in(config: dict[str, Any]) -> list[Any]:
    [network] = config["networks"]
    found = [each for state in network["states"] for each in state.get("transforms", ())]
    found += [each for state in network["states"] for each in state.get("validators", ())]
    found += [each for arc in network.get("arcs", ()) for each in arc["transforms"]]
    return found + [arc["condition"] for arc in network.get("arcs", ()) if "condition" in arc]
